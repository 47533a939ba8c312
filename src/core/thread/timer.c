/* SPDX-License-Identifier: MIT */
/*
 * Timer: a Thread whose target waits for a word to change, then calls.
 *
 *   state      changed by
 *   WAITING
 *   CANCELLED  cancel, if it is WAITING
 *   CALLED     the timer's thread, if it is WAITING: who of the two comes first decides
 */
#include "atomic.h"
#include "deadline.h"
#include "limit.h"
#include "memory.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"
#include "thread.h"

enum { TI_TIMER_WAITING, TI_TIMER_CANCELLED, TI_TIMER_CALLED };

struct ti_timer {
    uint32_t state;
    double seconds;
    void (*function)(void *arg);
    void *arg;
};

static void *ti_timer_run(void *arg)
{
    struct ti_timer *timer = (struct ti_timer *)arg;
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(timer->seconds);
    ti_blocked_on(self, TI_ON_TIMER, NULL);
    /* Woken early, it may be by the cancel of another timer that was in this memory before. */
    while (ti_load_acquire(&timer->state) == TI_TIMER_WAITING &&
           ti_parking_wait(self, &timer->state, TI_TIMER_WAITING, deadline))
        continue;
    if (ti_swap_acquire(&timer->state, TI_TIMER_WAITING, TI_TIMER_CALLED) && timer->function != NULL)
        timer->function(timer->arg);
    return NULL;
}

threading_thread_t *threading_timer_new(double seconds, void (*function)(void *arg), void *arg)
{
    struct ti_timer *timer = (struct ti_timer *)ti_memory_allocate(sizeof *timer);
    if (timer == NULL)
        return NULL;
    threading_thread_t *thread = threading_thread_new(ti_timer_run, timer, NULL);
    if (thread == NULL) {
        ti_memory_free(timer);
        return NULL;
    }
    timer->seconds = seconds;
    timer->function = function;
    timer->arg = arg;
    thread->timer = timer;
    thread->options_status = ti_deadline_check(seconds);
    return thread;
}

threading_status_t threading_timer_cancel(threading_thread_t *timer)
{
    if (timer == NULL || timer->timer == NULL)
        return TI_TELL(timer, THREADING_INVALID);
    uint32_t *state = &timer->timer->state;
    /* Sequential: the change in the table in parking.h. */
    if (ti_swap_sequential(state, TI_TIMER_WAITING, TI_TIMER_CANCELLED))
        ti_parking_wake_all(state);
    return THREADING_OK;
}
