/* SPDX-License-Identifier: MIT */
/* Locals that are destroyed, also while their threads end; thousands of locals; memory given back. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"

#include <stdlib.h>
#include <string.h>

static atomic_int inits;
static atomic_int finis;
static atomic_int ready;   /* threads that have used what they shall use */
static atomic_int arrived; /* of meet() */
static atomic_bool stop;
static threading_lock_t gate;
static uint32_t destroyer; /* the only ident that may finalise, if not 0 */

struct value {
    size_t number;
    atomic_int *ended; /* if not NULL: to be counted up by the finaliser */
    unsigned char rest[48];
};

static void start_at_1000(void *copy)
{
    atomic_fetch_add(&inits, 1);
    ((struct value *)copy)->number = 1000;
}

static void count_fini(void *copy)
{
    struct value *value = copy;
    atomic_fetch_add(&finis, 1);
    if (value->ended != NULL)
        atomic_fetch_add(value->ended, 1);
    if (destroyer != 0)
        CHECK_EQUAL(threading_get_ident(), destroyer);
}

static threading_local_t counted = THREADING_LOCAL_INIT_WITH(struct value, start_at_1000, count_fini);

static struct value *value_of(threading_local_t *local)
{
    struct value *mine = threading_local_get(local);
    CHECK(mine != NULL);
    return mine;
}

static void destroy(threading_local_t *local)
{
    CHECK_STATUS(threading_local_destroy(local), THREADING_OK);
}

static threading_local_t *new_locals(size_t count, void (*init)(void *), void (*fini)(void *))
{
    threading_local_t *locals = malloc(count * sizeof *locals);
    CHECK(locals != NULL);
    for (size_t i = 0; i < count; i++)
        CHECK_STATUS(threading_local_init(&locals[i], sizeof(struct value), init, fini), THREADING_OK);
    return locals;
}

/* Uses the local, waits at the gate, and finds it as new if it was destroyed meanwhile. */
static void *use_wait_and_find_it_new(void *arg)
{
    CHECK_EQUAL(value_of(&counted)->number++, 1000);
    atomic_fetch_add(&ready, 1);
    gate_pass(&gate);
    CHECK_EQUAL(value_of(&counted)->number, 1000);
    return arg;
}

CASE(destroy_ends_the_copies_of_threads_that_live)
{
    threading_thread_t *threads[5];
    gate_close(&gate);
    start_many(threads, 5, use_wait_and_find_it_new, NULL);
    foreign_t *foreign = foreign_start(use_wait_and_find_it_new, NULL);
    AWAIT(atomic_load(&ready) == 6);
    CHECK_EQUAL(value_of(&counted)->number, 1000);
    destroyer = threading_get_ident();
    destroy(&counted);
    destroyer = 0;
    CHECK_EQUAL(atomic_load(&inits), 7);
    CHECK_EQUAL(atomic_load(&finis), 7);
    gate_open(&gate);
    finish_many(threads, 5);
    foreign_join(foreign);
    CHECK_EQUAL(atomic_load(&inits), 13);
    CHECK_EQUAL(atomic_load(&finis), 13);
}

static void *destroy_it(void *local)
{
    destroyer = threading_get_ident();
    destroy(local);
    destroyer = 0;
    return NULL;
}

CASE(destroy_by_another_thread_finalises_there)
{
    (void)value_of(&counted);
    finished(started(destroy_it, &counted));
    CHECK_EQUAL(atomic_load(&finis), 1);
    (void)value_of(&counted);
    foreign_join(foreign_start(destroy_it, &counted));
    CHECK_EQUAL(atomic_load(&finis), 2);
}

CASE(destroyed_local_is_as_new)
{
    for (int round = 1; round <= 10; round++) {
        CHECK_EQUAL(value_of(&counted)->number++, 1000);
        CHECK_EQUAL(value_of(&counted)->number, 1001);
        destroy(&counted);
        CHECK_EQUAL(atomic_load(&inits), round);
        CHECK_EQUAL(atomic_load(&finis), round);
    }
}

CASE(destroy_without_copies_is_ok)
{
    destroy(&counted);
    destroy(&counted);
    (void)value_of(&counted);
    destroy(&counted);
    destroy(&counted);
    CHECK_EQUAL(atomic_load(&finis), 1);
}

