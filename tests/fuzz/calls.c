/* SPDX-License-Identifier: MIT */
/* The program: families take turns by chance, and so do actors. calls.h says what is compared. */
#include "calls.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calls_check.h"
#include "conformance.h" /* foreign_start() and its like */

static const family_t *const families[] = {
    &lock_family,    &rlock_family,  &condition_family, &semaphore_family, &bounded_family,  &event_family,
    &barrier_family, &once_family,   &rwlock_family,    &local_family,     &stop_family,     &thread_family,
    &queue_family,   &future_family, &futures_family,   &wait_any_family,  &executor_family, &group_family,
    &loop_family,    &module_family, &diagnosis_family};
enum { FAMILIES = sizeof families / sizeof families[0], STRETCH = 300 };

/* One of the threads that act. Main is the first; the second is a thread of the library's; the third a
 * foreign one. */
typedef struct actor {
    threading_thread_t *thread;
    foreign_t *foreign;
    person_t person;
    uint32_t ident;
    threading_lock_t bell; /* rung when it is its turn */
    bool shall_leave, has_left;
    bool is_known; /* a foreign one that has a Dummy */
} actor_t;

static actor_t cast[ACTORS];
static person_t persons; /* how many there have been */
static int actor_count, turn;
static uint64_t calls_to_make;

/* ------------------------------------------------------------------------------------- actors */

int acting(void)
{
    return turn;
}

person_t me(void)
{
    return cast[turn].person;
}

bool is_turn_of_caller(void)
{
    return threading_get_ident() == cast[turn].ident;
}

bool is_alive(person_t person)
{
    for (int i = 0; i < ACTORS; i++)
        if (person != 0 && cast[i].person == person)
            return true;
    return false;
}

bool has_threads(void)
{
    return actor_count > 0;
}

int actors(void)
{
    return actor_count > 0 ? actor_count : 1;
}

bool is_foreign(void)
{
    return cast[turn].foreign != NULL;
}

void dummy_is_known(void)
{
    cast[turn].is_known = true;
}

unsigned actors_listed(void)
{
    unsigned count = 1;
    for (int i = 1; i < ACTORS; i++)
        count += cast[i].thread != NULL || cast[i].is_known;
    return count;
}

threading_thread_t *handle_of(int actor)
{
    return actor == 0 ? threading_main_thread() : cast[actor].thread;
}

static void pass_to(int next)
{
    turn = next;
    (void)threading_lock_release(&cast[next].bell);
}

static void await_turn(int self)
{
    (void)threading_lock_acquire(&cast[self].bell);
    MUST(turn == self);
    cast[self].ident = threading_get_ident();
}

/* ------------------------------------------------------------------------------------- acting */

static unsigned weights(void)
{
    unsigned sum = 0;
    for (int i = 0; i < FAMILIES; i++)
        sum += families[i]->starts_threads && !has_threads() ? 0 : families[i]->weight;
    return sum;
}

static const family_t *any_family(void)
{
    unsigned at = below(weights());
    int i = 0;
    while (families[i]->starts_threads && !has_threads())
        i++;
    while (at >= families[i]->weight) {
        at -= families[i]->weight;
        do
            i++;
        while (families[i]->starts_threads && !has_threads());
    }
    return families[i];
}

static bool is_enough(void)
{
    return calls_made() >= calls_to_make;
}

static void act(void)
{
    for (uint32_t i = below(STRETCH); i > 0 && !is_enough(); i--)
        any_family()->step();
}

void leave_now(void)
{
    cast[turn].has_left = true;
    bool by_call = cast[turn].thread != NULL && chance(2);
    pass_to(0);
    if (by_call)
        threading_exit(NULL);
    foreign_exit();
}

static void *play(void *arg)
{
    actor_t *self = arg;
    int index = (int)(self - cast);
    for (;;) {
        await_turn(index);
        if (self->shall_leave)
            break;
        act();
        pass_to(is_enough() ? 0 : (int)below((uint32_t)actor_count));
    }
    self->has_left = true;
    pass_to(0);
    return arg;
}

/* -------------------------------------------------------------------------------------- main */

