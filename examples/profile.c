/* SPDX-License-Identifier: MIT */
/*
 * A program that is slow, and the table that says why.
 *
 * Three workers book amounts and write each booking down, which takes a millisecond. Both happen under one
 * lock, so two of the three wait nearly all the time. Look at the table: the lock that costs most is first,
 * with the time of all waits, the longest wait, the longest hold that a waiter saw, and the threads that
 * waited most. Long holds mean that too much is done under the lock; here the writing need not be.
 */
#include "example.h"

enum { WORKERS = 3, BOOKINGS = 100 };

static threading_lock_t accounts;
static int balance;
static bool writes_outside; /* the cure */

static void write_down(int booked)
{
    (void)booked;
    pause_for(0.001);
}

static void *book(void *arg)
{
    for (int i = 0; i < BOOKINGS; i++) {
        int booked = 0;
        THREADING_WITH_LOCK(&accounts) {
            booked = ++balance;
            if (!writes_outside)
                write_down(booked);
        }
        if (writes_outside)
            write_down(booked);
    }
    return arg;
}

static void run_workers(void)
{
    static const char *const names[WORKERS] = {"worker 1", "worker 2", "worker 3"};
    threading_thread_t *workers[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        workers[i] = THREADING_MUST_SPAWN(book, NULL, .name = names[i]);
    for (int i = 0; i < WORKERS; i++) {
        THREADING_MUST(threading_thread_join(workers[i]));
        threading_thread_free(workers[i]);
    }
}

/* Receives the table, whole lines at a time. */
static void print(void *file, const char *text, size_t length)
{
    fwrite(text, 1, length, (FILE *)file);
}

int main(void)
{
    threading_status_t status = threading_profile_start();
    if (status == THREADING_UNSUPPORTED) {
        puts("SKIP: the library was built without its diagnosis");
        return 0;
    }
    THREADING_MUST(status);
    THREADING_MUST(threading_object_set_name(&accounts, "accounts"));
    double begin = threading_monotonic();
    run_workers();
    double slow = threading_monotonic() - begin;
    THREADING_MUST(threading_profile_write(print, stdout));
    THREADING_MUST(threading_profile_stop());

    writes_outside = true;
    begin = threading_monotonic();
    run_workers();
    printf("%d booked; to write outside of the lock takes %s\n", balance,
           threading_monotonic() - begin < slow ? "less time" : "as long");
    return 0;
}
