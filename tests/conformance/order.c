/* SPDX-License-Identifier: MIT */
/*
 * THREADING_DEBUG=order: locks that are taken in both orders, in programs that never hang.
 *
 * The variable is read at the process's first use of the library, which is in the case; what it writes to
 * standard error goes to a file meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define MOST 4096 /* bytes of text that are read back */

/* ---- what is written ---- */

static char path[64];

static void set_words(const char *words)
{
#if defined(_WIN32)
    CHECK_EQUAL(_putenv_s("THREADING_DEBUG", words), 0);
#else
    CHECK_EQUAL(setenv("THREADING_DEBUG", words, 1), 0);
#endif
}

static void check_is_built(void)
{
    if (threading_object_set_name(path, "") == THREADING_UNSUPPORTED)
        SKIP("the library is built without its diagnosis");
}

/* Before anything of the library's is used. */
static void watch(const char *name)
{
    snprintf(path, sizeof path, "order-%s.txt", name);
    CHECK(freopen(path, "wb", stderr) != NULL);
    set_words("order");
    check_is_built();
}

/* All that was written so far. */
static const char *written(void)
{
    static char text[MOST];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t length = fread(text, 1, MOST - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static int count_of(const char *words)
{
    int count = 0;
    for (const char *at = written(); (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

static int reports(void)
{
    return count_of("possible deadlock: ");
}

/* The case is over: what was written is shown if that is not so. */
static void check_reports(int expected)
{
    if (reports() != expected)
        printf("%s", written());
    CHECK_EQUAL(reports(), expected);
    CHECK_EQUAL(fclose(stderr), 0);
    remove(path);
}

/* ---- taking locks ---- */

static threading_lock_t a, b, c;
static threading_rlock_t r;
static threading_rwlock_t w, x;

static void both(threading_lock_t *first, threading_lock_t *second)
{
    threading_lock_acquire(first);
    threading_lock_acquire(second);
    threading_lock_release(second);
    threading_lock_release(first);
}

static void *take_ab(void *arg)
{
    both(&a, &b);
    return arg;
}

static void *take_ba(void *arg)
{
    both(&b, &a);
    return arg;
}

static void *take_bc(void *arg)
{
    both(&b, &c);
    return arg;
}

static void *take_ca(void *arg)
{
    both(&c, &a);
    return arg;
}

/* In a thread of its own, which has ended at the return. */
static void in_thread(const char *name, threading_target_t target)
{
    threading_thread_options_t options = {.name = name};
    threading_thread_t *thread = threading_thread_new(target, NULL, &options);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

/* ---- what is told ---- */

CASE(two_locks_in_both_orders_are_told_with_their_names)
{
    watch("two");
    CHECK_STATUS(threading_object_set_name(&a, "account"), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(&b, "book"), THREADING_OK);
    in_thread("first", take_ab);
    CHECK_EQUAL(reports(), 0);
    in_thread("second", take_ba);
    CHECK_EQUAL(count_of("two locks are taken in both orders"), 1);
    CHECK_EQUAL(count_of("    \"second\" ("), 1);
    CHECK_EQUAL(count_of("    \"first\" ("), 1);
    CHECK_EQUAL(count_of("Lock \"account\" at 0x"), 2);
    CHECK_EQUAL(count_of("Lock \"book\" at 0x"), 2);
    CHECK_EQUAL(count_of(", taken in "), 2);
    check_reports(1);
}

CASE(what_was_told_is_not_told_again)
{
    watch("again");
    for (int i = 0; i < 100; i++) {
        in_thread("first", take_ab);
        in_thread("second", take_ba);
    }
    check_reports(1);
}

CASE(orders_of_one_thread_count_too)
{
    watch("one");
    both(&a, &b);
    both(&b, &a);
    check_reports(1);
}

CASE(three_locks_in_a_ring_are_told)
{
    watch("three");
    in_thread("first", take_ab);
    in_thread("second", take_bc);
    CHECK_EQUAL(reports(), 0);
    in_thread("third", take_ca);
    CHECK_EQUAL(count_of("3 locks are taken in a ring"), 1);
    CHECK_EQUAL(count_of("\"first\" (") + count_of("\"second\" (") + count_of("\"third\" ("), 3);
    check_reports(1);
}

CASE(ring_of_many_locks_is_told_in_part)
{
    static threading_lock_t locks[20];
    watch("many");
    for (int i = 0; i < 20; i++)
        both(&locks[i], &locks[(i + 1) % 20]);
    CHECK_EQUAL(count_of("20 locks are taken in a ring"), 1);
    CHECK_EQUAL(count_of("    and so on"), 1);
    check_reports(1);
}

CASE(one_order_is_not_told)
{
    watch("right");
    for (int i = 0; i < 100; i++) {
        in_thread("first", take_ab);
        in_thread("second", take_bc);
        both(&a, &c);
    }
    check_reports(0);
}

static void *wait_crosswise(void *arg)
{
    threading_rlock_t *rlocks = (threading_rlock_t *)arg;
    CHECK_STATUS(threading_rlock_acquire(&rlocks[1]), THREADING_OK);
    AWAIT(threading_rlock_locked(&rlocks[0]));
    threading_status_t status = threading_rlock_acquire(&rlocks[0]);
    CHECK(status == THREADING_OK || status == THREADING_DEADLOCK);
    if (status == THREADING_OK)
        CHECK_STATUS(threading_rlock_release(&rlocks[0]), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlocks[1]), THREADING_OK);
    return NULL;
}

/* ThreadSanitizer tells of it too. */
CASE(told_before_a_wait_that_would_hang)
{
#if defined(TEST_WITH_THREAD_SANITIZER)
    SKIP("ThreadSanitizer ends the process for this");
#endif
    static threading_rlock_t rlocks[2];
    watch("hangs");
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_OK);
    threading_thread_t *thread = started(wait_crosswise, rlocks);
    AWAIT(threading_rlock_locked(&rlocks[1]));
    threading_status_t status = threading_rlock_acquire(&rlocks[1]);
    CHECK(status == THREADING_OK || status == THREADING_DEADLOCK);
    if (status == THREADING_OK)
        CHECK_STATUS(threading_rlock_release(&rlocks[1]), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlocks[0]), THREADING_OK);
    finished(thread);
    check_reports(1);
}

/* ---- tries and limits ---- */

CASE(tries_and_limits_add_no_order)
{
    watch("try");
    both(&a, &b);
    threading_lock_acquire(&b);
    CHECK_STATUS(threading_lock_try_acquire(&a), THREADING_OK);
    threading_lock_release(&a);
    CHECK_STATUS(threading_lock_acquire_timeout(&a, 10), THREADING_OK);
    threading_lock_release(&a);
    threading_lock_release(&b);
    check_reports(0);
}

CASE(what_a_try_has_taken_is_held)
{
    watch("tried");
    CHECK_STATUS(threading_lock_try_acquire(&a), THREADING_OK);
    threading_lock_acquire(&b);
    threading_lock_release(&b);
    threading_lock_release(&a);
    both(&b, &a);
    check_reports(1);
}

CASE(a_wait_for_ever_by_its_limit_is_an_order)
{
    watch("forever");
    both(&a, &b);
    threading_lock_acquire(&b);
    CHECK_STATUS(threading_lock_acquire_timeout(&a, THREADING_FOREVER), THREADING_OK);
    threading_lock_release(&a);
    threading_lock_release(&b);
    check_reports(1);
}

/* What a try could not take is not held, and what the thread had before is. */
CASE(a_try_that_fails_changes_nothing)
{
    watch("fails");
    threading_lock_acquire(&a);
    CHECK_STATUS(threading_lock_try_acquire(&a), THREADING_BUSY);
    CHECK_STATUS(threading_lock_acquire_timeout(&a, 0.001), THREADING_TIMEOUT);
    threading_lock_acquire(&b); /* a, b */
    threading_lock_release(&b);
    threading_lock_release(&a);
    threading_lock_acquire(&c); /* nothing before */
    threading_lock_release(&c);
    both(&c, &a);
    CHECK_EQUAL(reports(), 0);
    both(&b, &a);
    check_reports(1);
}

/* ---- RLock and RWLock ---- */

CASE(levels_of_an_rlock_add_no_order)
{
    watch("levels");
    CHECK_STATUS(threading_rlock_acquire(&r), THREADING_OK);
    threading_lock_acquire(&a);
    CHECK_STATUS(threading_rlock_acquire(&r), THREADING_OK);
    CHECK_STATUS(threading_rlock_try_acquire(&r), THREADING_OK);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_rlock_release(&r), THREADING_OK);
    threading_lock_release(&a);
    check_reports(0);
}

static void *take_ar(void *arg)
{
    threading_lock_acquire(&a);
    if (threading_rlock_acquire(&r) == THREADING_OK)
        CHECK_STATUS(threading_rlock_release(&r), THREADING_OK);
    threading_lock_release(&a);
    return arg;
}

/* Its last level ends it, no earlier one. */
CASE(rlock_and_lock_in_both_orders_are_told)
{
    watch("rlock");
    CHECK_STATUS(threading_rlock_acquire(&r), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&r), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&r), THREADING_OK);
    threading_lock_acquire(&a);
    threading_lock_release(&a);
    CHECK_STATUS(threading_rlock_release(&r), THREADING_OK);
    in_thread("other", take_ar);
    CHECK_EQUAL(count_of("RLock at 0x"), 2);
    check_reports(1);
}

