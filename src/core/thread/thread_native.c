/* SPDX-License-Identifier: MIT */
/* What the system has of a thread: its number, its handle, its stack. */
#include "atomic.h"
#include "blocked.h"
#include "parking.h"
#include "roll.h"
#include "thread.h"

/* Wait until a word of a thread has another value, which is the answer. */
static uint32_t ti_thread_await_change(const threading_thread_t *thread, const uint32_t *constant_word,
                                       uint32_t value)
{
    uint32_t *word = (uint32_t *)(uintptr_t)constant_word; /* waiting for it changes nothing */
    ti_self *self = ti_self_get();
    uint32_t now;
    ti_blocked_on(self, TI_ON_THREAD, thread);
    self->deaf++; /* it says nothing of a stop */
    /* Acquire: what was set before the change is read behind this. */
    while ((now = ti_load_acquire(word)) == value)
        (void)ti_parking_wait(self, word, value, TI_FOREVER);
    self->deaf--;
    return now;
}

uint32_t ti_thread_await_start(const threading_thread_t *thread)
{
    return ti_thread_await_change(thread, &thread->state, TI_STARTING);
}

uint64_t threading_thread_native_id(const threading_thread_t *thread)
{
    if (thread == NULL)
        return 0;
    if (thread == &ti_thread_main_record)
        return ti_port_main_native_id();
    return ti_thread_await_start(thread) != TI_NEW ? thread->native_id : 0;
}

/* Of one that was started here, until it is reaped. The starter may still be about to say that it can be. */
static uintptr_t ti_thread_started_handle(const threading_thread_t *thread)
{
    if (!ti_thread_is_of_this_process(thread))
        return 0;
    uint32_t reap = ti_thread_await_change(thread, &thread->reap, TI_PENDING);
    return reap != TI_REAPED ? ti_port_thread_handle(&thread->native) : 0;
}

uintptr_t threading_thread_native_handle(const threading_thread_t *thread)
{
    uint32_t state = thread != NULL ? ti_thread_await_start(thread) : TI_NEW;
    if (state == TI_NEW)
        return 0;
    /* Relaxed: a number by itself, which main stores in its first call. */
    uintptr_t handle = ti_load_pointer_relaxed(&thread->handle);
    if (handle != 0)
        return state != TI_ENDED ? handle : 0;
    return thread->kind == TI_STARTED_HERE ? ti_thread_started_handle(thread) : 0;
}

size_t threading_thread_stack_size(const threading_thread_t *thread)
{
    if (thread == NULL || thread->kind != TI_STARTED_HERE)
        return 0;
    if (ti_thread_await_start(thread) != TI_NEW)
        return ti_port_thread_stack_size(&thread->native);
    return thread->stack_size != 0 ? thread->stack_size : threading_get_stack_size();
}
