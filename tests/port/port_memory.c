/* SPDX-License-Identifier: MIT */
/* The seam: memory that is not malloc's, the user's error codes, and whether a thread is gone. */
#include "port_support.h"

#include <errno.h>
#include <string.h>

CASE(pages_are_zero_and_the_callers_alone)
{
    enum { count = 50, size = 16384 };
    unsigned char *pages[count];
    for (int i = 0; i < count; i++) {
        pages[i] = ti_port_pages(size);
        CHECK(pages[i] != NULL && (uintptr_t)pages[i] % _Alignof(max_align_t) == 0);
        for (int j = 0; j < size; j++)
            CHECK_EQUAL(pages[i][j], 0);
        memset(pages[i], i + 1, size);
    }
    for (int i = 0; i < count; i++)
        CHECK(pages[i][0] == i + 1 && pages[i][size - 1] == i + 1);
}

CASE(pages_of_odd_sizes_are_aligned)
{
    for (size_t size = 1; size < 100; size += 7) {
        void *memory = ti_port_pages(size);
        CHECK(memory != NULL && (uintptr_t)memory % _Alignof(max_align_t) == 0);
    }
}

CASE(kept_errors_are_there_again)
{
    errno = EDOM;
    ti_port_errors errors = ti_port_errors_keep();
    errno = ERANGE;
    ti_port_errors_restore(errors);
    CHECK_EQUAL(errno, EDOM);
}

/* ---- whether a thread is gone ---- */

static atomic_bool gate_is_open;
static atomic_int known;
static uint64_t lives[8];

static void live(void *arg)
{
    *(uint64_t *)arg = ti_port_life();
    atomic_fetch_add(&known, 1);
    while (!atomic_load(&gate_is_open))
        ti_port_sleep(ti_port_now() + MILLISECOND);
}

static void *live_as_a_foreigner(void *arg)
{
    live(arg);
    return NULL;
}

static void needs_lives(void)
{
    uint64_t own = ti_port_life();
    if (own == 0)
        SKIP("this backend cannot tell whether a thread is gone");
    ti_port_life_end(own);
}

CASE(life_is_over_when_a_thread_is_gone_and_not_before)
{
    ti_port_thread threads[4];
    foreign_t *foreign[4];
    needs_lives();
    for (int i = 0; i < 4; i++) {
        begin(&threads[i], live, &lives[i]);
        foreign[i] = foreign_start(live_as_a_foreigner, &lives[4 + i]);
    }
    AWAIT(atomic_load(&known) == 8);
    for (int i = 0; i < 8; i++)
        CHECK(lives[i] != 0 && !ti_port_life_is_over(lives[i]));
    atomic_store(&gate_is_open, true);
    for (int i = 0; i < 4; i++) {
        ti_port_thread_join(&threads[i]);
        foreign_join(foreign[i]);
    }
    for (int i = 0; i < 8; i++) {
        AWAIT(ti_port_life_is_over(lives[i]));
        ti_port_life_end(lives[i]);
    }
}

/* As for pointer_is_left_…, but the thread comes back when it has left. */
static native_key_t *key;
static int values[2];
static atomic_int left;

static void leave(void *self)
{
    *(int *)self += 1;
    atomic_fetch_add(&left, 1);
}

static void come_back(void *round)
{
    void *self = &values[1];
    if (ti_port_self() == NULL && ti_port_self_recall() == NULL)
        (void)ti_port_set_self(self, leave);
    if ((intptr_t)round < native_key_rounds())
        native_key_set(key, (void *)((intptr_t)round + 1));
}

static void be_someone(void *self)
{
    CHECK(ti_port_set_self(self, leave));
    native_key_set(key, (void *)1);
}

/* Whether it is called for one that comes back depends on the order of destructors; never twice for one coming. */
CASE(thread_that_comes_back_is_left_at_most_once_more)
{
    needs_last_destructors();
    key = native_key_new(come_back);
    for (int i = 0; i < 20; i++) {
        int before = values[1];
        run_thread(be_someone, &values[0]);
        CHECK_EQUAL(values[0], i + 1);
        CHECK(values[1] <= before + 1);
    }
    CHECK_EQUAL(atomic_load(&left), values[0] + values[1]);
}
