/* SPDX-License-Identifier: MIT */
/* The roll: the Thread objects that are alive, main first, then in the order of their start. The
 * registry's guard protects it. */
#ifndef TI_ROLL_H
#define TI_ROLL_H

#include "port.h"

/* The main thread's object. Any thread may ask without the guard. */
threading_thread_t *ti_roll_main(void);

/* Under the guard: */
void ti_roll_list(threading_thread_t *record);
void ti_roll_unlist(threading_thread_t *record);
threading_thread_t *ti_roll_first(void); /* the others follow by `next` */

/* In a forked child, whose main has that object: forget the others. */
void ti_roll_reset(threading_thread_t *main);

#endif
