/* SPDX-License-Identifier: MIT */
/*
 * Every atomic operation of the library, with its order in its name.
 *
 * Words are plain uint32_t or pointers in public and private structs (an _Atomic type cannot stand in a
 * header that C++ reads too), and are touched by several threads through these functions only. There are no
 * standalone fences: ThreadSanitizer does not understand them. "sequential" operations have one total order
 * that all threads agree on; wherever one is used, the line above says which pair of accesses needs it.
 *
 * TI_ATOMIC, TI_RELEASE and TI_ACQUIRE tell Valgrind what an operation orders (annotate.h), in a build for
 * it.
 *
 * This file is the only place that knows the compiler. First rung: the __atomic builtins of GCC and Clang (as
 * clang-cl too). Second rung: Microsoft's intrinsics; THREADING_ATOMIC_INTRINSICS has them tested with other
 * compilers.
 */
#ifndef TI_ATOMIC_H
#define TI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "annotate.h"

#if (defined(__GNUC__) || defined(__clang__)) && !defined(THREADING_ATOMIC_INTRINSICS)

/* In front of a function that runs seldom: the compiler makes it small, and puts it apart from those that
 * run often. */
#define TI_COLD __attribute__((cold))

/* In front of a function that is not to become a part of its callers, which makes them smaller: also where
 * the library is compiled in one piece there is one of it. */
#define TI_NOINLINE __attribute__((noinline))

/* Where the function that this is in returns to, for the diagnosis. WebAssembly does not tell a program: the
 * call would end it. */
#if defined(__wasm__)
#define TI_CALLER() NULL
#else
#define TI_CALLER() __builtin_return_address(0)
#endif

/* Keeps the compiler from moving an access over this place; the processor is not told. */
static inline void ti_keep_order(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Tells the processor that this thread looks at the same word again and again: it then leaves its sibling
 * more room, and the memory. */
static inline void ti_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* yield does nothing on most; this takes about as long as x86's pause */
#elif defined(__arm__)
    __asm__ volatile("nop");
#else
    ti_keep_order();
#endif
}

/* Tells the processor that what is read next will be written. x86's instruction does nothing where it is
 * not known; the compiler would leave it out for the sake of such processors. */
static inline void ti_expect_write(const void *address)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw (%0)" ::"r"(address));
#else
    __builtin_prefetch(address, 1);
#endif
}

static inline uint32_t ti_load_relaxed(const uint32_t *word)
{
    TI_ATOMIC(word);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t ti_load_acquire(const uint32_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static inline uint32_t ti_load_sequential(const uint32_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_SEQ_CST));
}

static inline void ti_store_relaxed(uint32_t *word, uint32_t value)
{
    TI_ATOMIC(word);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void ti_store_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline uint32_t ti_exchange_acquire_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL));
}

static inline uint32_t ti_exchange_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST));
}

static inline uint32_t ti_add_relaxed(uint32_t *word, uint32_t value)
{
    TI_ATOMIC(word);
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
}

static inline uint32_t ti_add_acquire_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL));
}

static inline uint32_t ti_add_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST));
}

/* Compare-and-swap answers whether *word was expected and is now desired. One that fails is a relaxed
 * load, but for the sequential one, whose failure is a look as well. */
static inline bool ti_swap_acquire(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE,
                                                        __ATOMIC_RELAXED));
}

static inline bool ti_swap_release(uint32_t *word, uint32_t expected, uint32_t desired)
{
    TI_RELEASE(word);
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static inline bool ti_swap_sequential(uint32_t *word, uint32_t expected, uint32_t desired)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST,
                                                        __ATOMIC_SEQ_CST));
}

static inline uintptr_t ti_load_pointer_relaxed(const uintptr_t *word)
{
    TI_ATOMIC(word);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uintptr_t ti_load_pointer_acquire(const uintptr_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static inline void ti_store_pointer_relaxed(uintptr_t *word, uintptr_t value)
{
    TI_ATOMIC(word);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_pointer_release(uintptr_t *word, uintptr_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uintptr_t ti_exchange_pointer_acquire(uintptr_t *word, uintptr_t value)
{
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_ACQUIRE));
}

static inline uintptr_t ti_and_pointer_release(uintptr_t *word, uintptr_t mask)
{
    TI_RELEASE(word);
    return __atomic_fetch_and(word, mask, __ATOMIC_RELEASE);
}

static inline bool ti_swap_pointer_acquire(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE,
                                                        __ATOMIC_RELAXED));
}

