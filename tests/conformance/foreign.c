/* SPDX-License-Identifier: MIT */
/* Threads that the library did not start, and their Dummies. */
#include "conformance.h"
#include "gate.h"

#include <string.h>

/* A foreign thread that becomes known and stays until its gate is opened. */
struct guest {
    threading_lock_t gate;
    atomic_bool known;
    threading_thread_t *dummy; /* retained */
    uint32_t ident;
    uint64_t native_id;
    foreign_t *native;
};

static void *become_known(void *arg)
{
    struct guest *guest = arg;
    guest->ident = threading_get_ident();
    guest->dummy = threading_thread_retain(threading_current_thread());
    guest->native_id = threading_get_native_id();
    CHECK_EQUAL(threading_get_ident(), guest->ident);
    CHECK(threading_current_thread() == guest->dummy);
    atomic_store(&guest->known, true);
    gate_pass(&guest->gate);
    return NULL;
}

static void guest_comes(struct guest *guest)
{
    gate_close(&guest->gate);
    guest->native = foreign_start(become_known, guest);
    AWAIT(atomic_load(&guest->known));
    CHECK(guest->dummy != NULL);
}

static void guest_goes(struct guest *guest)
{
    gate_open(&guest->gate);
    foreign_join(guest->native);
}

static void guest_goes_for_good(struct guest *guest)
{
    guest_goes(guest);
    threading_thread_free(guest->dummy);
}

/* CPython: test_threading.ThreadTests.test_foreign_thread */
CASE(foreign_thread_that_asks_becomes_a_dummy)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK(strncmp(threading_thread_name(guest.dummy), "Dummy-", 6) == 0);
    CHECK(threading_thread_daemon(guest.dummy));
    CHECK(threading_thread_is_alive(guest.dummy));
    CHECK(guest.dummy != threading_main_thread());
    guest_goes_for_good(&guest);
}

/* CPython: test_threading.ThreadTests.test_foreign_thread */
CASE(dummy_is_listed_and_counted)
{
    static struct guest guest;
    threading_thread_t *listed[2] = {NULL, NULL};
    guest_comes(&guest);
    CHECK_EQUAL(threading_active_count(), 2);
    CHECK_EQUAL(threading_enumerate(listed, 2), 2);
    CHECK(listed[0] == threading_main_thread());
    CHECK(listed[1] == guest.dummy);
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
    guest_goes_for_good(&guest);
}

/* CPython: test_threading.ThreadTests.test_ident_of_no_threading_threads */
CASE(dummy_has_the_ids_of_its_thread)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK(guest.ident != 0 && guest.ident != threading_get_ident());
    CHECK_EQUAL(threading_thread_ident(guest.dummy), guest.ident);
    CHECK_EQUAL(threading_thread_native_id(guest.dummy), guest.native_id);
    guest_goes_for_good(&guest);
}

CASE(dummy_goes_when_its_thread_ends)
{
    static struct guest guest;
    guest_comes(&guest);
    guest_goes_for_good(&guest);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(threading_enumerate(NULL, 0), 1);
}

CASE(dummys_handle_stays_safe_after_its_end)
{
    static struct guest guest;
    char name[32];
    guest_comes(&guest);
    snprintf(name, sizeof name, "%s", threading_thread_name(guest.dummy));
    guest_goes(&guest);
    CHECK(!threading_thread_is_alive(guest.dummy));
    CHECK_TEXT(threading_thread_name(guest.dummy), name);
    CHECK_EQUAL(threading_thread_ident(guest.dummy), guest.ident);
    CHECK_EQUAL(threading_thread_native_id(guest.dummy), guest.native_id);
    CHECK(threading_thread_daemon(guest.dummy));
    threading_thread_free(guest.dummy);
}

static void check_that_joins_are_refused(threading_thread_t *dummy)
{
    CHECK_STATUS(threading_thread_join(dummy), THREADING_INVALID);
    CHECK_STATUS(threading_thread_try_join(dummy), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join_timeout(dummy, 0), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join_timeout(dummy, 0.001), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join_timeout(dummy, THREADING_FOREVER), THREADING_INVALID);
}

/* CPython: test_threading.ThreadTests.test_foreign_thread */
CASE(dummy_cannot_be_joined)
{
    static struct guest guest;
    guest_comes(&guest);
    check_that_joins_are_refused(guest.dummy);
    guest_goes(&guest);
    check_that_joins_are_refused(guest.dummy);
    threading_thread_free(guest.dummy);
}