CASE(destroy_leaves_other_locals_alone)
{
    threading_local_t *locals = new_locals(100, NULL, count_fini);
    for (size_t i = 0; i < 100; i++)
        value_of(&locals[i])->number = i;
    for (size_t i = 0; i < 100; i += 2)
        destroy(&locals[i]);
    CHECK_EQUAL(atomic_load(&finis), 50);
    for (size_t i = 0; i < 100; i++)
        CHECK_EQUAL(value_of(&locals[i])->number, i % 2 == 0 ? 0 : i);
    for (size_t i = 0; i < 100; i++)
        destroy(&locals[i]);
    CHECK_EQUAL(atomic_load(&finis), 150);
    free(locals);
}

/* Locals that come to lie where others were, used by a thread that had used those, too. */
static threading_local_t *recycled;

static void *use_recycled_at_gate(void *arg)
{
    for (size_t i = 0; i < 10; i++)
        value_of(&recycled[i])->number = 7;
    atomic_fetch_add(&ready, 1);
    gate_pass(&gate);
    for (size_t i = 0; i < 10; i++)
        CHECK_EQUAL(value_of(&recycled[i])->number, 0);
    return arg;
}

/* CPython: test_threading_local.BaseLocalTest.test_derived_cycle_dealloc */
CASE(local_in_the_place_of_a_destroyed_one_starts_empty)
{
    gate_close(&gate);
    recycled = new_locals(10, NULL, NULL);
    threading_thread_t *thread = started(use_recycled_at_gate, NULL);
    AWAIT(atomic_load(&ready) == 1);
    for (size_t i = 0; i < 10; i++) {
        value_of(&recycled[i])->number = 8;
        destroy(&recycled[i]);
        memset(&recycled[i], 0xff, sizeof *recycled);
        CHECK_STATUS(threading_local_init(&recycled[i], sizeof(struct value), NULL, NULL), THREADING_OK);
        CHECK_EQUAL(value_of(&recycled[i])->number, 0);
    }
    gate_open(&gate);
    finished(thread);
    for (size_t i = 0; i < 10; i++)
        destroy(&recycled[i]);
    free(recycled);
}

/* Threads end while their copies are destroyed, and the memory of the locals is freed at once. */
enum { RACERS = 3 };
static size_t race_count;
static threading_local_t *race_locals;
static atomic_int *race_ended; /* for each copy: how often it was finalised */
static atomic_int race_place;

static void *use_all_and_end(void *arg)
{
    size_t first = (size_t)atomic_fetch_add(&race_place, 1) * race_count;
    for (size_t i = 0; i < race_count; i++)
        value_of(&race_locals[i])->ended = &race_ended[first + i];
    meet(&arrived, RACERS + 1);
    return arg;
}

/* CPython: test_threading_local.BaseLocalTest.test_threading_local_clear_race */
CASE(each_copy_is_finalised_once_if_its_thread_ends_meanwhile)
{
    race_count = is_slow() ? 200 : 1000;
    for (int round = 0; round < (is_slow() ? 10 : 50); round++) {
        threading_thread_t *threads[RACERS];
        atomic_store(&race_place, 0);
        race_locals = new_locals(race_count, NULL, count_fini);
        race_ended = calloc(race_count * RACERS, sizeof *race_ended);
        CHECK(race_ended != NULL);
        start_many(threads, RACERS, use_all_and_end, NULL);
        meet(&arrived, RACERS + 1);
        for (size_t i = 0; i < race_count; i++)
            destroy(&race_locals[round % 2 ? i : race_count - 1 - i]);
        free(race_locals);
        finish_many(threads, RACERS);
        for (size_t i = 0; i < race_count * RACERS; i++)
            CHECK_EQUAL(atomic_load(&race_ended[i]), 1);
        free(race_ended);
    }
}

static void *use_all_at_once(void *arg)
{
    size_t place = (size_t)atomic_fetch_add(&race_place, 1);
    for (size_t i = 0; i < race_count; i++) {
        meet(&arrived, RACERS);
        struct value *mine = value_of(&race_locals[i]);
        CHECK_EQUAL(mine->number, 1000);
        mine->number = place * race_count + i;
    }
    for (size_t i = 0; i < race_count; i++)
        CHECK_EQUAL(value_of(&race_locals[i])->number, place * race_count + i);
    return arg;
}

