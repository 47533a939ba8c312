/* SPDX-License-Identifier: MIT */
/*
 * Late wakers. A releaser makes its effect visible, and only then looks into the parking lot for somebody
 * to wake. Between the two another thread may see the effect, end the object, and use its memory for
 * another object, or give it back to the system. However late the releaser is, it then must neither touch
 * that memory nor disturb those who wait for the new object.
 *
 * One round, on one piece of memory:
 *
 *     releaser                             case                              successor
 *     holds the old object
 *     lets it go, and is stopped
 *     some instructions after the effect   sees the effect by a public call
 *                                          makes the new object, holds it
 *                                                                            waits for the new object
 *     goes on, to the end of its call      looks: the successor waits still,
 *                                          the memory is as it was
 *                                          lets the new object go            comes back
 *
 * There is a round for each number of instructions after the effect until the call has none left, in each
 * situation below. The successor has just come in some rounds, and has waited for long in the others, so
 * that it is given what it waits for. Both objects lie so that the parking lot knows the one that was by
 * the same address as the one that becomes.
 *
 * The suites replace the library's parker: theirs does not sleep, as a park may end early. Nobody who has
 * been woken then depends on a thread that is stopped inside the wake.
 */
#ifndef LATE_H
#define LATE_H

#include "conformance.h" /* first: the library's own headers leave its inline calls out */
#include "stepping.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "parking.h"
#include "port.h"
#include "self.h"

/* What the memory was.
 *
 *   key      where in the object the address is that the parking lot knows it by
 *   effect   where the four bytes are whose change is the effect of `leave`, if nobody waits
 *   make     by the case
 *   enter    by the releaser, before `leave`, the call that is stepped. NULL: that one calls arrive() itself
 *   is_over  by the case: whether the effect can be seen, which ends the object's use. NULL: only a waiter
 *            sees it
 *   wait     by a thread that waits for the effect. NULL: nobody can
 *   let_go   by the case, once the releaser is stopped, where that alone lets the waiter come back. False: it
 *            does not yet
 */
typedef struct past {
    size_t key;
    size_t effect;
    void (*make)(void *object);
    void (*enter)(void *object);
    void (*leave)(void *object);
    bool (*is_over)(void *object);
    void (*wait)(void *object);
    bool (*let_go)(void *object);
    bool asks_time; /* the releaser asks for the time once the effect is visible */
} past_t;

/* What the memory becomes.
 *
 *   key, size  as above; how many bytes must stay as they are while the releaser goes on
 *   trusts     whether who waits for it believes a wake, and does not look again
 *   make       by the case; NULL: zeroes are one
 *   around     by the case: hold the object, so that `wait` has to wait, call the function, let the object go
 *   wait       by the successor
 *   end        by the case: what is left must be as the object began
 */
typedef struct next {
    size_t key;
    size_t size;
    bool trusts;
    void *(*make)(void *object);
    void (*around)(void *object, void (*inner)(void));
    void (*wait)(void *object);
    void (*end)(void *object);
} next_t;

typedef enum situation {
    NOBODY_WAITS,
    NEIGHBOUR_WAITS, /* somebody waits at another address of the same bucket */
    WAITER_WAITS     /* somebody waits for the old object */
} situation_t;

enum { PAGE = 4096, NEIGHBOURS = 1 << 15 };

static _Alignas(PAGE) unsigned char page[PAGE];
static threading_event_t neighbours[NEIGHBOURS];

static struct {
    const past_t *was;
    const next_t *becomes;
    situation_t situation;
    bool is_old; /* whether the successor has waited for long */
    void *old_object;
    void *new_object;
    stepping_t step;
    atomic_bool has_entered, may_leave; /* the releaser */
    _Atomic(ti_self *) waiter, successor, neighbour;
    atomic_bool waiter_is_back, successor_is_back;
    atomic_int successor_waits; /* 0: not yet; 1: now; -1: never */
} now;

/* As AWAIT, for what takes some instructions: looks often at first. */
#define AWAIT_SOON(condition)                           \
    do {                                                \
        for (double pause = 0.00002; !(condition);) {   \
            (void)threading_sleep(pause);               \
            pause = pause < 0.0005 ? 2 * pause : pause; \
        }                                               \
    } while (0)

/* ---- the parking lot: all that these suites know of it ---- */

#define KEY ((void *)(page + PAGE / 2))

static ti_bucket *bucket(void)
{
    return ti_parking_bucket(KEY);
}

static const uintptr_t *queue_of(const ti_self *self)
{
    return &self->waiter.address;
}

static bool is_queued(const ti_self *self)
{
    return self != NULL && ti_load_pointer_relaxed(queue_of(self)) != 0;
}

/* As if the thread had begun its wait an hour ago. */
static void make_old(ti_self *self)
{
    ti_guard_lock(&bucket()->guard, &ti_self_get()->parker);
    self->waiter.since -= INT64_C(3600000000000);
    ti_guard_unlock(&bucket()->guard);
}

