/* SPDX-License-Identifier: MIT */
/*
 * The guard: a word lock, the library's internal lock, for the registry, the parking lot's buckets and the
 * locals, never for users.
 *
 * The parking lot cannot protect itself with locks that wait in the parking lot, so this lock keeps
 * its own waiters: they push themselves on a stack in the lock's word, and the holder moves the
 * stack, oldest first, to a queue that belongs to the guard's holder. All-zero bytes are a free guard.
 *
 * Under a guard no user code runs, and no memory is allocated or freed: a user's allocator may be guarded
 * by a Lock that another thread holds while it wants the same guard, in a handler of fork. Most guards are
 * held for some tens of nanoseconds. Longer, but for a limited time, are held: the registry's, while all
 * threads are looked at (10 ns for each); a bucket's, and the registry's for a revocation (bias.h), during
 * a fence in all threads, which takes a microsecond, or a millisecond once the system refuses it
 * (fence.h); the registry's, the locals' and the blocks', while the system copies the process in fork.
 *
 *   word            meaning
 *   0               free, nobody has pushed itself
 *   LOCKED          held
 *   waiter          free, that waiter and the ones below it are waiting (one of them was just woken)
 *   waiter|LOCKED   held, they wait
 */
#ifndef TI_GUARD_H
#define TI_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/*
 *   word   see above
 *   queue  under the guard itself: waiters that were moved off the stack, oldest first
 */
typedef struct threading_guard ti_guard;

/* Wait for the guard; `parker` is the calling thread's. */
void ti_guard_lock(ti_guard *guard, ti_parker *parker);

/* Take the guard if it is free. */
bool ti_guard_try_lock(ti_guard *guard);

/* Wait for the guard for a while only, in a thread that may have no parker: for the diagnosis, which must not
 * hang with what it looks at. False: it was held all the time, or at each look. */
#if !defined(THREADING_NO_DIAGNOSIS)
bool ti_guard_lock_for_a_while(ti_guard *guard);
#endif

void ti_guard_unlock(ti_guard *guard);

/* In a forked child, which has one thread: the guard is free, whatever it was. */
void ti_guard_reset(ti_guard *guard);

#endif
