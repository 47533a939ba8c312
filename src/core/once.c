/* SPDX-License-Identifier: MIT */
/*
 * Once: a word that is first 0, then the ident of the thread that runs the function, then DONE.
 *
 * A thread that finds another one running waits for it as for the owner of an RLock, with the same proof of
 * deadlock.
 */
#include "atomic.h"
#include "parking.h"
#include "self.h"
#include "waits.h"

#define TI_DONE UINT32_MAX /* no ident: those have 31 bits */

_Static_assert(sizeof(threading_once_t) == 4, "a Once is its word");

threading_status_t threading_once_init(threading_once_t *once)
{
    if (once == NULL)
        return THREADING_INVALID;
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&once->word, 0);
    return THREADING_OK;
}

/* `rlocks`: if the thread ends in the function, those who wait are woken and told, as for an RLock. */
static void ti_once_run(uint32_t *word, ti_self *self, void (*function)(void *arg), void *arg)
{
    self->fast.rlocks++;
    function(arg);
    self->fast.rlocks--;
    /* Sequential: the change in the table in parking.h; releases what the function did. */
    ti_store_sequential(word, TI_DONE);
    ti_parking_wake_all(word);
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
        if (seen == self->fast.ident)
            return THREADING_DEADLOCK; /* whatever limits the wait: this thread would have to go on */
        threading_status_t status = seen != 0 ? ti_waits_sleep(self, word, seen, TI_FOREVER) : THREADING_OK;
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_once(threading_once_t *once, void (*function)(void *arg), void *arg)
{
    if (once == NULL || function == NULL)
        return THREADING_INVALID;
    /* Acquire: pairs with the store of TI_DONE. */
    if (ti_load_acquire(&once->word) == TI_DONE)
        return THREADING_OK;
    return ti_once_slow(&once->word, function, arg);
}
