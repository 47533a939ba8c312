/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations and fences of C11. In a run one thread goes at a time, so that what an operation orders
 * is a matter of clocks; outside of one all are as strong as there are.
 */
#include "sim_tsan.h"

#define TI_STRONGEST __ATOMIC_SEQ_CST

/* The compilers' numbers; GCC adds bits of its own at the top. */
static int ti_order(int order)
{
    switch (order & 0xFF) {
    case __ATOMIC_RELAXED:
        return TI_SIM_USERS | TI_SIM_RELAXED;
    case __ATOMIC_CONSUME:
    case __ATOMIC_ACQUIRE:
        return TI_SIM_USERS | TI_SIM_ACQUIRE;
    case __ATOMIC_RELEASE:
        return TI_SIM_USERS | TI_SIM_RELEASE;
    case __ATOMIC_ACQ_REL:
        return TI_SIM_USERS | TI_SIM_ACQUIRE | TI_SIM_RELEASE;
    default:
        return TI_SIM_USERS | TI_SIM_ACQUIRE | TI_SIM_RELEASE | TI_SIM_SEQUENTIAL;
    }
}

/* NULL: the calling thread is none of a run. */
static ti_sim_thread *ti_begin(const char *what, const volatile void *word, size_t size, bool is_write,
                               const void *code)
{
    ti_sim_thread *self = ti_sim_self();
    ti_sim_access access = {.size = size, .what = what, .code = code, .is_write = is_write};
    if (self == NULL)
        return NULL;
    access.address = (const void *)(uintptr_t)word;
    access.is_atomic = true;
    ti_sim_data_access(self, &access);
    return self;
}

static const void *ti_word(const volatile void *word)
{
    return (const void *)(uintptr_t)word;
}

/* ---- words that the processor knows ---- */

#define TI_CHANGE(bits, type, name, what, builtin, after)                                              \
    type __tsan_atomic##bits##_##name(volatile type *word, type value, int order);                     \
    type __tsan_atomic##bits##_##name(volatile type *word, type value, int order)                      \
    {                                                                                                  \
        const ti_sim_thread *self = ti_begin("atomic " what, word, sizeof value, true, TI_CODE());     \
        type before = builtin(word, value, TI_STRONGEST);                                              \
        if (self != NULL)                                                                              \
            ti_sim_changed(ti_word(word), ti_order(order), (uint64_t)before, (uint64_t)(type)(after)); \
        return before;                                                                                 \
    }

