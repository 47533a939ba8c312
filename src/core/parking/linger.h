/* SPDX-License-Identifier: MIT */
/*
 * Spin, then park: a look for the wake before the sleep.
 *
 * A thread that is woken soon after it began to wait, because the waker runs on another processor, need
 * not sleep: to sleep and to be woken takes many times as long as to look (spins.h says how long it
 * looks). But looking takes a processor, so a thread that looked in vain lets the next waits pass without:
 * one, three, seven, at most 31 of them. It is in the queue all the time: nothing is decided otherwise
 * than if it slept.
 */
#ifndef TI_LINGER_H
#define TI_LINGER_H

#include <stdint.h>

struct ti_self;

/*
 * A thread's own memory of that.
 *
 *   in_vain  how often it has looked in vain, one time after the other
 *   skips    how many waits are to pass without a look
 */
typedef struct ti_lingering {
    uint32_t in_vain;
    uint32_t skips;
} ti_lingering;

/* The calling thread's waiter is in a queue: look for a while whether it is woken. What follows is a sleep,
 * which looks as well. */
void ti_linger(struct ti_self *self);

#endif
