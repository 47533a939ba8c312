/* SPDX-License-Identifier: MIT */
/* Locals: one copy for each thread, made at its first use, finalised at its end or by destroy. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"

#include <stdlib.h>
#include <string.h>

struct school {
    const char *student;
    int marks;
    unsigned char rest[100];
};

static atomic_int inits;
static atomic_int finis;
static atomic_int ready; /* threads that have used the local */
static threading_lock_t gate;

static void count_init(void *copy)
{
    CHECK(is_zero(copy, sizeof(struct school)));
    atomic_fetch_add(&inits, 1);
    ((struct school *)copy)->marks = 100;
}

static void count_fini(void *copy)
{
    CHECK(copy != NULL);
    atomic_fetch_add(&finis, 1);
}

static threading_local_t plain = THREADING_LOCAL_INIT(struct school);
static threading_local_t counted = THREADING_LOCAL_INIT_WITH(struct school, count_init, count_fini);

static struct school *school_of(threading_local_t *local)
{
    struct school *mine = threading_local_get(local);
    CHECK(mine != NULL);
    return mine;
}

static void destroy(threading_local_t *local)
{
    CHECK_STATUS(threading_local_destroy(local), THREADING_OK);
}

/* In this thread the local is as if it had never been used. */
static void *find_it_empty(void *local)
{
    struct school *mine = school_of(local);
    CHECK(is_zero(mine, sizeof *mine));
    return NULL;
}

CASE(copy_is_zeroed)
{
    for (int i = 0; i < 10; i++) { /* memory that the allocator is likely to give again is not zero */
        void *dirty = malloc(sizeof(struct school) + 8 * (size_t)i);
        CHECK(dirty != NULL);
        memset(dirty, 0xff, sizeof(struct school));
        free(dirty);
    }
    (void)find_it_empty(&plain);
    finished(started(find_it_empty, &plain));
}

CASE(get_gives_the_same_copy_each_time)
{
    struct school *mine = school_of(&plain);
    memset(mine, 7, sizeof *mine);
    for (int i = 0; i < 100; i++)
        CHECK(threading_local_get(&plain) == mine);
    CHECK_EQUAL(mine->rest[99], 7);
}

static const char *greeted[2];

static void process_student(int place)
{
    struct school *mine = school_of(&plain);
    greeted[place] = mine->student;
}

static void *process_thread(void *name)
{
    school_of(&plain)->student = name;
    atomic_fetch_add(&ready, 1);
    AWAIT(atomic_load(&ready) == 2);
    process_student(strcmp(name, "Alice") == 0 ? 0 : 1);
    return NULL;
}

/* The program of the tutorial that most people know threading.local() from. */
CASE(alice_and_bob_each_see_their_own_student)
{
    static char alice[] = "Alice", bob[] = "Bob";
    threading_thread_t *threads[2] = {started(process_thread, alice), started(process_thread, bob)};
    finish_many(threads, 2);
    CHECK_TEXT(greeted[0], "Alice");
    CHECK_TEXT(greeted[1], "Bob");
}

static void *use_at_gate(void *local)
{
    struct school *mine = school_of(local);
    mine->marks += 5;
    atomic_fetch_add(&ready, 1);
    gate_pass(&gate);
    CHECK(threading_local_get(local) == mine);
    return NULL;
}

/* CPython: test_threading_local.BaseLocalTest.test_threading_local */
CASE(value_of_one_thread_is_invisible_in_others)
{
    school_of(&plain)->marks = 3;
    gate_close(&gate);
    threading_thread_t *other = started(use_at_gate, &plain);
    AWAIT(atomic_load(&ready) == 1);
    finished(started(find_it_empty, &plain));
    foreign_join(foreign_start(find_it_empty, &plain));
    CHECK_EQUAL(school_of(&plain)->marks, 3);
    gate_open(&gate);
    finished(other);
    finished(started(find_it_empty, &plain));
}