static void *read_w_write_x(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&w), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_write(&x), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(&x), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_read(&w), THREADING_OK);
    return arg;
}

static void *read_x_write_w(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&x), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_write(&w), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(&w), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_read(&x), THREADING_OK);
    return arg;
}

CASE(rwlocks_in_both_orders_are_told)
{
    watch("rwlock");
    in_thread("first", read_w_write_x);
    CHECK_EQUAL(reports(), 0);
    in_thread("second", read_x_write_w);
    CHECK_EQUAL(count_of(" to read, taken"), 2);
    CHECK_EQUAL(count_of(" to write"), 2);
    check_reports(1);
}

CASE(reading_again_adds_no_order)
{
    watch("read");
    CHECK_STATUS(threading_rwlock_acquire_read(&w), THREADING_OK);
    threading_lock_acquire(&a);
    CHECK_STATUS(threading_rwlock_acquire_read(&w), THREADING_OK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&w), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_release_read(&w), THREADING_OK);
    threading_lock_release(&a);
    threading_lock_acquire(&b); /* w is read still */
    threading_lock_release(&b);
    CHECK_STATUS(threading_rwlock_release_read(&w), THREADING_OK);
    CHECK_EQUAL(reports(), 0);
    threading_lock_acquire(&b);
    CHECK_STATUS(threading_rwlock_acquire_read(&w), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_read(&w), THREADING_OK);
    threading_lock_release(&b);
    check_reports(1);
}