CASE(first_uses_by_several_threads_at_once_all_work)
{
    threading_thread_t *threads[RACERS];
    race_count = is_slow() ? 100 : 500;
    race_locals = new_locals(race_count, start_at_1000, count_fini);
    start_many(threads, RACERS, use_all_at_once, NULL);
    finish_many(threads, RACERS);
    CHECK_EQUAL(atomic_load(&inits), race_count * RACERS);
    CHECK_EQUAL(atomic_load(&finis), race_count * RACERS);
    for (size_t i = 0; i < race_count; i++)
        destroy(&race_locals[i]);
    CHECK_EQUAL(atomic_load(&finis), race_count * RACERS);
    free(race_locals);
}

/* All values are written before the first is read again. */
struct many {
    threading_local_t *locals;
    size_t count;
};

static void *use_many(void *arg)
{
    const struct many *many = arg;
    size_t salt = threading_get_ident() * (size_t)7919;
    for (size_t i = 0; i < many->count; i++) {
        CHECK_EQUAL(value_of(&many->locals[i])->number, 0);
        value_of(&many->locals[i])->number = i + salt;
    }
    for (size_t i = 0; i < many->count; i++)
        CHECK_EQUAL(value_of(&many->locals[i])->number, i + salt);
    return NULL;
}

/* Makes, uses and destroys so many locals; other threads use them as well, and the caller as the last. */
static void come_and_go(size_t count, int users)
{
    threading_thread_t *threads[20];
    struct many many = {new_locals(count, NULL, count_fini), count};
    atomic_store(&finis, 0);
    start_many(threads, users, use_many, &many);
    finish_many(threads, users);
    CHECK_EQUAL(atomic_load(&finis), count * (size_t)users);
    (void)use_many(&many);
    for (size_t i = 0; i < count; i++)
        destroy(&many.locals[i]);
    CHECK_EQUAL(atomic_load(&finis), count * (size_t)(users + 1));
    free(many.locals);
}

CASE(twenty_thousand_locals_in_several_threads)
{
    come_and_go(is_slow() ? 3000 : 20000, 4);
}

CASE(two_thousand_locals_in_20_threads)
{
    come_and_go(is_slow() ? 500 : 2000, 20);
}

/* After a first time, which leaves what the library keeps, nothing more is kept. */
CASE(memory_is_given_back)
{
    size_t slack = 64 * 1024; /* the C library keeps some freed blocks for each thread, and calls them used */
    come_and_go(5000, 4);
    size_t before = allocated_bytes();
    if (before == 0)
        SKIP("it cannot be told here how much memory is allocated");
    for (int i = 0; i < 10; i++)
        come_and_go(5000, 4);
    CHECK(allocated_bytes() < before + slack);
}

static void *make_use_and_destroy(void *arg)
{
    for (size_t round = 0; round < (is_slow() ? 50 : 300); round++) {
        threading_local_t own[10];
        for (size_t i = 0; i < 10; i++) {
            CHECK_STATUS(threading_local_init(&own[i], sizeof(struct value), NULL, count_fini), THREADING_OK);
            value_of(&own[i])->number = round + i;
        }
        for (size_t i = 0; i < 10; i++) {
            CHECK_EQUAL(value_of(&own[i])->number, round + i);
            destroy(&own[i]);
        }
    }
    return arg;
}

static threading_local_t *lasting;

static void *use_lasting_ones(void *arg)
{
    for (size_t turn = 0; !atomic_load(&stop); turn++)
        for (size_t i = 0; i < 50; i++)
            CHECK_EQUAL(value_of(&lasting[i])->number++, turn);
    return arg;
}

CASE(locals_come_and_go_while_others_are_used)
{
    threading_thread_t *makers[4], *users[2];
    lasting = new_locals(50, NULL, NULL);
    start_many(users, 2, use_lasting_ones, NULL);
    start_many(makers, 4, make_use_and_destroy, NULL);
    finish_many(makers, 4);
    atomic_store(&stop, true);
    finish_many(users, 2);
    CHECK_EQUAL(atomic_load(&finis), 4 * 10 * (is_slow() ? 50 : 300));
    for (size_t i = 0; i < 50; i++)
        destroy(&lasting[i]);
    free(lasting);
}