CASE(copies_are_aligned_for_any_type)
{
    union any {
        long double number;
        long long integer;
        void *object;
        void (*function)(void);
    };
    const size_t sizes[] = {1, 2, 3, 7, 8, 12, 16, 24, 31, 100, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        threading_local_t local;
        CHECK_STATUS(threading_local_init(&local, sizes[i], NULL, NULL), THREADING_OK);
        CHECK_EQUAL((uintptr_t)threading_local_get(&local) % _Alignof(union any), 0);
        destroy(&local);
    }
}

CASE(copy_may_be_large)
{
    threading_local_t local;
    CHECK_STATUS(threading_local_init(&local, 1 << 20, NULL, count_fini), THREADING_OK);
    unsigned char *copy = threading_local_get(&local);
    CHECK(copy != NULL && is_zero(copy, 1 << 20));
    memset(copy, 1, 1 << 20);
    destroy(&local);
    CHECK_EQUAL(atomic_load(&finis), 1);
}

CASE(object_is_small_and_may_be_made_of_garbage)
{
    threading_local_t local;
    CHECK(sizeof local <= 256);
    memset(&local, 0xa5, sizeof local);
    CHECK_STATUS(threading_local_init(&local, sizeof(struct school), count_init, count_fini), THREADING_OK);
    CHECK_EQUAL(school_of(&local)->marks, 100);
    destroy(&local);
    CHECK_EQUAL(atomic_load(&finis), 1);
}

CASE(size_0_and_null_give_no_copy)
{
    threading_local_t local;
    CHECK_STATUS(threading_local_init(&local, 0, count_init, count_fini), THREADING_OK);
    CHECK(threading_local_get(&local) == NULL);
    CHECK(threading_local_get(NULL) == NULL);
    destroy(&local);
    CHECK_STATUS(threading_local_destroy(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_local_init(NULL, 8, NULL, NULL), THREADING_INVALID);
    CHECK_EQUAL(atomic_load(&inits) + atomic_load(&finis), 0);
}

static void *use_counted(void *arg)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(school_of(&counted)->marks++, 100 + i);
    return arg;
}

static void init_slowly(void *copy)
{
    threading_sleep(0.001);
    count_init(copy);
}

static void *use_and_set(void *local)
{
    struct school *mine = school_of(local);
    CHECK_EQUAL(mine->marks, 100);
    mine->marks = (int)threading_get_ident();
    threading_sleep(0);
    CHECK(school_of(local) == mine);
    CHECK_EQUAL(mine->marks, (int)threading_get_ident());
    return NULL;
}

/* CPython: test_threading_local.BaseLocalTest.test_derived */
CASE(init_runs_once_in_each_thread_before_the_first_get_returns)
{
    static threading_local_t local = THREADING_LOCAL_INIT_WITH(struct school, init_slowly, count_fini);
    threading_thread_t *threads[10];
    CHECK_EQUAL(atomic_load(&inits), 0);
    start_many(threads, 10, use_and_set, &local);
    finish_many(threads, 10);
    CHECK_EQUAL(atomic_load(&inits), 10);
    foreign_join(foreign_start(use_and_set, &local));
    CHECK_EQUAL(atomic_load(&inits), 11);
    (void)use_and_set(&local);
    CHECK_EQUAL(atomic_load(&inits), 12);
    CHECK_EQUAL(atomic_load(&finis), 11);
}

CASE(thread_that_does_not_use_it_gets_no_copy)
{
    (void)school_of(&counted);
    finished(started(return_at_once, NULL));
    finished(started(find_it_empty, &plain));
    CHECK_EQUAL(atomic_load(&inits), 1);
    CHECK_EQUAL(atomic_load(&finis), 0);
}

static void init_by_get(void *copy);
static threading_local_t reflexive = THREADING_LOCAL_INIT_WITH(struct school, init_by_get, NULL);

