/* SPDX-License-Identifier: MIT */
/* What sim needs of the compiler, of its thread sanitizer and of the system beyond a backend. */
#ifndef TI_SIM_SYSTEM_H
#define TI_SIM_SYSTEM_H

#include <stdbool.h>

#include "sim.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define TI_SIM_THREAD_LOCAL __declspec(thread)
#else
#define TI_SIM_THREAD_LOCAL _Thread_local
#endif

/* The calling thread's stack pointer, about; it matters where src/sim_tsan is. */
#if defined(__GNUC__) || defined(__clang__)
#define TI_SIM_STACK() ((uintptr_t)__builtin_frame_address(0))
#else
#define TI_SIM_STACK() ((uintptr_t)0)
#endif

/*
 * The baton orders all that the threads do, and would hide each race of theirs from ThreadSanitizer. So in a
 * build for it only the program is compiled for it: not the core, not the backend, not this. It is told to
 * take no notice of the baton, and instead what really comes before what. Of sim it sees calls of the C
 * library all the same, on data that the baton alone protects: TI_SIM_WITHIN, in front of what the core and
 * programs call, has it look away to the function's end. A thread that leaves by a jump
 * corrects the depth with ti_sim_within_reset().
 */
#if defined(THREADING_TSAN)
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define ti_sim_hide_sync() AnnotateIgnoreSyncBegin(__FILE__, __LINE__)
#define ti_sim_show_sync() AnnotateIgnoreSyncEnd(__FILE__, __LINE__)
#define ti_sim_starts(thread) __tsan_release(&(thread)->entry)
#define ti_sim_thread_begins(thread) __tsan_acquire(&(thread)->entry)
#define ti_sim_thread_ends(thread) __tsan_release(&(thread)->argument)
#define ti_sim_joins(thread) __tsan_acquire(&(thread)->argument)
#define ti_sim_tell_acquire(address) __tsan_acquire((void *)(address))
#define ti_sim_tell_release(address) __tsan_release((void *)(address))
void ti_sim_within_reset(int depth);
int ti_sim_within_begin(void);
void ti_sim_within_end(const int *depth);
#define TI_SIM_WITHIN \
    const int within __attribute__((cleanup(ti_sim_within_end), unused)) = ti_sim_within_begin()
#else
#define ti_sim_hide_sync() ((void)0)
#define ti_sim_show_sync() ((void)0)
#define ti_sim_starts(thread) ((void)0)
#define ti_sim_thread_begins(thread) ((void)0)
#define ti_sim_thread_ends(thread) ((void)0)
#define ti_sim_joins(thread) ((void)0)
#define ti_sim_tell_acquire(address) ((void)0)
#define ti_sim_tell_release(address) ((void)0)
#define ti_sim_within_reset(depth) ((void)0)
#define TI_SIM_WITHIN ((void)0)
#endif

/* Let AddressSanitizer tell of each use of such memory; or no more. */
#if defined(__SANITIZE_ADDRESS__)
#define TI_SIM_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TI_SIM_WITH_ASAN 1
#endif
#endif
#if defined(TI_SIM_WITH_ASAN)
void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
#define ti_sim_forbid(memory, size) __asan_poison_memory_region(memory, size)
#define ti_sim_unforbid(memory, size) __asan_unpoison_memory_region(memory, size)
#else
#define ti_sim_forbid(memory, size) ((void)0)
#define ti_sim_unforbid(memory, size) ((void)0)
#endif

/* Keep the calling thread on one processor, the same for all threads of runs, which makes a switch several
 * times faster; or let it go where it was allowed before. Nothing where the system has no such call. */
void ti_sim_pin(bool on_one);

/* What the environment says of THREADING_SIM_<name>, or NULL. */
const char *ti_sim_environment(const char *name);

#endif
