/* SPDX-License-Identifier: MIT */
#ifndef TI_DUMP_H
#define TI_DUMP_H

#include "look.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* In a forked child: no dump is under way. */
void ti_dump_reset(void);

/* "who": name and ident, as all texts of the diagnosis give a thread. */
void ti_dump_thread_name(ti_text *text, const char *name, uint32_t ident);

/* An object: its kind, its name if it has one, its address. */
void ti_dump_object(ti_text *text, const char *kind, const char *name, const void *object);

/* What it is that an object is waited for: ", to read"; "": the object says it. */
const char *ti_dump_purpose(ti_on on);

#else
#define ti_dump_reset() ((void)0)
#endif

#endif
