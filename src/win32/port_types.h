/* SPDX-License-Identifier: MIT */
/* The Win32 backend's part of port.h; without <windows.h>, which the core must not see. */
#ifndef TI_PORT_TYPES_H
#define TI_PORT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ti_port_thread {
    void *handle;
    void (*entry)(void *argument);
    void *argument;
    size_t stack_size;
} ti_port_thread;

/* For WaitOnAddress the state alone; where that is missing the lock and the condition variable as well. */
typedef struct ti_parker {
    uint32_t state;
    void *lock;      /* an SRWLOCK, which is a pointer that is zero at first */
    void *condition; /* a CONDITION_VARIABLE, likewise */
} ti_parker;

/* The calling thread's GetLastError() and errno, which are the user's. */
typedef struct ti_port_errors {
    unsigned long last;
    int number;
} ti_port_errors;

ti_port_errors ti_port_errors_keep(void);
void ti_port_errors_restore(ti_port_errors errors);

void *ti_port_self(void);

/* Not known. */
static inline bool ti_port_is_alone(void)
{
    return false;
}

#endif
