/* SPDX-License-Identifier: MIT */
#ifndef TI_DUMP_H
#define TI_DUMP_H

#include "look.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* In a forked child: no dump is under way. */
void ti_dump_reset(void);

/* What it is that an object is waited for: ", to read"; "": the object says it. */
const char *ti_dump_purpose(ti_on on);

#else
#define ti_dump_reset() ((void)0)
#endif

#endif
