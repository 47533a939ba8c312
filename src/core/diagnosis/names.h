/* SPDX-License-Identifier: MIT */
/*
 * Names of objects, by their addresses, in a table on the side: objects have no room for them, and need no
 * end.
 *
 * The registry's guard protects the table, so that a dump sees threads and names at once, and fork needs no
 * guard more.
 */
#ifndef TI_NAMES_H
#define TI_NAMES_H

#include <stddef.h>

#if !defined(THREADING_NO_DIAGNOSIS)

/* Under the registry's guard: the name of an object; NULL: it has none. */
const char *ti_names_find(const void *object);

/* The same as threading_object_name(), under the guard. */
size_t ti_names_copy(const void *object, char *buffer, size_t size);

/* When no thread is known: no object has a name. */
void ti_names_forget(void);
#else
#define ti_names_forget() ((void)0)
#endif

#endif
