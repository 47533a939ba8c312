/* SPDX-License-Identifier: MIT */
/*
 * What is told to the tools that look for races in users' programs. In a normal build it is nothing.
 *
 * ThreadSanitizer understands the operations of atomic.h, and so who comes before whom. That an RLock is a
 * lock, with an owner and with an order among others, it has to be told. It is told once the word is taken
 * and before it is freed, since it looks at nothing between the two halves of such an announcement, and the
 * library's own tests rely on its looking. Locks are not announced: any thread may release a Lock, which
 * would be called an error, and the word's acquire and release say all that is true of it.
 *
 * Valgrind sees loads and stores only, so THREADING_VALGRIND has every operation of atomic.h tell Helgrind
 * and DRD that it is none of the races that they look for, and what it orders. A release joins what was
 * released there before, even if the swap then fails: that can hide a race, and never make one up.
 *
 * Tools that look for the use of memory that was given back (memcheck, AddressSanitizer) see nothing of
 * memory that the library keeps, so it keeps none in a build for them.
 */
#ifndef TI_ANNOTATE_H
#define TI_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

#if defined(THREADING_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(THREADING_VALGRIND)

#include <valgrind/helgrind.h>

#include <valgrind/drd.h> /* second: it then leaves the names that both have to the first */

/* This memory is meant to be touched by several threads at once. */
static inline void ti_note_atomic(const void *word, size_t size)
{
    VALGRIND_HG_DISABLE_CHECKING(word, size);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, word, size, 0, 0, 0);
}

static inline void ti_note_release(const void *word)
{
    ANNOTATE_HAPPENS_BEFORE(word);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_BEFORE, word, 0, 0, 0, 0);
}

static inline uintptr_t ti_note_acquire(const void *word, uintptr_t value)
{
    ANNOTATE_HAPPENS_AFTER(word);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_AFTER, word, 0, 0, 0, 0);
    return value;
}

/* In front of an operation on *word; in front of one that releases; around one that acquires. */
#define TI_ATOMIC(word) ti_note_atomic(word, sizeof *(word))
#define TI_RELEASE(word) (TI_ATOMIC(word), ti_note_release(word))
#define TI_ACQUIRE(word, operation) \
    (TI_ATOMIC(word), (__typeof__(operation))ti_note_acquire(word, (uintptr_t)(operation)))

#else

#define TI_ATOMIC(word) ((void)0)
#define TI_RELEASE(word) ((void)0)
#define TI_ACQUIRE(word, operation) (operation)

#endif

/* Whether memory may be kept for later: not where a tool watches for its use after it was given back. */
#if defined(THREADING_VALGRIND) || defined(__SANITIZE_ADDRESS__)
#define TI_KEEPS_MEMORY false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TI_KEEPS_MEMORY false
#endif
#endif
#ifndef TI_KEEPS_MEMORY
#define TI_KEEPS_MEMORY true
#endif

/* The calling thread has acquired the first level of an RLock. A try can be no part of a deadlock. */
static inline void ti_note_acquired(threading_rlock_t *rlock, bool is_try)
{
    (void)rlock;
    (void)is_try;
#if defined(THREADING_TSAN)
    __tsan_mutex_pre_lock(rlock, is_try ? __tsan_mutex_try_lock : 0);
    __tsan_mutex_post_lock(rlock, is_try ? __tsan_mutex_try_lock : 0, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_LOCK_PRE(rlock, is_try);
    VALGRIND_HG_MUTEX_LOCK_POST(rlock);
#endif
}

/* It is about to release the last one. */
static inline void ti_note_releasing(threading_rlock_t *rlock)
{
    (void)rlock;
#if defined(THREADING_TSAN)
    (void)__tsan_mutex_pre_unlock(rlock, 0);
    __tsan_mutex_post_unlock(rlock, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_UNLOCK_PRE(rlock);
    VALGRIND_HG_MUTEX_UNLOCK_POST(rlock);
#endif
}

/* What was found out about a lock at this address was of another one. */
static inline void ti_note_new(threading_rlock_t *rlock)
{
    (void)rlock;
#if defined(THREADING_TSAN)
    __tsan_mutex_destroy(rlock, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_INIT_POST(rlock,
                                true); /* of one that it does not know the next line would be an error */
    VALGRIND_HG_MUTEX_DESTROY_PRE(rlock);
#endif
}

#endif
