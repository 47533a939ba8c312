/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end: a thread-local variable for speed, and a tss_t for the call.
 * The pointer's lowest bit counts: the call is made in the second round of destructors, after most others'.
 */
#include <stdint.h>
#include <threads.h>

#include "port.h"

#define TI_C11_WAITED ((uintptr_t)1)

_Thread_local void *ti_c11_self;

static once_flag ti_c11_once = ONCE_FLAG_INIT;
static tss_t ti_c11_key;
static bool ti_c11_has_key;
static void (*ti_c11_leave)(void *self); /* always the same function */
static thrd_t ti_c11_main;

static void ti_c11_destructor(void *value)
{
    void *self = (void *)((uintptr_t)value & ~TI_C11_WAITED);
    if (self == value && tss_set(ti_c11_key, (void *)((uintptr_t)value | TI_C11_WAITED)) == thrd_success)
        return;
    ti_c11_self = self; /* for the calls that `leave` makes */
    ti_c11_leave(self);
    ti_c11_self = NULL;
}

/* C cannot tell which thread is main: the first one to use the library counts as main. */
static void ti_c11_start(void)
{
    ti_c11_main = thrd_current();
    ti_c11_has_key = tss_create(&ti_c11_key, ti_c11_destructor) == thrd_success;
}

bool ti_port_is_main(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    return thrd_equal(thrd_current(), ti_c11_main) != 0;
}

void *ti_port_self_recall(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    if (ti_c11_has_key)
        ti_c11_self = (void *)((uintptr_t)tss_get(ti_c11_key) & ~TI_C11_WAITED);
    return ti_c11_self;
}

bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    call_once(&ti_c11_once, ti_c11_start);
    ti_c11_self = self;
    if (self != NULL)
        ti_c11_leave = leave;
    return ti_c11_has_key && tss_set(ti_c11_key, self) == thrd_success;
}