CASE(dummy_cannot_be_started)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK_STATUS(threading_thread_start(guest.dummy), THREADING_ALREADY_STARTED);
    guest_goes(&guest);
    CHECK_STATUS(threading_thread_start(guest.dummy), THREADING_ALREADY_STARTED);
    threading_thread_free(guest.dummy);
}

CASE(dummy_stays_a_daemon)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK_STATUS(threading_thread_set_daemon(guest.dummy, false), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_set_daemon(guest.dummy, true), THREADING_ALREADY_STARTED);
    CHECK(threading_thread_daemon(guest.dummy));
    guest_goes(&guest);
    CHECK_STATUS(threading_thread_set_daemon(guest.dummy, false), THREADING_ALREADY_STARTED);
    threading_thread_free(guest.dummy);
}

CASE(dummy_has_no_result)
{
    static struct guest guest;
    void *result = &guest;
    guest_comes(&guest);
    CHECK_STATUS(threading_thread_result(guest.dummy, &result), THREADING_INVALID);
    guest_goes(&guest);
    CHECK_STATUS(threading_thread_result(guest.dummy, &result), THREADING_INVALID);
    CHECK(result == &guest);
    threading_thread_free(guest.dummy);
}

CASE(dummy_can_be_renamed)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK_STATUS(threading_thread_set_name(guest.dummy, "visitor"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(guest.dummy), "visitor");
    guest_goes(&guest);
    CHECK_TEXT(threading_thread_name(guest.dummy), "visitor");
    threading_thread_free(guest.dummy);
}

CASE(dummys_wrong_timeout_is_told_first)
{
    static struct guest guest;
    guest_comes(&guest);
    CHECK_STATUS(threading_thread_join_timeout(guest.dummy, THREADING_TIMEOUT_MAX + 1), THREADING_OVERFLOW);
    CHECK_STATUS(threading_thread_join_timeout(guest.dummy, -2), THREADING_INVALID);
    guest_goes_for_good(&guest);
}

CASE(dummies_and_threads_are_numbered_together)
{
    static struct guest guests[2];
    threading_thread_t *first = threading_thread_new(NULL, NULL, NULL);
    guest_comes(&guests[0]);
    threading_thread_t *third = threading_thread_new(NULL, NULL, NULL);
    guest_comes(&guests[1]);
    CHECK_TEXT(threading_thread_name(first), "Thread-1");
    CHECK_TEXT(threading_thread_name(guests[0].dummy), "Dummy-2");
    CHECK_TEXT(threading_thread_name(third), "Thread-3");
    CHECK_TEXT(threading_thread_name(guests[1].dummy), "Dummy-4");
    guest_goes_for_good(&guests[0]);
    guest_goes_for_good(&guests[1]);
    threading_thread_free(first);
    threading_thread_free(third);
}

CASE(each_foreign_thread_has_a_dummy_of_its_own)
{
    enum { count = 8 };
    static struct guest guests[count];
    for (size_t i = 0; i < count; i++) {
        guest_comes(&guests[i]);
        CHECK_EQUAL(threading_active_count(), i + 2);
        for (size_t j = 0; j < i; j++)
            CHECK(guests[i].dummy != guests[j].dummy && guests[i].ident != guests[j].ident);
    }
    for (size_t i = 0; i < count; i++) {
        guest_goes_for_good(&guests[i]);
        CHECK_EQUAL(threading_active_count(), count - i);
    }
}

static threading_lock_t contended_lock;
static threading_rlock_t contended_rlock;
static atomic_bool waiting;

THREADING_NO_ANALYSIS static void *use_all_but_the_object(void *arg)
{
    threading_lock_t lock = {0};
    threading_rlock_t rlock = {0, 0};
    CHECK(threading_get_ident() != 0);
    (void)threading_get_native_id();
    CHECK(threading_monotonic() >= 0);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&contended_rlock, 0.001), THREADING_TIMEOUT);
    atomic_store(&waiting, true);
    gate_pass(&contended_lock);
    CHECK_STATUS(threading_rlock_acquire(&contended_rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&contended_rlock), THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(threading_enumerate(NULL, 0), 1);
    CHECK(threading_main_thread() != NULL);
    CHECK_EQUAL(threading_active_count(), 1);
    return arg;
}

