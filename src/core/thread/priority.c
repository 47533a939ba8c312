/* SPDX-License-Identifier: MIT */
#include "priority.h"

#include "atomic.h"
#include "blocked.h"
#include "misuse.h"
#include "native.h"
#include "parking.h"

bool ti_priority_is_level(int priority)
{
    return priority >= THREADING_PRIORITY_LOWEST && priority <= THREADING_PRIORITY_HIGHEST;
}

/* NORMAL is what the system gives a new thread, and asks it for nothing. */
static bool ti_priority_is_asked_for(const threading_thread_t *thread)
{
    return thread->priority != THREADING_PRIORITY_NORMAL;
}

bool ti_priority_take(threading_thread_t *thread)
{
    if (!ti_priority_is_asked_for(thread))
        return true;
    bool is_granted = ti_port_set_priority(thread->priority);
    ti_thread_change(&thread->granted, is_granted ? TI_GRANTED : TI_DENIED);
    return is_granted;
}

threading_status_t ti_priority_await(threading_thread_t *thread, ti_self *caller)
{
    if (!ti_priority_is_asked_for(thread))
        return THREADING_OK;
    ti_blocked_on(caller, TI_ON_THREAD, thread);
    caller->deaf++; /* a stop is no reason to leave before it is known */
    uint32_t granted;
    /* Acquire: pairs with the change, so that a refused thread's last use of its record comes before. */
    while ((granted = ti_load_acquire(&thread->granted)) == TI_ASKED)
        (void)ti_parking_wait(caller, &thread->granted, TI_ASKED, TI_FOREVER);
    caller->deaf--;
    if (granted == TI_GRANTED)
        return THREADING_OK;
    ti_native_join(&thread->native);
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_set_priority(int priority)
{
    if (!ti_priority_is_level(priority))
        return TI_TELL(NULL, THREADING_INVALID);
    return ti_port_set_priority(priority) ? THREADING_OK : THREADING_UNSUPPORTED;
}

int threading_get_priority(void)
{
    return ti_port_get_priority();
}