/* ---- conditions, and other threads ---- */

/* The wait ends by its limit, and acquires its own lock while another is held. */
CASE(conditions_wait_adds_no_order)
{
    static threading_condition_t conditions[2];
    watch("condition");
    CHECK_STATUS(threading_condition_init(&conditions[0]), THREADING_OK);
    CHECK_STATUS(threading_condition_init_lock(&conditions[1], &b), THREADING_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_condition_acquire(&conditions[i]), THREADING_OK);
        threading_lock_acquire(&a);
        CHECK_STATUS(threading_condition_wait_timeout(&conditions[i], 0.001), THREADING_TIMEOUT);
        threading_lock_release(&a);
        CHECK_STATUS(threading_condition_release(&conditions[i]), THREADING_OK);
    }
    check_reports(0);
}

CASE(conditions_lock_counts_as_that_lock)
{
    static threading_condition_t condition;
    watch("own");
    CHECK_STATUS(threading_condition_init_lock(&condition, &b), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
    threading_lock_acquire(&a); /* behind what the wait has acquired again */
    threading_lock_release(&a);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    both(&a, &b);
    CHECK_EQUAL(count_of("again by a Condition's wait"), 1);
    check_reports(1);
}

static void *release_a(void *arg)
{
    threading_lock_release(&a);
    return arg;
}

CASE(lock_that_another_thread_releases_is_held_no_more)
{
    watch("handed");
    threading_lock_acquire(&a);
    in_thread("other", release_a);
    threading_lock_acquire(&b); /* nothing before */
    threading_lock_release(&b);
    both(&b, &a);
    check_reports(0);
}

static void *acquire_a(void *arg)
{
    threading_lock_acquire(&a);
    return arg;
}

CASE(lock_of_a_thread_that_ended_is_nobodys)
{
    watch("ended");
    in_thread("gone", acquire_a);
    threading_lock_acquire(&b);
    threading_lock_release(&a);
    threading_lock_release(&b);
    both(&b, &a);
    check_reports(0);
}

static void *foreign_take_ba(void *arg)
{
    return take_ba(arg);
}

CASE(foreign_threads_count)
{
    watch("foreign");
    take_ab(NULL);
    foreign_join(foreign_start(foreign_take_ba, NULL));
    CHECK_EQUAL(count_of("\"foreign\" ("), 1);
    check_reports(1);
}

/* ---- addresses and room ---- */

CASE(init_makes_another_lock)
{
    watch("init");
    both(&a, &b);
    CHECK_STATUS(threading_lock_init(&b), THREADING_OK);
    both(&b, &a);
    CHECK_EQUAL(reports(), 0);
    both(&a, &b);
    check_reports(1);
}

CASE(ten_thousand_locks_find_bounded_room)
{
    static threading_lock_t locks[10000];
    watch("room");
    for (int i = 0; i < 10000; i++)
        threading_lock_acquire(&locks[i]);
    for (int i = 0; i < 10000; i++)
        threading_lock_release(&locks[i]);
    CHECK_EQUAL(count_of("threading: order has no room left: "), 1);
    CHECK_EQUAL(reports(), 0);
    take_ab(NULL);
    take_ba(NULL);
    CHECK_EQUAL(count_of("threading: order has no room left: "), 1);
    CHECK_EQUAL(count_of("no room was left: "), 1);
    check_reports(1);
}

static threading_lock_t crowd_locks[32];

/* Each pair in the order of its addresses, and some by a try in the other one. */
static void *crowd_takes(void *arg)
{
    unsigned int random = (unsigned int)(uintptr_t)arg * 2654435761u;
    for (int i = 0; i < (is_slow() ? 500 : 5000); i++) {
        random = random * 1103515245u + 12345u;
        unsigned int first = random >> 16 & 31, second = random >> 21 & 31;
        if (first < second)
            both(&crowd_locks[first], &crowd_locks[second]);
        threading_lock_acquire(&crowd_locks[first]);
        if (threading_lock_try_acquire(&crowd_locks[second]) == THREADING_OK)
            threading_lock_release(&crowd_locks[second]);
        threading_lock_release(&crowd_locks[first]);
    }
    return NULL;
}

CASE(many_threads_at_once_are_followed)
{
    threading_thread_t *threads[8];
    watch("crowd");
    for (uintptr_t i = 0; i < 8; i++)
        threads[i] = started(crowd_takes, (void *)(i + 1));
    for (int i = 0; i < 8; i++)
        finished(threads[i]);
    CHECK_EQUAL(reports(), 0);
    both(&crowd_locks[1], &crowd_locks[0]);
    CHECK(reports() == 1);
    check_reports(1);
}

/* ---- off again ---- */

CASE(nothing_is_told_unless_asked_for)
{
    watch("off");
    set_words("");
    if (threading_unload() != THREADING_OK)
        SKIP("the library cannot be used anew here");
    both(&a, &b);
    both(&b, &a);
    check_reports(0);
}
