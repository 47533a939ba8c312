/* SPDX-License-Identifier: MIT */
/* What code an address is in. */
#include "posix_system.h"

#include <string.h>

#include "atomic.h"

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

TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    return ti_posix_look_up != NULL && ti_posix_look_up(address, found) != 0;
}

#elif defined(__EMSCRIPTEN__)

/* A function is a number there, and where it is called from cannot be told. */
TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    (void)address;
    (void)found;
    return false;
}

#else

#include <dlfcn.h>

TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    Dl_info info;
    bool is_found = dladdr((void *)(uintptr_t)address, &info) != 0;
    if (is_found)
        *found = (ti_posix_address){info.dli_fname, info.dli_fbase, info.dli_sname, info.dli_saddr};
    return is_found;
}

#endif

/* The name of a file without its folders. */
TI_COLD TI_NOINLINE static const char *ti_posix_base_name(const char *path)
{
    const char *name = path;
    for (; path != NULL && *path != '\0'; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

TI_COLD bool ti_port_symbol(const void *address, ti_symbol *symbol)
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

/* ---- callers ---- */

#define TI_POSIX_FRAMES 16 /* more than this library's own calls and the callers that are wanted */

#if defined(__GLIBC__)

static int ti_posix_backtrace(void **frames, int most) __attribute__((weakref("backtrace")));

/* A program may have a function of that name: only the C library's is called. */
TI_COLD static bool ti_posix_look_for_backtrace(void)
{
    ti_posix_address found;
    return ti_posix_backtrace != NULL && ti_posix_find((const void *)(uintptr_t)ti_posix_backtrace, &found) &&
           strncmp(ti_posix_base_name(found.object), "libc.", 5) == 0;
}

#elif defined(__APPLE__)

#include <execinfo.h>

#define ti_posix_backtrace backtrace
#define ti_posix_look_for_backtrace() true

#else

#define ti_posix_backtrace(frames, most) ((void)(frames), 0)
#define ti_posix_look_for_backtrace() false

#endif

TI_COLD static bool ti_posix_has_backtrace(void)
{
    enum { NOT_KNOWN, MISSING, FOUND };
    static uint32_t state;
    if (ti_load_relaxed(&state) == NOT_KNOWN) /* relaxed: all who look find the same */
        ti_store_relaxed(&state, ti_posix_look_for_backtrace() ? FOUND : MISSING);
    return ti_load_relaxed(&state) == FOUND;
}

TI_COLD static size_t ti_posix_pick_callers(const void *caller, const void **callers, size_t most)
{
    void *frames[TI_POSIX_FRAMES];
    /* It is there: ti_posix_has_backtrace. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    int count = ti_posix_backtrace(frames, TI_POSIX_FRAMES);
    size_t found = 0;
    for (int i = 0; i < count && found < most; i++)
        if (found > 0 || frames[i] == caller)
            callers[found++] = frames[i];
    return found;
}

/* glibc's first backtrace loads a library, and so calls malloc, which may be a user's and take a Lock. */
TI_COLD size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    static _Thread_local bool is_within;
    if (is_within || !ti_posix_has_backtrace())
        return 0;
    is_within = true;
    ti_port_errors errors = ti_port_errors_keep();
    size_t found = ti_posix_pick_callers(caller, callers, most);
    ti_port_errors_restore(errors);
    is_within = false;
    return found;
}

#endif
