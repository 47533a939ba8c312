/* SPDX-License-Identifier: MIT */
/* What a thread notes of the RWLocks that it reads, or has read: rwlock.c and bias.h say what for. */
#ifndef TI_READING_H
#define TI_READING_H

#include <stdint.h>

#define TI_READS_KNOWN 8

/*
 * The note of one RWLock.
 *
 *   rwlock   which
 *   levels   how often the thread has acquired it; 0: the place is free
 *   bias     the lock's bias at that time; 0: it is counted in the lock's state
 *   seen     how many biases had been revoked
 *   reads    ordinary ones since the last bias
 *   marked   the bias under which somebody else has counted the levels in the state; under the bucket's
 *            guard, as the next
 *   counted  how many
 */
typedef struct ti_reading {
    uintptr_t rwlock;
    uint32_t levels;
    uint32_t bias;
    uint32_t seen;
    uint32_t reads;
    uint32_t marked;
    uint32_t counted;
} ti_reading;

/*
 *   known   the notes
 *   beyond  how many reads found no place there; the thread's own
 */
typedef struct ti_readings {
    ti_reading known[TI_READS_KNOWN];
    uint32_t beyond;
} ti_readings;

#endif