static void enter(int i)
{
    actor_t *actor = &cast[i];
    memset(actor, 0, sizeof *actor);
    (void)threading_lock_acquire(&actor->bell);
    actor->person = ++persons;
    actor->ident = threading_get_ident(); /* main's; the others know theirs when their turn comes */
    if (i == 2) {
        actor->foreign = foreign_start(play, actor);
    } else if (i == 1) {
        actor->thread = threading_thread_new(play, actor, NULL);
        MUST(threading_thread_start(actor->thread) == THREADING_OK);
    }
}

/* Its thread is over, or about to be. */
static void clear_away(int i)
{
    actor_t *actor = &cast[i];
    person_t person = actor->person;
    if (actor->foreign != NULL)
        foreign_join(actor->foreign);
    else {
        while (threading_thread_join_timeout(actor->thread, 60) == THREADING_CANCELLED)
            (void)threading_sleep(0); /* main heeds a stop that is requested */
        threading_thread_free(actor->thread);
    }
    actor->thread = NULL;
    actor->foreign = NULL;
    actor->is_known = false;
    actor->person = 0;
    for (int k = 0; k < FAMILIES; k++)
        if (families[k]->left != NULL)
            families[k]->left(person, i);
}

/* Lets another one act until it is main's turn again. */
static void hand_over(int i)
{
    pass_to(i);
    await_turn(0);
    for (int k = 1; k < ACTORS; k++)
        if (cast[k].has_left) {
            clear_away(k);
            enter(k);
        }
}

static void play_main(void)
{
    enter(0);
    for (int i = 1; i < actor_count; i++)
        enter(i);
    while (!is_enough()) {
        act();
        int next = (int)below((uint32_t)actors());
        if (next == 0)
            continue;
        cast[next].shall_leave = chance(40);
        hand_over(next);
    }
}

static void end(void)
{
    for (int i = 1; i < actor_count; i++) {
        cast[i].shall_leave = true;
        pass_to(i);
        await_turn(0);
        clear_away(i);
    }
    for (int k = 0; k < FAMILIES; k++)
        if (families[k]->end != NULL)
            families[k]->end();
    MUST(threading_active_count() == 1);
}

/* Nothing is left: the library can be unloaded, where it can say so. */
static void unload(void)
{
    threading_status_t status;
    for (int i = 0; (status = threading_unload()) == THREADING_BUSY && i < 1000; i++)
        (void)threading_sleep(0.001);
    bool is_c11 =
        strcmp(threading_backend(), "c11") == 0; /* which knows of no thread's end that nobody joins */
    MUST(status == THREADING_OK || status == THREADING_UNSUPPORTED || is_c11);
}

/* What foreign_start() and its like check. */
void check_failed(const char *file, int line, const char *what, const char *detail)
{
    (void)detail;
    must_failed(what, file, line);
}

void check_equal(const char *file, int line, const char *what, intmax_t actual, intmax_t expected)
{
    if (actual != expected)
        must_failed(what, file, line);
}

/* The environment's comes before the program's argument. */
static uint64_t seed_of(const char *argument)
{
    const char *seed = getenv("THREADING_FUZZ_SEED");
    if (seed == NULL)
        seed = argument;
    return strcmp(seed, "time") == 0 ? (uint64_t)time(NULL) : strtoull(seed, NULL, 10);
}

int main(int count, char **arguments)
{
    uint64_t seed = seed_of(count > 1 ? arguments[1] : "1");
    calls_to_make = count > 2 ? strtoull(arguments[2], NULL, 10) : 1000000;
    actor_count = count > 3 ? atoi(arguments[3]) : ACTORS;
    if (actor_count < 0 || actor_count > ACTORS) {
        fputs("usage: fuzz-calls [SEED [CALLS [0 … 3]]]\n", stderr);
        return 2;
    }
    end_after_all_threads();
    printf("seed %llu, %d actors: ", (unsigned long long)seed, actor_count);
    fflush(stdout); /* so that it is known even if a call hangs */
    check_begins(seed);
    double begin = threading_monotonic();
    play_main();
    end();
    check_ends();
    printf("%llu calls in %.1f s\n", (unsigned long long)calls_made(), threading_monotonic() - begin);
    unload();
    return 0;
}