static void check_bucket(size_t waiting)
{
    CHECK_EQUAL(ti_load_relaxed(&bucket()->count), waiting);
    CHECK(waiting > 0 || bucket()->first == NULL);
}

/* ---- in place of parts of the library ---- */

bool ti_port_parker_init(ti_parker *parker)
{
    memset(parker, 0, sizeof *parker);
    return true;
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    (void)parker;
    (void)deadline;
    ti_port_sleep(ti_port_now() + 200000);
}

void ti_port_unpark(ti_parker *parker)
{
    (void)parker;
}

static size_t wanted_size;     /* 0, or that of the next object which shall lie in the page */
static void *wanted;           /* and where */
static atomic_bool given_back; /* whether one was freed since */

static bool is_in_page(const void *memory)
{
    return (const unsigned char *)memory >= page && (const unsigned char *)memory < page + PAGE;
}

void *ti_memory_allocate(size_t size)
{
    if (size != wanted_size)
        return calloc(1, size);
    wanted_size = 0;
    atomic_store(&given_back, false);
    return memset(wanted, 0, size);
}

void *ti_memory_resize(void *memory, size_t size)
{
    CHECK(!is_in_page(memory));
    return realloc(memory, size);
}

void *ti_memory_keep(size_t size)
{
    return calloc(1, size);
}

void ti_memory_end(void *memory, size_t size)
{
    (void)size;
    ti_memory_free(memory);
}

void ti_memory_free(void *memory)
{
    if (is_in_page(memory))
        atomic_store(&given_back, true);
    else
        free(memory);
}

/* ---- the threads ---- */

/* The releaser, when it holds the old object: what follows is stepped, once the case has all in place. */
static void arrive(void)
{
    atomic_store(&now.has_entered, true);
    AWAIT_SOON(atomic_load(&now.may_leave));
    stepping_begin(&now.step);
}

static void *be_releaser(void *arg)
{
    if (now.was->enter != NULL) {
        now.was->enter(now.old_object);
        arrive();
    }
    now.was->leave(now.old_object);
    stepping_end(&now.step);
    return arg;
}

static void *be_waiter(void *arg)
{
    atomic_store(&now.waiter, ti_self_get());
    now.was->wait(now.old_object);
    atomic_store(&now.waiter_is_back, true);
    return arg;
}

static void *be_successor(void *arg)
{
    atomic_store(&now.successor, ti_self_get());
    AWAIT_SOON(atomic_load(&now.successor_waits) != 0);
    if (atomic_load(&now.successor_waits) > 0)
        now.becomes->wait(now.new_object);
    atomic_store(&now.successor_is_back, true);
    return arg;
}

/* The events that share the bucket; there are some thirty. */
static threading_event_t *neighbour(int which)
{
    threading_event_t *event = neighbours;
    while (event < neighbours + NEIGHBOURS && (ti_parking_bucket(event) != bucket() || which-- > 0))
        event++;
    CHECK(event < neighbours + NEIGHBOURS);
    return event;
}

static void *be_neighbour(void *event)
{
    atomic_store(&now.neighbour, ti_self_get());
    CHECK_STATUS(threading_event_wait((threading_event_t *)event), THREADING_OK);
    return event;
}

/* ---- a round ---- */

static bool is_awaited(void)
{
    return now.situation == WAITER_WAITS;
}

/* The releaser stops after the effect: the change of the object, or that the waiter was told. */
static void choose_the_effect(long instructions)
{
    ti_self *waiter = atomic_load(&now.waiter);
    now.step =
        (stepping_t){.instructions = instructions, .size = sizeof(uint32_t), .guard = &bucket()->guard.word};
    now.step.watched = (unsigned char *)now.old_object + now.was->effect;
    if (is_awaited() && now.was->let_go != NULL) {
        now.step.watched = queue_of(waiter);
        now.step.size = sizeof *queue_of(waiter);
    } else if (is_awaited()) {
        now.step.watched = &waiter->waiter.woken;
    }
}

static void begin_round(void)
{
    memset(page, 0, PAGE);
    atomic_store(&now.has_entered, false);
    atomic_store(&now.may_leave, false);
    atomic_store(&now.waiter, NULL);
    atomic_store(&now.successor, NULL);
    atomic_store(&now.waiter_is_back, false);
    atomic_store(&now.successor_is_back, false);
    atomic_store(&now.successor_waits, 0);
    now.old_object = (unsigned char *)KEY - now.was->key;
    now.was->make(now.old_object);
}

/* While the releaser is stopped or before: what comes next must be as if it had ended. */
static void let_successor_wait(void)
{
    atomic_store(&now.successor_waits, 1);
    AWAIT_SOON(is_queued(atomic_load(&now.successor)) || atomic_load(&now.successor_is_back));
    CHECK(!atomic_load(&now.successor_is_back));
    if (now.is_old)
        make_old(atomic_load(&now.successor));
}

