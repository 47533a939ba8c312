/* SPDX-License-Identifier: MIT */
/*
 * Deadlock detection: the graph of who waits for whom, and the proof that a wait could never end.
 *
 * A thread that is about to sleep without a deadline for another thread, because that one owns an RLock or
 * because it joins it, publishes the word that holds that thread's ident: the RLock's owner, or the ident in
 * the Thread object. Under the registry's guard it then follows the words from thread to thread. If it comes
 * back to itself, all threads of the ring sleep, or are about to, and each waits for what only the next one
 * could give: the wait is refused. Waits with a deadline and plain Locks, which anyone may release, are not
 * published.
 *
 * Why the answer is right although owners change while the walk reads them: an RLock is released by its owner
 * only. A thread whose wait is published stays in that wait until it takes the registry's guard again, which
 * the walker holds; so it releases nothing meanwhile, and the lock it waits for stays in memory. The one
 * change possible is that a waiting thread has just got its lock; then the word names the waiter itself, and
 * the walk ends without a proof. A joined thread that has ended is in the registry no more; one that goes on
 * although joins of it are over (main at exit) withdraws its joiners' waits itself, under the guard.
 * The thread that closes a ring is the last to publish, and the only one that is told.
 */
#ifndef TI_DEADLOCK_H
#define TI_DEADLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

struct ti_self;

/*
 * What a thread has published; under the registry's guard.
 *
 *   word    that of the thread that is waited for; NULL: nothing is published
 *   kind    of its waiter then
 *   enough  the state of a Thread that ends the wait
 */
typedef struct ti_proof {
    const uint32_t *word;
    uint32_t kind;
    uint32_t enough;
} ti_proof;

/* Publish that this thread waits for the owner of a lock. False, and not published: a deadlock, or the owner
 * has ended. */
bool ti_deadlock_check_owner(struct ti_self *self, const uint32_t *owner);

/* Publish that this thread waits for the end of another one, whose ident and state are in these words,
 * unless the state is `enough` already: a change to it comes under the guard, so that nobody waits for
 * what is over. False, and not published: a deadlock. */
bool ti_deadlock_check_end(struct ti_self *self, const uint32_t *ident, const uint32_t *state,
                           uint32_t enough);

/*
 * Sleep in the queue of a lock's word, or of what is like one, where the calling thread's waiter stands
 * already: without a limit, and published. The order matters: an owner that ends looks for waits that are
 * published, and wakes their waiters. TI_SLEEPING: a deadlock, or the owner has ended; the waiter is in no
 * queue any more.
 */
uint32_t ti_deadlock_sleep_in_queue(struct ti_self *self, const uint32_t *owner);

/*
 * Sleep until a word may have changed that holds the ident of the one thread that can end the wait (or 0
 * while nobody can, or no ident when nobody need): THREADING_OK, THREADING_DEADLOCK, or the status of the
 * wait's limit. That thread ends the wait by changing the word and waking all.
 */
threading_status_t ti_deadlock_sleep(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* The thread of that ident, under the registry's guard. NULL: it is not there any more, or goes no
 * further. */
struct ti_self *ti_deadlock_awaited(uint32_t ident);

/*
 * The calling thread's wait is refused, and the caller is told so: THREADING_DEADLOCK. It waits for what it
 * has noted (ti_blocked_on), which the thread has whose ident is in the word; NULL: itself. It is in no queue
 * and holds no guard, so that a handler may call the library.
 */
#if !defined(THREADING_NO_DIAGNOSIS)
threading_status_t ti_deadlock_refused(struct ti_self *self, const uint32_t *word);

/* Have each refusal told before that; NULL: to nobody any more. */
typedef void ti_deadlock_teller(struct ti_self *self, const uint32_t *word);
void ti_deadlock_tell_to(ti_deadlock_teller *teller);
#else
#define ti_deadlock_refused(self, word) ((void)(self), (void)(word), (threading_status_t)THREADING_DEADLOCK)
#endif

/* The wait is over. */
void ti_deadlock_end_wait(struct ti_self *self);

/* Under the registry's guard: a thread that goes on has reached a state. Waiters for which that is enough
 * are about to be woken, and wait no more. */
void ti_deadlock_withdraw(const uint32_t *ident, uint32_t state);

/* Under the registry's guard, a thread that has just been removed from it: wake those who wait for its
 * RLocks, so that they find out that they wait in vain. */
void ti_deadlock_owner_ended(struct ti_self *owner);

#endif
