/* SPDX-License-Identifier: MIT */
/*
 * The core's atomic operations in a build for sim: before each the scheduler may let another thread run, and
 * of each it learns what it reads and writes. A macro does not expand within itself, so the functions here
 * call the real ones.
 */
#ifndef TI_SIM_ATOMIC_H
#define TI_SIM_ATOMIC_H

#include "sim_points.h"

#define TI_SIM_LOAD(name, type, order)                            \
    static inline type ti_sim_##name(const type *word)            \
    {                                                             \
        ti_sim_before(word);                                      \
        return (type)ti_sim_loaded(word, order, ti_##name(word)); \
    }
#define TI_SIM_STORE(name, type, order)                      \
    static inline void ti_sim_##name(type *word, type value) \
    {                                                        \
        ti_sim_before(word);                                 \
        type before = *(volatile type *)word;                \
        ti_##name(word, value);                              \
        ti_sim_stored(word, order, before, value);           \
    }
/* Gives what was there before; `after` is what is there then. */
#define TI_SIM_CHANGE(name, type, order, after)              \
    static inline type ti_sim_##name(type *word, type value) \
    {                                                        \
        ti_sim_before(word);                                 \
        type before = ti_##name(word, value);                \
        ti_sim_changed(word, order, before, after);          \
        return before;                                       \
    }
/* One that fails reads, and gives what it has read to nobody. */
#define TI_SIM_SWAP(name, type, order, failure)                                               \
    static inline bool ti_sim_##name(type *word, type expected, type desired)                 \
    {                                                                                         \
        ti_sim_before(word);                                                                  \
        bool is_swapped = ti_##name(word, expected, desired);                                 \
        if (is_swapped)                                                                       \
            ti_sim_changed(word, order, expected, desired);                                   \
        else                                                                                  \
            (void)ti_sim_loaded(word, (failure) | TI_SIM_SEQUENTIAL, *(volatile type *)word); \
        return is_swapped;                                                                    \
    }

TI_SIM_LOAD(load_relaxed, uint32_t, TI_SIM_RELAXED)
TI_SIM_LOAD(load_acquire, uint32_t, TI_SIM_ACQUIRE)
TI_SIM_LOAD(load_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_SEQUENTIAL)
TI_SIM_STORE(store_relaxed, uint32_t, TI_SIM_RELAXED)
TI_SIM_STORE(store_release, uint32_t, TI_SIM_RELEASE)
TI_SIM_STORE(store_sequential, uint32_t, TI_SIM_RELEASE)
TI_SIM_CHANGE(exchange_acquire_release, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, value)
TI_SIM_CHANGE(exchange_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, value)
TI_SIM_CHANGE(add_relaxed, uint32_t, TI_SIM_RELAXED, before + value)
TI_SIM_CHANGE(add_acquire_release, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, before + value)
TI_SIM_CHANGE(add_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, before + value)
TI_SIM_SWAP(swap_acquire, uint32_t, TI_SIM_ACQUIRE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_release, uint32_t, TI_SIM_RELEASE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, TI_SIM_ACQUIRE)
TI_SIM_LOAD(load_pointer_relaxed, uintptr_t, TI_SIM_RELAXED)
TI_SIM_LOAD(load_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE)
TI_SIM_STORE(store_pointer_relaxed, uintptr_t, TI_SIM_RELAXED)
TI_SIM_STORE(store_pointer_release, uintptr_t, TI_SIM_RELEASE)
TI_SIM_CHANGE(exchange_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE, value)
TI_SIM_CHANGE(and_pointer_release, uintptr_t, TI_SIM_RELEASE, before &value)
TI_SIM_SWAP(swap_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_pointer_release, uintptr_t, TI_SIM_RELEASE, TI_SIM_RELAXED)

#undef TI_SIM_LOAD
#undef TI_SIM_STORE
#undef TI_SIM_CHANGE
#undef TI_SIM_SWAP

#define ti_load_relaxed ti_sim_load_relaxed
#define ti_load_acquire ti_sim_load_acquire
#define ti_load_sequential ti_sim_load_sequential
#define ti_store_relaxed ti_sim_store_relaxed
#define ti_store_release ti_sim_store_release
#define ti_store_sequential ti_sim_store_sequential
#define ti_exchange_acquire_release ti_sim_exchange_acquire_release
#define ti_exchange_sequential ti_sim_exchange_sequential
#define ti_add_relaxed ti_sim_add_relaxed
#define ti_add_acquire_release ti_sim_add_acquire_release
#define ti_add_sequential ti_sim_add_sequential
#define ti_swap_acquire ti_sim_swap_acquire
#define ti_swap_release ti_sim_swap_release
#define ti_swap_sequential ti_sim_swap_sequential
#define ti_load_pointer_relaxed ti_sim_load_pointer_relaxed
#define ti_load_pointer_acquire ti_sim_load_pointer_acquire
#define ti_store_pointer_relaxed ti_sim_store_pointer_relaxed
#define ti_store_pointer_release ti_sim_store_pointer_release
#define ti_exchange_pointer_acquire ti_sim_exchange_pointer_acquire
#define ti_and_pointer_release ti_sim_and_pointer_release
#define ti_swap_pointer_acquire ti_sim_swap_pointer_acquire
#define ti_swap_pointer_release ti_sim_swap_pointer_release
#define ti_pause ti_sim_pause

#define TI_ADDRESS_NUMBER(address) ((uintptr_t)ti_sim_number(address))

#endif
