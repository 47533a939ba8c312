/* SPDX-License-Identifier: MIT */
/* Dumps while a thread is stuck with a guard of the library's, as one is that a debugger has stopped there. */
#include <string.h>

#include "../conformance/dump_text.h"
#include "parking.h"
#include "registry.h"

static struct dump stuck;

static threading_status_t dump_stuck(void)
{
    stuck.length = 0;
    return threading_dump(dump_receive, &stuck);
}

CASE(stuck_list_of_threads_is_told)
{
    ti_registry_lock(ti_self_get());
    CHECK_STATUS(dump_stuck(), THREADING_BUSY);
    ti_registry_unlock();
    CHECK(dump_has(&stuck, "cannot look at more threads: the guard of their list stays locked\n"));
    CHECK_STATUS(dump_stuck(), THREADING_OK);
}

static threading_lock_t lock;

static void *wait_for_lock(void *arg)
{
    threading_lock_acquire(&lock);
    threading_lock_release(&lock);
    return arg;
}

CASE(stuck_queue_is_told_and_the_rest_is_dumped)
{
    threading_lock_acquire(&lock);
    threading_thread_t *waiter = started(wait_for_lock, NULL);
    AWAIT_DUMP("Thread-1", "    waits for Lock at 0x");
    ti_bucket *bucket = ti_parking_bucket(&lock);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    CHECK_STATUS(dump_stuck(), THREADING_OK);
    ti_guard_unlock(&bucket->guard);
    CHECK(
        dump_says_of(&stuck, "Thread-1", "; cannot look who has it: a guard of the library stays locked\n"));
    CHECK(dump_has(&stuck, "\n2 threads\n"));
    threading_lock_release(&lock);
    finished(waiter);
}
