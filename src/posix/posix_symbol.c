/* SPDX-License-Identifier: MIT */
/* What code an address is in. */
#include "posix_system.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* What dladdr tells; Linux declares that for _GNU_SOURCE only. */
typedef struct ti_posix_address {
    const char *object;
    void *object_begins;
    const char *function;
    void *function_begins;
} ti_posix_address;

#if defined(__linux__)

/* Weak, as the functions in posix_home.c: nobody has to link an old glibc's libdl for it. */
static int ti_posix_look_up(const void *address, ti_posix_address *found) __attribute__((weakref("dladdr")));

static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    return ti_posix_look_up != NULL && ti_posix_look_up(address, found) != 0;
}

#else

#include <dlfcn.h>

static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    Dl_info info;
    bool is_found = dladdr((void *)(uintptr_t)address, &info) != 0;
    if (is_found)
        *found = (ti_posix_address){info.dli_fname, info.dli_fbase, info.dli_sname, info.dli_saddr};
    return is_found;
}

#endif

/* The name of a file without its folders. */
static const char *ti_posix_base_name(const char *path)
{
    const char *name = path;
    for (; path != NULL && *path != '\0'; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    ti_posix_address found;
    if (!ti_posix_find(address, &found))
        return false;
    symbol->function = found.function;
    symbol->in_function = (uintptr_t)address - (uintptr_t)found.function_begins;
    symbol->object = ti_posix_base_name(found.object);
    symbol->in_object = (uintptr_t)address - (uintptr_t)found.object_begins;
    return true;
}

#endif