static inline bool ti_swap_pointer_release(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    TI_RELEASE(word);
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#elif defined(_MSC_VER) || defined(THREADING_ATOMIC_INTRINSICS)

#include <intrin.h>

/*
 * Volatile accesses of a word are single and stay in order among themselves; what else they order depends
 * on options of the compiler, so nothing here relies on it. x86 needs its compiler held back and no more:
 * its loads acquire and its stores release. ARM needs a barrier. The _Interlocked functions are
 * sequential, a compare-and-swap that fails too, which is more than most of the names here ask for. That a
 * plain load behind one stays behind it is not promised for ARM by every compiler that has them.
 */
#if defined(_M_ARM64) || defined(_M_ARM64EC) || defined(_M_ARM)
#define TI_ATOMIC_BARRIER() __dmb(0xB) /* inner shareable, loads and stores; also for the compiler */
#else
#define TI_ATOMIC_BARRIER() _ReadWriteBarrier()
#endif

static inline void ti_keep_order(void)
{
    _ReadWriteBarrier();
}

#if defined(_M_ARM64) || defined(_M_ARM64EC) || defined(_M_ARM)
#define TI_ATOMIC_PAUSE() __isb(0xF)
#else
#define TI_ATOMIC_PAUSE() _mm_pause()
#endif

static inline void ti_pause(void)
{
    TI_ATOMIC_PAUSE();
}

#define TI_COLD
#define TI_NOINLINE

#if defined(_MSC_VER)
#define TI_CALLER() _ReturnAddress()
#else
#define TI_CALLER() __builtin_return_address(0)
#endif

/* Nothing: not tried with this compiler. */
static inline void ti_expect_write(const void *address)
{
    (void)address;
}

/* The intrinsics want 32 bits as a long, which has 32 on Windows. */
static inline volatile long *ti_atomic_long(uint32_t *word)
{
    return (volatile long *)(volatile void *)word;
}

/* The same for pointers, whose intrinsics are there for both sizes. */
static inline void *volatile *ti_atomic_pointer(uintptr_t *word)
{
    return (void *volatile *)(volatile void *)word;
}

static inline uint32_t ti_load_relaxed(const uint32_t *word)
{
    return *(const volatile uint32_t *)word;
}

static inline uint32_t ti_load_acquire(const uint32_t *word)
{
    uint32_t value = *(const volatile uint32_t *)word;
    TI_ATOMIC_BARRIER();
    return value;
}

/* The barrier in front keeps it behind sequential stores, whatever those intrinsics leave to be done. */
static inline uint32_t ti_load_sequential(const uint32_t *word)
{
    TI_ATOMIC_BARRIER();
    return ti_load_acquire(word);
}

static inline void ti_store_relaxed(uint32_t *word, uint32_t value)
{
    *(volatile uint32_t *)word = value;
}

static inline void ti_store_release(uint32_t *word, uint32_t value)
{
    TI_ATOMIC_BARRIER();
    *(volatile uint32_t *)word = value;
}

static inline uint32_t ti_exchange_sequential(uint32_t *word, uint32_t value)
{
    return (uint32_t)_InterlockedExchange(ti_atomic_long(word), (long)value);
}

static inline void ti_store_sequential(uint32_t *word, uint32_t value)
{
    (void)ti_exchange_sequential(word, value);
}

static inline uint32_t ti_exchange_acquire_release(uint32_t *word, uint32_t value)
{
    return ti_exchange_sequential(word, value);
}

static inline uint32_t ti_add_sequential(uint32_t *word, uint32_t value)
{
    return (uint32_t)_InterlockedExchangeAdd(ti_atomic_long(word), (long)value);
}

static inline uint32_t ti_add_relaxed(uint32_t *word, uint32_t value)
{
    return ti_add_sequential(word, value);
}

static inline uint32_t ti_add_acquire_release(uint32_t *word, uint32_t value)
{
    return ti_add_sequential(word, value);
}

/* The intrinsics take what is desired first, and what is expected by value. */
static inline bool ti_swap_sequential(uint32_t *word, uint32_t expected, uint32_t desired)
{
    long found = _InterlockedCompareExchange(ti_atomic_long(word), (long)desired, (long)expected);
    return (uint32_t)found == expected;
}

static inline bool ti_swap_acquire(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return ti_swap_sequential(word, expected, desired);
}

static inline bool ti_swap_release(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return ti_swap_sequential(word, expected, desired);
}

static inline uintptr_t ti_load_pointer_relaxed(const uintptr_t *word)
{
    return *(const volatile uintptr_t *)word;
}

static inline uintptr_t ti_load_pointer_acquire(const uintptr_t *word)
{
    uintptr_t value = *(const volatile uintptr_t *)word;
    TI_ATOMIC_BARRIER();
    return value;
}

static inline void ti_store_pointer_relaxed(uintptr_t *word, uintptr_t value)
{
    *(volatile uintptr_t *)word = value;
}

static inline void ti_store_pointer_release(uintptr_t *word, uintptr_t value)
{
    TI_ATOMIC_BARRIER();
    *(volatile uintptr_t *)word = value;
}

static inline uintptr_t ti_exchange_pointer_acquire(uintptr_t *word, uintptr_t value)
{
    return (uintptr_t)_InterlockedExchangePointer(ti_atomic_pointer(word), (void *)value);
}

static inline bool ti_swap_pointer_acquire(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return (uintptr_t)_InterlockedCompareExchangePointer(ti_atomic_pointer(word), (void *)desired,
                                                         (void *)expected) == expected;
}

static inline bool ti_swap_pointer_release(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return ti_swap_pointer_acquire(word, expected, desired);
}

/* There is one intrinsic for each size of pointers; a loop needs neither. */
static inline uintptr_t ti_and_pointer_release(uintptr_t *word, uintptr_t mask)
{
    uintptr_t value;
    do {
        value = ti_load_pointer_relaxed(word);
    } while (!ti_swap_pointer_release(word, value, value & mask));
    return value;
}

#else
#error "threading: this compiler's atomic operations are not known; add a rung here"
#endif

#endif