/* With the new object held: let the late releaser go on. */
static void let_releaser_end(void)
{
    unsigned char before[PAGE];
    let_successor_wait();
    memcpy(before, now.new_object, now.becomes->size);
    stepping_go_on(&now.step);
    AWAIT_SOON(stepping_is_over(&now.step));
    if (now.becomes->trusts)
        CHECK(is_queued(atomic_load(&now.successor))); /* the releaser has woken whom it wakes */
    AWAIT_SOON(is_queued(atomic_load(&now.successor)) || atomic_load(&now.successor_is_back));
    CHECK(!atomic_load(&now.successor_is_back)); /* it was not its turn */
    CHECK(memcmp(before, now.new_object, now.becomes->size) == 0);
}

/* The releaser is stopped. Whether another thread can see now that the old object is over. */
static bool is_over(void)
{
    if (!is_awaited()) {
        CHECK(now.was->is_over(now.old_object));
        return true;
    }
    if (now.was->let_go != NULL && !now.was->let_go(now.old_object))
        return false;
    AWAIT_SOON(atomic_load(&now.waiter_is_back));
    return true;
}

static void reuse_memory(void)
{
    memset(page, 0, PAGE);
    now.new_object = (unsigned char *)KEY - now.becomes->key;
    if (now.becomes->make != NULL)
        now.new_object = now.becomes->make(now.new_object);
    now.becomes->around(now.new_object, let_releaser_end);
    AWAIT_SOON(atomic_load(&now.successor_is_back));
}

/* The effect could not be seen yet, or the call has ended before its stop. */
static void let_all_end(void)
{
    atomic_store(&now.successor_waits, -1);
    stepping_go_on(&now.step);
    AWAIT_SOON(stepping_is_over(&now.step));
    if (is_awaited() && now.was->let_go != NULL)
        (void)now.was->let_go(now.old_object);
    if (!is_awaited())
        CHECK(now.was->is_over(now.old_object));
}

/* False: the call has ended before so many instructions. */
static bool play(long instructions)
{
    begin_round();
    threading_thread_t *releaser = started(be_releaser, NULL), *waiter = NULL;
    AWAIT_SOON(atomic_load(&now.has_entered));
    threading_thread_t *successor = started(be_successor, NULL);
    if (is_awaited())
        waiter = started(be_waiter, NULL);
    AWAIT_SOON(atomic_load(&now.successor) != NULL &&
               (waiter == NULL || is_queued(atomic_load(&now.waiter))));
    choose_the_effect(instructions);
    atomic_store(&now.may_leave, true);
    AWAIT_SOON(stepping_is_stopped(&now.step) || stepping_is_over(&now.step));
    bool is_stopped = stepping_is_stopped(&now.step), is_tested = is_stopped && is_over();
    if (is_tested)
        reuse_memory();
    else
        let_all_end();
    finished(releaser);
    finished(successor);
    if (waiter != NULL)
        finished(waiter);
    if (is_tested)
        now.becomes->end(now.new_object);
    check_bucket(now.situation == NEIGHBOUR_WAITS);
    return is_stopped;
}

/* Every instruction is tried where the library is what most users have; elsewhere the first ones, and some of the later. */
static long next_stop(long instructions)
{
    bool is_thorough = !is_slow() && strcmp(threading_backend(), "posix") == 0;
    return is_thorough ? instructions + 1 : instructions + 1 + instructions / 2;
}

static void play_in(situation_t situation)
{
    long instructions = 0;
    now.situation = situation;
    for (bool goes_on = true; goes_on; instructions = next_stop(instructions)) {
        now.is_old = instructions % 2 != 0;
        goes_on = play(instructions);
        if (goes_on && situation == NOBODY_WAITS) {
            now.is_old = !now.is_old;
            goes_on = play(instructions);
        }
    }
    CHECK(instructions > 1);
}

static void play_beside_neighbour(void)
{
    threading_event_t *event = neighbour(0);
    threading_thread_t *thread = started(be_neighbour, event);
    AWAIT(is_queued(atomic_load(&now.neighbour)));
    play_in(NEIGHBOUR_WAITS);
    CHECK_STATUS(threading_event_set(event), THREADING_OK);
    finished(thread);
}

static void play_all(const past_t *was, const next_t *becomes)
{
    needs_stepping();
    if (was->asks_time && strcmp(threading_backend(), "c11") == 0)
        SKIP("C11's clock has a lock, with which the releaser would be stopped");
    now.was = was;
    now.becomes = becomes;
    if (was->is_over != NULL) {
        play_in(NOBODY_WAITS);
        play_beside_neighbour();
    }
    if (was->wait != NULL)
        play_in(WAITER_WAITS);
}

#endif