static void init_by_get(void *copy)
{
    count_init(copy);
    CHECK(threading_local_get(&reflexive) == copy);
    (void)school_of(&plain);
}

CASE(init_may_get_the_same_local_and_others)
{
    CHECK_EQUAL(school_of(&reflexive)->marks, 100);
    finished(started(use_and_set, &reflexive));
    CHECK_EQUAL(atomic_load(&inits), 2);
}

static uint32_t fini_ident;
static threading_thread_t *fini_thread;
static int fini_marks;

static void note_who_and_what(void *copy)
{
    fini_ident = threading_get_ident();
    fini_thread = threading_current_thread();
    fini_marks = ((struct school *)copy)->marks;
    count_fini(copy);
}

static threading_local_t noting = THREADING_LOCAL_INIT_WITH(struct school, count_init, note_who_and_what);
static uint32_t target_ident;

static void *use_noting(void *arg)
{
    target_ident = threading_get_ident();
    school_of(&noting)->marks = 42;
    return arg;
}

static void fini_saw_its_thread_and_value(void)
{
    CHECK_EQUAL(atomic_load(&finis), 1);
    CHECK_EQUAL(fini_ident, target_ident);
    CHECK_EQUAL(fini_marks, 42);
}

CASE(fini_runs_in_the_ending_thread_and_sees_its_value)
{
    threading_thread_t *thread = started(use_noting, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    fini_saw_its_thread_and_value();
    CHECK(fini_thread == thread);
    CHECK_EQUAL(threading_thread_ident(thread), fini_ident);
    threading_thread_free(thread);
}

CASE(fini_runs_in_the_ending_foreign_thread)
{
    foreign_join(foreign_start(use_noting, NULL));
    fini_saw_its_thread_and_value();
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *use_noting_and_exit(void *arg)
{
    threading_exit(use_noting(arg));
}

CASE(fini_runs_at_threading_exit)
{
    finished(started(use_noting_and_exit, NULL));
    fini_saw_its_thread_and_value();
}

CASE(fini_runs_at_threading_exit_of_a_foreign_thread)
{
    foreign_join(foreign_start(use_noting_and_exit, NULL));
    fini_saw_its_thread_and_value();
}

CASE(fini_runs_when_nobody_joins)
{
    CHECK_STATUS(threading_start_new_thread(use_counted, NULL, NULL), THREADING_OK);
    AWAIT(atomic_load(&finis) == 1);
    threading_thread_free(started(use_counted, NULL));
    AWAIT(atomic_load(&finis) == 2);
}

/* CPython: test_threading_local.BaseLocalTest.test_local_refs */
CASE(fini_has_run_when_join_returns)
{
    for (int i = 1; i <= (is_slow() ? 50 : 170); i++) {
        finished(started(use_counted, NULL));
        CHECK_EQUAL(atomic_load(&finis), i);
    }
    CHECK_EQUAL(atomic_load(&inits), atomic_load(&finis));
}

/* CPython: test_threading.ThreadTests.test_foreign_thread, as locals go */
CASE(foreign_thread_gets_a_copy_but_no_dummy)
{
    gate_close(&gate);
    foreign_t *thread = foreign_start(use_at_gate, &counted);
    AWAIT(atomic_load(&ready) == 1);
    CHECK_EQUAL(threading_active_count(), 1);
    gate_open(&gate);
    foreign_join(thread);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(atomic_load(&finis), 1);
}

/* Each link's finaliser makes the copy of the next, which did not exist before. */
enum { LINKS = 10 };
static threading_local_t chain[LINKS];

static void make_next_link(void *copy)
{
    int place = ((struct school *)copy)->marks;
    CHECK_EQUAL(place, atomic_fetch_add(&finis, 1));
    if (place + 1 < LINKS)
        school_of(&chain[place + 1])->marks = place + 1;
}

static void *use_first_link(void *arg)
{
    school_of(&chain[0])->marks = 0;
    return arg;
}

CASE(copies_made_by_finalisers_are_finalised_too)
{
    for (int i = 0; i < LINKS; i++)
        CHECK_STATUS(threading_local_init(&chain[i], sizeof(struct school), NULL, make_next_link),
                     THREADING_OK);
    finished(started(use_first_link, NULL));
    CHECK_EQUAL(atomic_exchange(&finis, 0), LINKS);
    foreign_join(foreign_start(use_first_link, NULL));
    CHECK_EQUAL(atomic_exchange(&finis, 0), LINKS);
}

static void make_it_anew(void *copy);
static threading_local_t phoenix = THREADING_LOCAL_INIT_WITH(struct school, count_init, make_it_anew);

static void make_it_anew(void *copy)
{
    CHECK_EQUAL(((struct school *)copy)->marks, 101);
    if (atomic_fetch_add(&finis, 1) + 1 < 10) {
        CHECK(threading_local_get(&phoenix) != copy);
        school_of(&phoenix)->marks++;
    }
}

static void *use_phoenix(void *arg)
{
    school_of(&phoenix)->marks++;
    return arg;
}

CASE(copy_made_anew_by_its_own_finaliser_is_finalised_too)
{
    finished(started(use_phoenix, NULL));
    CHECK_EQUAL(atomic_load(&inits), 10);
    CHECK_EQUAL(atomic_load(&finis), 10);
}

CASE(copy_made_anew_while_destroying_is_finalised_too)
{
    (void)use_phoenix(NULL);
    destroy(&phoenix);
    CHECK_EQUAL(atomic_load(&inits), 10);
    CHECK_EQUAL(atomic_load(&finis), 10);
}

static void destroy_the_other(void *copy)
{
    destroy(&counted);
    count_fini(copy);
}

static void destroy_itself(void *copy);
static threading_local_t destroying = THREADING_LOCAL_INIT_WITH(struct school, NULL, destroy_the_other);
static threading_local_t suicidal = THREADING_LOCAL_INIT_WITH(struct school, NULL, destroy_itself);

static void destroy_itself(void *copy)
{
    destroy(&suicidal);
    count_fini(copy);
}

static void *use_both(void *arg)
{
    (void)school_of(&counted);
    (void)school_of(arg);
    (void)school_of(&counted);
    return NULL;
}

CASE(finaliser_may_destroy_another_local)
{
    (void)school_of(&counted);
    finished(
        started(use_both, &destroying)); /* its own copy of `counted`, main's, and that of `destroying` */
    CHECK_EQUAL(atomic_exchange(&finis, 0), 3);
    CHECK_EQUAL(atomic_load(&inits), 2);
    CHECK_EQUAL(school_of(&counted)->marks, 100);
    CHECK_EQUAL(atomic_load(&inits), 3);
}

CASE(finaliser_may_destroy_its_own_local)
{
    finished(started(use_both, &suicidal));
    CHECK_EQUAL(atomic_load(&finis), 2);
    finished(started(find_it_empty, &suicidal));
}

static void start_and_join(void *copy)
{
    CHECK_EQUAL(((struct school *)copy)->marks, 1);
    finished(started(use_counted, NULL));
    count_fini(copy);
}

static void *use_one_whose_fini_starts_a_thread(void *local)
{
    school_of(local)->marks = 1;
    return NULL;
}

static threading_local_t starting = THREADING_LOCAL_INIT_WITH(struct school, NULL, start_and_join);

CASE(finaliser_may_start_and_join_a_thread)
{
    finished(started(use_one_whose_fini_starts_a_thread, &starting));
    CHECK_EQUAL(atomic_load(&finis), 2);
}

CASE(finaliser_of_a_foreign_thread_may_start_and_join_a_thread)
{
    needs_free_thread_ends();
    foreign_join(foreign_start(use_one_whose_fini_starts_a_thread, &starting));
    CHECK_EQUAL(atomic_load(&finis), 2);
    CHECK_EQUAL(threading_active_count(), 1);
}
