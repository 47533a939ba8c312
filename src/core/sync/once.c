/* SPDX-License-Identifier: MIT */
/*
 * Once: a word that is first 0, then the ident of the thread that runs the function, then DONE; or ABANDONED
 * if the function has ended its thread.
 *
 * A thread that finds another one running waits for it as for the owner of an RLock, with the same proof of
 * deadlock.
 */
#include "atomic.h"
#include "calls.h"
#include "deadlock.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"

#define TI_DONE UINT32_MAX /* no ident: those have 31 bits; nor is the next */
#define TI_ABANDONED (UINT32_MAX - 1)

_Static_assert(sizeof(threading_once_t) == 4, "a Once is its word");

threading_status_t threading_once_init(threading_once_t *once)
{
    if (once == NULL)
        return TI_TELL(once, THREADING_INVALID);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&once->word, 0);
    return THREADING_OK;
}

static void ti_once_end(uint32_t *word, uint32_t end)
{
    /* Sequential: the change in the table in parking.h; releases what the function did. */
    ti_store_sequential(word, end);
    ti_parking_wake_all(word);
}

/* The function has ended its thread. What it has left behind nobody can know: it is neither called again nor
 * done. */
TI_COLD static void ti_once_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    uint32_t *word = (uint32_t *)object;
    self->fast.rlocks--;
    /* Relaxed: only this thread puts its ident there. The word is another one's if the user has made it new.
     * */
    if (ti_load_relaxed(word) == self->fast.ident)
        ti_once_end(word, TI_ABANDONED);
}

/* `rlocks`: inside the function the thread counts as the owner of one RLock more (ti_future_may_help). */
static void ti_once_run(uint32_t *word, ti_self *self, void (*function)(void *arg), void *arg)
{
    self->fast.rlocks++;
    ti_calls_enter(self, ti_once_abandon, word, 0);
    function(arg);
    ti_calls_leave(self);
    self->fast.rlocks--;
    ti_once_end(word, TI_DONE);
}

static threading_status_t ti_once_slow(uint32_t *word, void (*function)(void *arg), void *arg)
{
    ti_self *self = ti_self_get();
    for (;;) {
        /* Acquire: pairs with the store of TI_DONE. */
        uint32_t seen = ti_load_acquire(word);
        if (seen == TI_DONE)
            return THREADING_OK;
        if (seen == 0 && ti_swap_acquire(word, 0, self->fast.ident)) {
            ti_once_run(word, self, function, arg);
            return THREADING_OK;
        }
        ti_blocked_on(self, TI_ON_ONCE, word);
        /* Whatever limits the wait: this thread would have to go on. */
        if (seen == self->fast.ident || seen == TI_ABANDONED)
            return ti_deadlock_refused(self, word);
        threading_status_t status =
            seen != 0 ? ti_deadlock_sleep(self, word, seen, TI_FOREVER) : THREADING_OK;
        if (status == THREADING_DEADLOCK)
            return ti_deadlock_refused(self, word);
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_once(threading_once_t *once, void (*function)(void *arg), void *arg)
{
    if (once == NULL || function == NULL)
        return TI_TELL(once, THREADING_INVALID);
    /* Acquire: pairs with the store of TI_DONE. */
    if (ti_load_acquire(&once->word) == TI_DONE)
        return THREADING_OK;
    return ti_once_slow(&once->word, function, arg);
}
