/* SPDX-License-Identifier: MIT */
/*
 * Every atomic operation of the library, with its order in its name.
 *
 * Words are plain uint32_t or pointers in public and private structs (an _Atomic type cannot stand in a header
 * that C++ reads too), and are touched by several threads through these functions only. There are no
 * standalone fences: ThreadSanitizer does not understand them. "sequential" operations have one total order
 * that all threads agree on; wherever one is used, the line above says which pair of accesses needs it.
 *
 * This file is the only place that knows the compiler. First rung: the __atomic builtins of GCC and Clang.
 */
#ifndef TI_ATOMIC_H
#define TI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)

static inline uint32_t ti_load_relaxed(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t ti_load_acquire(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint32_t ti_load_sequential(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void ti_store_relaxed(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_release(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void ti_store_sequential(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline uint32_t ti_exchange_acquire_release(uint32_t *word, uint32_t value)
{
    return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

static inline uint32_t ti_exchange_sequential(uint32_t *word, uint32_t value)
{
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}

static inline uint32_t ti_add_relaxed(uint32_t *word, uint32_t value)
{
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
}

static inline uint32_t ti_add_acquire_release(uint32_t *word, uint32_t value)
{
    return __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL);
}

static inline uint32_t ti_add_sequential(uint32_t *word, uint32_t value)
{
    return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

/* Compare-and-swap answers whether *word was expected and is now desired. */
static inline bool ti_swap_acquire(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool ti_swap_sequential(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline uintptr_t ti_load_pointer_relaxed(const uintptr_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uintptr_t ti_load_pointer_acquire(const uintptr_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void ti_store_pointer_relaxed(uintptr_t *word, uintptr_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_pointer_release(uintptr_t *word, uintptr_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uintptr_t ti_exchange_pointer_acquire(uintptr_t *word, uintptr_t value)
{
    return __atomic_exchange_n(word, value, __ATOMIC_ACQUIRE);
}

static inline uintptr_t ti_and_pointer_release(uintptr_t *word, uintptr_t mask)
{
    return __atomic_fetch_and(word, mask, __ATOMIC_RELEASE);
}

static inline bool ti_swap_pointer_acquire(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool ti_swap_pointer_release(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#else
#error "threading: this compiler's atomic operations are not known; add a rung here"
#endif

#endif