#define TI_WORD(bits, type)                                                                                 \
    type __tsan_atomic##bits##_load(const volatile type *word, int order);                                  \
    void __tsan_atomic##bits##_store(volatile type *word, type value, int order);                           \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *word, type *expected, type desired,    \
                                                      int order, int failure);                              \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *word, type *expected, type desired,      \
                                                    int order, int failure);                                \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *word, type expected, type desired,       \
                                                    int order, int failure);                                \
                                                                                                            \
    type __tsan_atomic##bits##_load(const volatile type *word, int order)                                   \
    {                                                                                                       \
        const ti_sim_thread *self = ti_begin("atomic load", word, sizeof *word, false, TI_CODE());          \
        type value = __atomic_load_n(word, TI_STRONGEST);                                                   \
        return self != NULL ? (type)ti_sim_loaded(ti_word(word), ti_order(order), (uint64_t)value) : value; \
    }                                                                                                       \
                                                                                                            \
    void __tsan_atomic##bits##_store(volatile type *word, type value, int order)                            \
    {                                                                                                       \
        const ti_sim_thread *self = ti_begin("atomic store", word, sizeof value, true, TI_CODE());          \
        type before = __atomic_exchange_n(word, value, TI_STRONGEST);                                       \
        if (self != NULL)                                                                                   \
            ti_sim_stored(ti_word(word), ti_order(order), (uint64_t)before, (uint64_t)value);               \
    }                                                                                                       \
                                                                                                            \
    static bool ti_swap##bits(volatile type *word, type *expected, type desired, int order, int failure,    \
                              const void *code)                                                             \
    {                                                                                                       \
        const ti_sim_thread *self = ti_begin("atomic swap", word, sizeof desired, true, code);              \
        bool is_swapped =                                                                                   \
            __atomic_compare_exchange_n(word, expected, desired, false, TI_STRONGEST, TI_STRONGEST);        \
        if (self != NULL && is_swapped)                                                                     \
            ti_sim_changed(ti_word(word), ti_order(order), (uint64_t)*expected, (uint64_t)desired);         \
        else if (self != NULL)                                                                              \
            (void)ti_sim_loaded(ti_word(word), ti_order(failure) | TI_SIM_SEQUENTIAL, (uint64_t)*expected); \
        return is_swapped;                                                                                  \
    }                                                                                                       \
                                                                                                            \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *word, type *expected, type desired,    \
                                                      int order, int failure)                               \
    {                                                                                                       \
        return ti_swap##bits(word, expected, desired, order, failure, TI_CODE());                           \
    }                                                                                                       \
                                                                                                            \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *word, type *expected, type desired,      \
                                                    int order, int failure)                                 \
    {                                                                                                       \
        return ti_swap##bits(word, expected, desired, order, failure, TI_CODE());                           \
    }                                                                                                       \
                                                                                                            \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *word, type expected, type desired,       \
                                                    int order, int failure)                                 \
    {                                                                                                       \
        (void)ti_swap##bits(word, &expected, desired, order, failure, TI_CODE());                           \
        return expected;                                                                                    \
    }                                                                                                       \
                                                                                                            \
    TI_CHANGE(bits, type, exchange, "exchange", __atomic_exchange_n, value)                                 \
    TI_CHANGE(bits, type, fetch_add, "add", __atomic_fetch_add, before + value)                             \
    TI_CHANGE(bits, type, fetch_sub, "subtract", __atomic_fetch_sub, before - value)                        \
    TI_CHANGE(bits, type, fetch_and, "and", __atomic_fetch_and, before &value)                              \
    TI_CHANGE(bits, type, fetch_or, "or", __atomic_fetch_or, before | value)                                \
    TI_CHANGE(bits, type, fetch_xor, "xor", __atomic_fetch_xor, before ^ value)                             \
    TI_CHANGE(bits, type, fetch_nand, "nand", __atomic_fetch_nand, ~(before & value))

TI_WORD(8, uint8_t)
TI_WORD(16, uint16_t)
TI_WORD(32, uint32_t)
TI_WORD(64, uint64_t)

/* ---- twice as long ones ---- */

#if defined(__SIZEOF_INT128__)

__extension__ typedef unsigned __int128 ti_long;

static bool ti_long_is_taken;

/* All that touch such words come here, so that a lock has them atomic. No load of them is weak. */
static ti_long ti_long_begin(volatile ti_long *word)
{
    while (__atomic_test_and_set(&ti_long_is_taken, __ATOMIC_ACQUIRE)) {}
    return *word;
}

static ti_long ti_long_end(volatile ti_long *word, ti_long before, ti_long after)
{
    if (after != before)
        *word = after;
    __atomic_clear(&ti_long_is_taken, __ATOMIC_RELEASE);
    return before;
}

static void ti_long_changed(const ti_sim_thread *self, const volatile ti_long *word, int order)
{
    if (self != NULL)
        ti_sim_changed(ti_word(word), ti_order(order) & ~TI_SIM_USERS, 0, 0);
}

ti_long __tsan_atomic128_load(volatile ti_long *word, int order);
void __tsan_atomic128_store(volatile ti_long *word, ti_long value, int order);
int __tsan_atomic128_compare_exchange_strong(volatile ti_long *word, ti_long *expected, ti_long desired,
                                             int order, int failure);
int __tsan_atomic128_compare_exchange_weak(volatile ti_long *word, ti_long *expected, ti_long desired,
                                           int order, int failure);
ti_long __tsan_atomic128_compare_exchange_val(volatile ti_long *word, ti_long expected, ti_long desired,
                                              int order, int failure);

