/* SPDX-License-Identifier: MIT */
/*
 * The order of locks: a program that takes two locks in both orders is told, though nothing hangs yet.
 *
 * While it is on, each Lock, RLock and RWLock that a thread is about to wait for is noted behind each that
 * the thread has: an edge of a graph. An edge that closes a ring, of two locks or of more, is told before
 * the wait begins, also if this is the wait that hangs. It is told once: an edge that is there already closes
 * nothing, and one that has closed a ring is part of no other.
 *
 * Only numbers are kept of an object: its address, never what is in it, for it may be gone.
 *   - A try, and a wait with a limit, is no edge: it gives up, and nothing hangs. What it takes is held.
 *   - Nor is an acquire of what the thread has already, nor the one at the end of a condition's wait.
 *   - What is to be acquired is held from before the attempt on, and until before the release; so it is there
 *     when another thread releases a Lock, whose word tells whose it is.
 *   - A lock that is initialised is a new one: what is known of its address is forgotten. One that is made by
 *     filling memory with zeros cannot be told from the one that was there before, whose edges it inherits.
 *   - What a thread has when it ends, it has for ever.
 *
 * The room is the system's, taken once. When it is full an old edge goes, or the oldest lock that is held;
 * that is counted and told. Of a thread that has more than 64 locks, the last 64 are looked at.
 */
#ifndef TI_ORDER_H
#define TI_ORDER_H

#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* Begin, before any thread has a pointer (port.h, 4). False: there is no memory, and nothing begins. The text
 * is handed over while nothing is locked. */
bool ti_order_start(threading_write_t write, void *context);

/* End, when no thread has a pointer any more. */
void ti_order_stop(void);

#endif

#endif
