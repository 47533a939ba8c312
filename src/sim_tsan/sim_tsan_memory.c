/* SPDX-License-Identifier: MIT */
/*
 * The C library's calls that touch memory, and those that take it and give it back. Newer Clang gives the
 * first a name of their own; else the linker turns the program's calls over to what is here, by the option
 * --wrap that the CMake target threading::sim_tsan brings along. Without that option they are not watched,
 * and memory that is taken anew may have a race told with what it was before.
 *
 * The option holds for all that is linked, the library itself included: so only calls that a watched function
 * makes are accesses.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "sim_tsan.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* What the linker calls the C library's own; missing where it was not given the option. */
#define TI_REAL __attribute__((weak))

/* ---- copies ---- */

TI_REAL void *__real_memmove(void *to, const void *from, size_t size);
TI_REAL void *__real_memset(void *to, int byte, size_t size);

static void *ti_move(void *to, const void *from, size_t size)
{
    return __real_memmove != NULL ? __real_memmove(to, from, size) : memmove(to, from, size);
}

static void *ti_set(void *to, int byte, size_t size)
{
    return __real_memset != NULL ? __real_memset(to, byte, size) : memset(to, byte, size);
}

static void ti_tell_move(void *to, const void *from, size_t size, const void *code)
{
    ti_tsan_access("read", from, size, false, code);
    ti_tsan_access("write", to, size, true, code);
}

static bool ti_is_call_of_watched(uintptr_t stack)
{
    return ti_sim_self() != NULL && ti_tsan_is_watched(stack);
}

#define TI_MOVE(name)                                             \
    void *__tsan_##name(void *to, const void *from, size_t size); \
    void *__wrap_##name(void *to, const void *from, size_t size); \
    void *__tsan_##name(void *to, const void *from, size_t size)  \
    {                                                             \
        ti_tell_move(to, from, size, TI_CODE());                  \
        return ti_move(to, from, size);                           \
    }                                                             \
    void *__wrap_##name(void *to, const void *from, size_t size)  \
    {                                                             \
        if (ti_is_call_of_watched(TI_CALLERS_STACK()))            \
            ti_tell_move(to, from, size, TI_CODE());              \
        return ti_move(to, from, size);                           \
    }

TI_MOVE(memcpy)
TI_MOVE(memmove)

void *__tsan_memset(void *to, int byte, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);

void *__tsan_memset(void *to, int byte, size_t size)
{
    ti_tsan_access("write", to, size, true, TI_CODE());
    return ti_set(to, byte, size);
}

void *__wrap_memset(void *to, int byte, size_t size)
{
    if (ti_is_call_of_watched(TI_CALLERS_STACK()))
        ti_tsan_access("write", to, size, true, TI_CODE());
    return ti_set(to, byte, size);
}

/* ---- memory ---- */

static void *ti_taken(void *memory)
{
    if (ti_sim_self() != NULL && memory != NULL)
        ti_sim_data_new(memory, malloc_usable_size(memory));
    return memory;
}

static void ti_given_back(void *memory, const void *code)
{
    const ti_sim_thread *self = ti_sim_self();
    if (self != NULL && memory != NULL)
        ti_sim_data_freed(self, memory, malloc_usable_size(memory), code);
}

#define TI_TAKE(name, parameters, arguments)      \
    TI_REAL void *__real_##name parameters;       \
    void *__wrap_##name parameters;               \
    void *__wrap_##name parameters                \
    {                                             \
        return ti_taken(__real_##name arguments); \
    }

TI_TAKE(malloc, (size_t size), (size))
TI_TAKE(calloc, (size_t count, size_t size), (count, size))
TI_TAKE(aligned_alloc, (size_t alignment, size_t size), (alignment, size))
TI_TAKE(strdup, (const char *text), (text))
TI_TAKE(_Znwm, (size_t size), (size)) /* C++: new, and new[] */
TI_TAKE(_Znam, (size_t size), (size))
TI_TAKE(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
TI_TAKE(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment))

TI_REAL void __real_free(void *memory);
TI_REAL void *__real_realloc(void *memory, size_t size);
TI_REAL int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

void __wrap_free(void *memory)
{
    ti_given_back(memory, TI_CODE());
    __real_free(memory);
}

void *__wrap_realloc(void *memory, size_t size)
{
    ti_given_back(memory, TI_CODE());
    return ti_taken(__real_realloc(memory, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    int error = __real_posix_memalign(memory, alignment, size);
    if (error == 0)
        (void)ti_taken(*memory);
    return error;
}

void ti_tsan_memory_init(void)
{
}
