/* SPDX-License-Identifier: MIT */
/*
 * What a parker is made of runs out: on FreeBSD, say, mutexes and condition variables are allocated. The backend's parker
 * is compiled here and takes the place of the library's; the system's calls in it fail when they are told to, or the
 * whole of it where it needs none.
 */
#include "conformance.h"
#include "port.h"

static atomic_int passes; /* so many calls succeed, */
static atomic_int fails;  /* then so many fail */
static atomic_int failures;

static bool took_one(atomic_int *count)
{
    int left = atomic_load(count);
    while (left > 0 && !atomic_compare_exchange_weak(count, &left, left - 1))
        continue;
    return left > 0;
}

static bool is_out(void)
{
    bool out = !took_one(&passes) && took_one(&fails);
    if (out)
        atomic_fetch_add(&failures, 1);
    return out;
}

static void runs_out(int after, int times)
{
    atomic_store(&failures, 0);
    atomic_store(&passes, after);
    atomic_store(&fails, times);
}

/* And says whether it was met. */
static bool comes_back(void)
{
    atomic_store(&fails, 0);
    return atomic_load(&failures) > 0;
}

#if __has_include("c11_clock.h")
#define mtx_init(mutex, kind) (is_out() ? thrd_nomem : mtx_init(mutex, kind))
#define cnd_init(condition) (is_out() ? thrd_nomem : cnd_init(condition))
#include "c11_clock.c"

#include "c11_parker.c"
#elif defined(TI_POSIX_PARKER_IS_FUTEX) && !TI_POSIX_PARKER_IS_FUTEX
#include "posix_system.h"

#include <errno.h>
#define pthread_mutex_init(mutex, attributes) (is_out() ? ENOMEM : pthread_mutex_init(mutex, attributes))
#define ti_posix_condition_init(condition) (!is_out() && ti_posix_condition_init(condition))
#include "posix_parker_condition.c"
#else
bool make_parker(ti_parker *parker);
#define ti_port_parker_init make_parker
#if __has_include("win32_system.h")
#include "win32_parker.c"
#else
#include "posix_parker_futex.c"
#endif
#undef ti_port_parker_init
bool ti_port_parker_init(ti_parker *parker)
{
    return !is_out() && make_parker(parker);
}
#endif

static void *return_at_once(void *arg)
{
    return arg;
}

static bool starts(threading_thread_t *thread, int after)
{
    runs_out(after, 1);
    threading_status_t status = threading_thread_start(thread);
    bool refused = comes_back();
    CHECK_STATUS(status, refused ? THREADING_NO_MEMORY : THREADING_OK);
    CHECK(!refused || !threading_thread_is_alive(thread));
    return !refused;
}

CASE(start_without_a_parker_says_that_memory_is_out)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    int after = 0;
    while (!starts(thread, after))
        after++;
    CHECK(after > 0);
    finished(thread);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(first_call_of_main_waits_for_a_parker)
{
    runs_out(0, 3);
    uint32_t ident = threading_get_ident();
    CHECK_EQUAL(atomic_load(&failures), 3);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_EQUAL(threading_get_ident(), ident);
}

static atomic_bool is_known;

static void *become_known(void *arg)
{
    CHECK(threading_get_ident() != 0);
    atomic_store(&is_known, true);
    return arg;
}

CASE(first_call_of_a_foreign_thread_waits_for_a_parker)
{
    enum { enough = 20 };
    CHECK(threading_get_ident() != 0);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK); /* the clock has what it needs, for AWAIT */
    runs_out(0, 1 << 30);
    foreign_t *guest = foreign_start(become_known, NULL);
    AWAIT(atomic_load(&failures) >= enough);
    CHECK(!atomic_load(&is_known));
    CHECK(comes_back());
    foreign_join(guest);
    CHECK(atomic_load(&is_known));
}

#if __has_include("c11_clock.h")
CASE(clock_waits_for_its_mutex)
{
    runs_out(0, 3);
    double before = threading_monotonic();
    CHECK_EQUAL(atomic_load(&failures), 3);
    CHECK(threading_monotonic() >= before);
}
#else
CASE(clock_waits_for_its_mutex)
{
    runs_out(0, 3); /* there is none */
    CHECK(threading_monotonic() <= threading_monotonic());
    CHECK_EQUAL(atomic_load(&failures), 0);
}
#endif