/* CPython: lock_tests.BaseLockTests.test_thread_leak */
CASE(locks_and_idents_make_no_dummy)
{
    gate_close(&contended_lock);
    CHECK_STATUS(threading_rlock_acquire(&contended_rlock), THREADING_OK);
    foreign_t *guest = foreign_start(use_all_but_the_object, NULL);
    AWAIT(atomic_load(&waiting));
    CHECK_EQUAL(threading_active_count(), 1);
    gate_open(&contended_lock);
    CHECK_STATUS(threading_rlock_release(&contended_rlock), THREADING_OK);
    foreign_join(guest);
    threading_thread_t *next = threading_thread_new(NULL, NULL, NULL);
    CHECK_TEXT(threading_thread_name(next), "Thread-1");
    threading_thread_free(next);
}

static void *make_threads(void *arg)
{
    threading_thread_t *inherits = threading_thread_new(return_at_once, NULL, NULL);
    threading_thread_t *differs = threading_thread(return_at_once, NULL, .daemon = THREADING_NOT_DAEMON);
    CHECK(threading_thread_daemon(inherits));
    CHECK(!threading_thread_daemon(differs));
    CHECK_STATUS(threading_thread_start(inherits), THREADING_OK);
    CHECK_STATUS(threading_thread_start(differs), THREADING_OK);
    CHECK(threading_thread_daemon(inherits));
    finished(inherits);
    finished(differs);
    return arg;
}

/* CPython: test_threading.ThreadTests.test_daemon_param */
CASE(foreign_thread_passes_on_daemon)
{
    foreign_join(foreign_start(make_threads, NULL));
}

static void *become_known_and_make_threads(void *arg)
{
    CHECK(threading_thread_daemon(threading_current_thread()));
    return make_threads(arg);
}

CASE(known_foreign_thread_passes_on_daemon)
{
    foreign_join(foreign_start(become_known_and_make_threads, NULL));
}

static uint32_t foreign_ident;

static void *note_ident(void *arg)
{
    foreign_ident = threading_get_ident();
    return arg;
}

CASE(foreign_threads_idents_are_not_given_again)
{
    uint32_t last = threading_get_ident();
    for (int i = 0; i < (is_slow() ? 100 : 300); i++) {
        foreign_join(foreign_start(note_ident, NULL));
        CHECK(foreign_ident > last);
        finished(started(note_ident, NULL));
        CHECK(foreign_ident > last + 1);
        last = foreign_ident;
    }
}

static void *ask_and_go(void *arg)
{
    CHECK(threading_current_thread() != NULL);
    return arg;
}

static size_t memory_after_guests(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        foreign_join(foreign_start(ask_and_go, NULL));
        CHECK_EQUAL(threading_active_count(), 1);
    }
    return allocated_bytes();
}

CASE(dummies_leave_no_memory_behind)
{
    size_t before = memory_after_guests(100);
    size_t after = memory_after_guests(is_slow() ? 400 : 1000);
    CHECK(after <= before + 16384);
}

static atomic_int guests_left;

static void *many_guests(void *arg)
{
    for (int i = 0; i < 200; i++)
        foreign_join(foreign_start(ask_and_go, NULL));
    atomic_fetch_sub(&guests_left, 1);
    return arg;
}

CASE(dummies_come_and_go_beside_enumerate)
{
    foreign_t *hosts[3];
    atomic_store(&guests_left, 3);
    for (size_t i = 0; i < 3; i++)
        hosts[i] = foreign_start(many_guests, NULL);
    while (atomic_load(&guests_left) > 0) {
        threading_thread_t *listed[8] = {NULL};
        size_t count = threading_enumerate(listed, 8);
        CHECK(count >= 1 && count <= 4);
        CHECK(listed[0] == threading_main_thread());
        for (size_t i = 1; i < count; i++)
            CHECK(strncmp(threading_thread_name(listed[i]), "Dummy-", 6) == 0);
        for (size_t i = 0; i < count; i++)
            threading_thread_free(listed[i]);
    }
    for (size_t i = 0; i < 3; i++)
        foreign_join(hosts[i]);
    CHECK_EQUAL(threading_active_count(), 1);
}
