/* SPDX-License-Identifier: MIT */
#include "roll.h"

#include "atomic.h"
#include "foreign.h"
#include "registry.h"
#include "thread.h"

static struct {
    threading_thread_t *first;
    threading_thread_t *last;
    size_t alive;
    uintptr_t main; /* changes in a forked child only */
} ti_roll = {
    .first = &ti_thread_main_record,
    .last = &ti_thread_main_record,
    .alive = 1,
    .main = (uintptr_t)&ti_thread_main_record,
};

threading_thread_t *ti_roll_main(void)
{
    /* Relaxed: it never changes while a second thread runs. */
    return (threading_thread_t *)ti_load_pointer_relaxed(&ti_roll.main);
}

void ti_roll_list(threading_thread_t *record)
{
    record->previous = ti_roll.last;
    record->next = NULL;
    *(ti_roll.last != NULL ? &ti_roll.last->next : &ti_roll.first) = record;
    ti_roll.last = record;
    ti_roll.alive++;
}

void ti_roll_unlist(threading_thread_t *record)
{
    *(record->previous != NULL ? &record->previous->next : &ti_roll.first) = record->next;
    *(record->next != NULL ? &record->next->previous : &ti_roll.last) = record->previous;
    ti_roll.alive--;
}

threading_thread_t *ti_roll_first(void)
{
    return ti_roll.first;
}

TI_COLD void ti_roll_reset(threading_thread_t *main)
{
    ti_roll.first = ti_roll.last = NULL;
    ti_roll.alive = 0;
    ti_roll_list(main);
    /* Relaxed: the child has one thread. */
    ti_store_pointer_relaxed(&ti_roll.main, (uintptr_t)main);
}

threading_thread_t *threading_main_thread(void)
{
    return ti_roll_main();
}

size_t threading_active_count(void)
{
    return threading_enumerate(NULL, 0);
}

size_t threading_enumerate(threading_thread_t **threads, size_t capacity)
{
    if (threads == NULL && capacity > 0)
        return 0;
    ti_registry_lock(ti_self_get());
    ti_foreign_bury_dummies();
    size_t count = ti_roll.alive;
    threading_thread_t *record = ti_roll.first;
    for (size_t i = 0; i < count && i < capacity; i++, record = record->next)
        threads[i] = threading_thread_retain(record);
    ti_registry_unlock();
    return count;
}