ti_long __tsan_atomic128_load(volatile ti_long *word, int order)
{
    const ti_sim_thread *self = ti_begin("atomic load", word, sizeof *word, false, TI_CODE());
    ti_long value = ti_long_begin(word);
    (void)ti_long_end(word, value, value);
    if (self != NULL)
        (void)ti_sim_loaded(ti_word(word), ti_order(order) & ~TI_SIM_USERS, 0);
    return value;
}

void __tsan_atomic128_store(volatile ti_long *word, ti_long value, int order)
{
    const ti_sim_thread *self = ti_begin("atomic store", word, sizeof *word, true, TI_CODE());
    (void)ti_long_end(word, ti_long_begin(word), value);
    if (self != NULL)
        ti_sim_stored(ti_word(word), ti_order(order) & ~TI_SIM_USERS, 0, 0);
}

static bool ti_swap128(volatile ti_long *word, ti_long *expected, ti_long desired, int order, int failure,
                       const void *code)
{
    const ti_sim_thread *self = ti_begin("atomic swap", word, sizeof *word, true, code);
    ti_long before = ti_long_begin(word);
    bool is_swapped = before == *expected;
    *expected = ti_long_end(word, before, is_swapped ? desired : before);
    if (is_swapped)
        ti_long_changed(self, word, order);
    else if (self != NULL)
        (void)ti_sim_loaded(ti_word(word), ti_order(failure) & ~TI_SIM_USERS, 0);
    return is_swapped;
}

int __tsan_atomic128_compare_exchange_strong(volatile ti_long *word, ti_long *expected, ti_long desired,
                                             int order, int failure)
{
    return ti_swap128(word, expected, desired, order, failure, TI_CODE());
}

int __tsan_atomic128_compare_exchange_weak(volatile ti_long *word, ti_long *expected, ti_long desired,
                                           int order, int failure)
{
    return ti_swap128(word, expected, desired, order, failure, TI_CODE());
}

ti_long __tsan_atomic128_compare_exchange_val(volatile ti_long *word, ti_long expected, ti_long desired,
                                              int order, int failure)
{
    (void)ti_swap128(word, &expected, desired, order, failure, TI_CODE());
    return expected;
}

#define TI_CHANGE_LONG(name, what, after)                                                          \
    ti_long __tsan_atomic128_##name(volatile ti_long *word, ti_long value, int order);             \
    ti_long __tsan_atomic128_##name(volatile ti_long *word, ti_long value, int order)              \
    {                                                                                              \
        const ti_sim_thread *self = ti_begin("atomic " what, word, sizeof value, true, TI_CODE()); \
        ti_long before = ti_long_begin(word);                                                      \
        (void)ti_long_end(word, before, after);                                                    \
        ti_long_changed(self, word, order);                                                        \
        return before;                                                                             \
    }

TI_CHANGE_LONG(exchange, "exchange", value)
TI_CHANGE_LONG(fetch_add, "add", before + value)
TI_CHANGE_LONG(fetch_sub, "subtract", before - value)
TI_CHANGE_LONG(fetch_and, "and", before &value)
TI_CHANGE_LONG(fetch_or, "or", before | value)
TI_CHANGE_LONG(fetch_xor, "xor", before ^ value)
TI_CHANGE_LONG(fetch_nand, "nand", ~(before &value))

#endif

/* ---- fences ---- */

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);
void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* What others have stored may be seen, or not yet: with weak loads it matters when. */
void __tsan_atomic_thread_fence(int order)
{
    __atomic_thread_fence(TI_STRONGEST);
    if (ti_sim_self() != NULL)
        ti_sim_fenced(ti_order(order));
}

void __tsan_atomic_signal_fence(int order)
{
    (void)order;
    __atomic_signal_fence(TI_STRONGEST);
}

/* What programs tell ThreadSanitizer themselves: that something orders them that it does not know. */
void __tsan_acquire(void *address)
{
    if (ti_sim_self() != NULL)
        (void)ti_sim_loaded(address, TI_SIM_ACQUIRE, 0);
}

void __tsan_release(void *address)
{
    if (ti_sim_self() != NULL)
        ti_sim_changed(address, TI_SIM_RELEASE, 0, 0);
}
