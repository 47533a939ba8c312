/* SPDX-License-Identifier: MIT */
/* The C11 backend's part of port.h. */
#ifndef TI_PORT_TYPES_H
#define TI_PORT_TYPES_H

#include <errno.h>
#include <stdbool.h>
#include <threads.h>

typedef struct ti_port_thread {
    thrd_t native; /* as thrd_create gave it: what thrd_current gives cannot be joined on every system */
    void (*entry)(void *argument);
    void *argument;
} ti_port_thread;

typedef struct ti_parker {
    mtx_t mutex;
    cnd_t condition;
    bool token; /* under the mutex */
    /* In the list of those in timed parks, under the ticker's mutex: */
    struct ti_parker *next;
    struct ti_parker **link; /* what points here */
} ti_parker;

/* The thread's pointer as the fast paths see it. */
extern _Thread_local void *ti_c11_self;

static inline void *ti_port_self(void)
{
    return ti_c11_self;
}

/* Not known. */
static inline bool ti_port_is_alone(void)
{
    return false;
}

/* The calling thread's errno, which is the user's. Volatile, since Clang takes it that calloc, realloc and
 * free leave errno alone, and drops a store of what errno held before. */
typedef int ti_port_errors;

static inline ti_port_errors ti_port_errors_keep(void)
{
    return *(volatile int *)&errno;
}

static inline void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors;
}

#endif
