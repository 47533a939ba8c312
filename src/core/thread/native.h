/* SPDX-License-Identifier: MIT */
/*
 * The system's threads that were started here: which of them may still be in our code.
 *
 * A thread's last instructions come after its end as a Thread: in the backend, in what the system calls at
 * a thread's end. A thread that was joined has done them. One that nobody joins is detached, and nothing
 * tells when it has gone. In code that can be unloaded such a thread becomes an orphan instead: its object
 * stays in a list until a try finds that it has gone.
 */
#ifndef TI_NATIVE_H
#define TI_NATIVE_H

#include "thread.h"

/* As the functions of port.h with these names. */
threading_status_t ti_native_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                   size_t stack_size);
void ti_native_join(ti_port_thread *thread);

/* Nobody will join this ended thread. True: its object is an orphan's, and not the caller's any more. */
bool ti_native_abandon(threading_thread_t *thread);

/* Whether none of the threads that were started can be in our code any more. */
bool ti_natives_are_gone(void);

/* When the process exits: nothing is unloaded any more, and sanitizers ask for threads that nobody joined. */
void ti_natives_detach(void);

/* In a forked child: they are gone. */
void ti_natives_reset(void);

#endif
