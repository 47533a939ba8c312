/* SPDX-License-Identifier: MIT */
/*
 * Group: tasks that end together.
 *
 * A group has a list of its tasks that are not over. A task is queued with the executor, or has a thread of
 * its own; in both cases it heeds the group's stop while it runs. When it ends it takes itself off the
 * list, which is its last touch of the group; then its own state is done, and is waited for as a future's
 * is (future.h). The waiter waits for the first task on the list again and again, until there is none. So a
 * wait for a task that can never end is proved to be a deadlock. A waiting worker of the executor first runs
 * those that have not begun.
 *
 * A task that has a thread stays with the group until that thread was joined: when the group's wait is over
 * no code of its tasks runs any more.
 *
 * The idea is Martin Sústrik's ("Structured concurrency", 2016), and Python's TaskGroup: the first failure
 * cancels the others.
 */
#include "block.h"
#include "calls.h"
#include "deadline.h"
#include "deadlock.h"
#include "executor.h"
#include "future.h"
#include "line.h"
#include "misuse.h"
#include "phase.h"
#include "thread.h"

/* One task. Its group is there as long as it is on the list. */
struct threading_member {
    uint32_t references; /* the list's or the ended ones', and the executor's or the thread's; waiters' */
    uint32_t state;      /* as a future's: pending, an ident, finished */
    uint32_t family;     /* ti_phase_family when it was made */
    uint32_t offset;     /* its block's, for block.h */
    threading_group_t *group;
    threading_status_t (*function)(void *arg); /* NULL once its thread was joined; under the group's lock */
    void *arg;
    ti_member *previous;
    ti_member *next;
    threading_thread_t *thread; /* NULL: it is the executor's */
};

_Static_assert(sizeof(ti_member) <= TI_BLOCK, "a task of a group is a block");

/* ---- one task ---- */

static ti_member *ti_member_new(threading_group_t *group, threading_status_t (*function)(void *arg),
                                void *arg, ti_self *self)
{
    uint32_t offset;
    ti_member *member = (ti_member *)ti_block_take(self, &offset);
    if (member != NULL)
        *member = (ti_member){.references = 2,
                              .family = ti_phase_family,
                              .offset = offset,
                              .group = group,
                              .function = function,
                              .arg = arg};
    return member;
}

void ti_member_give_back(ti_member *member)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (ti_add_acquire_release(&member->references, (uint32_t)-1) != 1)
        return;
    threading_thread_free(member->thread);
    ti_block_give_back(member, member->offset);
}

bool ti_member_is_pending(const ti_member *member)
{
    return ti_load_relaxed(&member->state) == TI_PENDING_FUTURE; /* relaxed: the beginning decides */
}

bool ti_member_begin(ti_member *member, const ti_self *self)
{
    return ti_swap_acquire(&member->state, TI_PENDING_FUTURE, self->fast.ident);
}

/* Off the list. One that has a thread waits to be joined. */
static void ti_member_unlink(ti_member *member, ti_self *self)
{
    threading_group_t *group = member->group;
    ti_line_lock(&group->lock, self);
    *(member->previous != NULL ? &member->previous->next : &group->first) = member->next;
    *(member->next != NULL ? &member->next->previous : &group->last) = member->previous;
    if (member->thread != NULL) {
        member->previous = NULL;
        member->next = group->ended;
        if (member->next != NULL)
            member->next->previous = member;
        group->ended = member;
    }
    ti_line_unlock(&group->lock, self);
}

/* Its thread was joined: it leaves the ended ones, once among all who have joined it. */
static void ti_member_forget(ti_member *member, ti_self *self)
{
    threading_group_t *group = member->group;
    ti_line_lock(&group->lock, self);
    bool is_first = member->function != NULL;
    member->function = NULL;
    if (is_first) {
        *(member->previous != NULL ? &member->previous->next : &group->ended) = member->next;
        if (member->next != NULL)
            member->next->previous = member->previous;
    }
    ti_line_unlock(&group->lock, self);
    if (is_first)
        ti_member_give_back(member);
}

/* It is over. A first failure stops the others before the task is off the list: the group stays till then. */
static void ti_member_end(ti_member *member, threading_status_t status, ti_self *self)
{
    bool is_listed = member->thread != NULL;
    if (status != THREADING_OK && ti_swap_acquire(&member->group->status, THREADING_OK, (uint32_t)status))
        (void)threading_stop_request(&member->group->stop);
    ti_member_unlink(member, self);
    ti_store_sequential(&member->state, TI_FINISHED); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&member->state);
    if (!is_listed)
        ti_member_give_back(member); /* the list's */
}

void ti_member_refuse(ti_member *member, threading_status_t status)
{
    ti_self *self = ti_self_get();
    if (ti_member_begin(member, self))
        ti_member_end(member, status, self);
    ti_member_give_back(member);
}

/* It has ended its thread in the platform's way. As for every task, its executor is broken. */
TI_COLD static void ti_member_abandon(ti_self *self, void *object, uintptr_t detail)
{
    (void)object; /* the group, for ti_calls_contain() */
    ti_member *member = (ti_member *)detail;
    if (self->is_leaving || member->family != ti_phase_family)
        return;
    if (member->thread == NULL && self->executor == member->group->executor)
        ti_executor_break(self->executor, self);
    (void)threading_stop_heed(NULL); /* the group's may be gone soon */
    ti_member_end(member, THREADING_BROKEN, self);
    ti_member_give_back(member);
}

typedef struct ti_member_call {
    const ti_member *member;
    threading_status_t status;
} ti_member_call;

static void *ti_member_catch(void *arg)
{
    ti_member_call *call = (ti_member_call *)arg;
    call->status = call->member->function(call->member->arg);
    return NULL;
}

/* Call its function: by threading_exit() it ends itself only, with success. False: it has called fork, and
 * this is the child. */
static bool ti_member_call_function(ti_member *member, threading_status_t *status, ti_self *self)
{
    ti_member_call call = {member, THREADING_OK};
    threading_stop_t *before = threading_stop_heed(&member->group->stop);
    uint32_t deaf = self->deaf; /* a wait that was told to stop is, and may run the task: that is not */
    self->deaf = 0;
    ti_calls_enter(self, ti_member_abandon, member->group, (uintptr_t)member);
    (void)ti_calls_catch(self, ti_member_catch, &call);
    ti_calls_leave(self);
    self->deaf = deaf;
    (void)threading_stop_heed(before); /* in a child too: it goes on in the waiter's call */
    *status = call.status;
    return member->family == ti_phase_family;
}

/* Never called: only its address is used (tasks.h). */
void *ti_group_task(void *member)
{
    (void)member;
    return (void *)(uintptr_t)ti_member_refuse;
}

void ti_member_run(ti_member *member, ti_self *self)
{
    threading_status_t status;
    if (!ti_member_call_function(member, &status, self))
        return;
    ti_executor_count_spare(self->executor, 1);
    ti_member_end(member, status, self);
    ti_member_give_back(member);
}

/* Whether the calling thread, which waits, is a worker that may run the group's tasks itself. */
static bool ti_group_may_help(const threading_group_t *group, const ti_self *self, int64_t deadline)
{
    return group->executor != NULL && self->executor == group->executor && ti_future_may_help(self, deadline);
}

/* Run it if it has not begun. */
static void ti_member_help(ti_member *member, ti_self *self, int64_t deadline)
{
    threading_status_t status;
    if (ti_group_may_help(member->group, self, deadline) && ti_member_begin(member, self) &&
        ti_member_call_function(member, &status, self))
        ti_member_end(member, status, self);
}

/* A task that is over is no reason to end by a stop: its thread is about to end too. */
static threading_status_t ti_member_join(ti_member *member, ti_self *self, int64_t deadline)
{
    uint32_t deaf = ti_load_relaxed(&member->state) == TI_FINISHED; /* relaxed: the join orders it */
    self->deaf += deaf;
    threading_status_t status = ti_thread_join(member->thread, deadline);
    self->deaf -= deaf;
    if (status == THREADING_OK)
        ti_member_forget(member, self);
    return status;
}

static threading_status_t ti_member_await(ti_member *member, ti_self *self, int64_t deadline)
{
    if (member->thread != NULL)
        return ti_member_join(member, self, deadline);
    ti_member_help(member, self, deadline);
    if (member->family != ti_phase_family)
        return THREADING_BROKEN; /* it has called fork, and this is the child */
    ti_blocked_on(self, TI_ON_GROUP, member->group);
    return ti_state_await(&member->state, self, deadline);
}

/* ---- running ---- */

/* The target of a task's own thread. */
static void *ti_member_main(void *arg)
{
    ti_member *member = (ti_member *)arg;
    ti_self *self = ti_self_get();
    threading_status_t status;
    (void)ti_member_begin(member, self);
    if (ti_member_call_function(member, &status, self)) {
        ti_member_end(member, status, self);
        ti_member_give_back(member);
    }
    return NULL;
}

/* Under the lock: the first task after a wait begins anew, before it can fail. */
static void ti_group_begin(threading_group_t *group)
{
    if (group->is_over)
        ti_store_relaxed(&group->status, THREADING_OK); /* relaxed: no task is there that could fail */
    group->is_over = false;
}

/* Under the lock: last on the list. */
static void ti_group_link(threading_group_t *group, ti_member *member)
{
    member->previous = group->last;
    *(group->last != NULL ? &group->last->next : &group->first) = member;
    group->last = member;
}

/* Start its thread under the lock: so its end, which needs the lock, finds it on the list, and a waiter that
 * finds it there can join it. */
static threading_status_t ti_group_start(threading_group_t *group, ti_member *member, ti_self *self)
{
    member->thread = threading_thread_new(ti_member_main, member, NULL);
    if (member->thread == NULL)
        return THREADING_NO_MEMORY;
    ti_line_lock(&group->lock, self);
    ti_group_begin(group);
    threading_status_t status = threading_thread_start(member->thread);
    if (status == THREADING_OK)
        ti_group_link(group, member);
    ti_line_unlock(&group->lock, self);
    return status;
}

/* Queue it. It is on the list before it can end. Then a waiting worker may run it though it could not be
 * queued. */
static threading_status_t ti_group_submit(threading_group_t *group, ti_member *member, ti_self *self)
{
    ti_line_lock(&group->lock, self);
    ti_group_begin(group);
    ti_group_link(group, member);
    ti_line_unlock(&group->lock, self);
    threading_status_t status =
        ti_executor_enqueue_bounded(group->executor, (ti_task){ti_group_task, member}, true, self);
    if (status == THREADING_OK)
        return THREADING_OK;
    bool is_run = !ti_member_begin(member, self);
    if (!is_run)
        ti_member_end(member, THREADING_OK, self);
    ti_member_give_back(member);
    return is_run ? THREADING_OK : status;
}

/* In a forked child: the threads of its tasks are not here, and one of them may have the lock. */
static bool ti_group_is_orphaned(const threading_group_t *group)
{
    /* Relaxed: the calls of one process agree about it. */
    uint32_t family = ti_load_relaxed(&group->family);
    return family != 0 && family != ti_phase_family + 1;
}

/* Before anything of it is locked. */
static void ti_group_adopt(threading_group_t *group)
{
    ti_store_relaxed(&group->family, ti_phase_family + 1); /* relaxed: as above */
}

/* So that a group that runs for long does not grow. */
static void ti_group_join_ended(threading_group_t *group, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    while (status == THREADING_OK) {
        ti_line_lock(&group->lock, self);
        ti_member *ended = group->ended;
        if (ended != NULL)
            ti_add_relaxed(&ended->references, 1); /* relaxed: the list has one */
        ti_line_unlock(&group->lock, self);
        if (ended == NULL)
            return;
        status = ti_member_join(ended, self, TI_FOREVER);
        ti_member_give_back(ended);
    }
}

static threading_status_t ti_group_run(threading_group_t *group, threading_status_t (*function)(void *arg),
                                       void *arg)
{
    if (group == NULL || function == NULL ||
        (group->executor != NULL && !ti_executor_accepts(group->executor)))
        return THREADING_INVALID;
    if (ti_group_is_orphaned(group) || (group->executor != NULL && ti_executor_is_orphaned(group->executor)))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    ti_group_adopt(group);
    if (threading_stop_requested(&group->stop))
        return THREADING_CANCELLED;
    ti_member *member = ti_member_new(group, function, arg, self);
    if (member == NULL)
        return THREADING_NO_MEMORY;
    if (group->executor != NULL)
        return ti_group_submit(group, member, self);
    ti_group_join_ended(group, self);
    threading_status_t status = ti_group_start(group, member, self);
    if (status != THREADING_OK) {
        ti_member_give_back(member);
        ti_member_give_back(member); /* the list's and the thread's */
    }
    return status;
}

threading_status_t threading_group_run(threading_group_t *group, threading_status_t (*function)(void *arg),
                                       void *arg)
{
    return TI_TELL(group, ti_group_run(group, function, arg));
}

/* ---- waiting ---- */

/* The first task that has not begun, for a worker that may run it; or else the first. */
static ti_member *ti_group_pick(const threading_group_t *group, bool may_help)
{
    ti_member *member = may_help ? group->first : NULL;
    while (member != NULL && !ti_member_is_pending(member))
        member = member->next;
    return member != NULL ? member : group->first;
}

/* What a waiter has to wait for next, with a reference: a task that is not over, or one that has a thread to
 * be joined. NULL: all is over; the stop is too, and *failure is what the tasks have come to. */
static ti_member *ti_group_look(threading_group_t *group, bool may_help, threading_status_t *failure,
                                ti_self *self)
{
    ti_line_lock(&group->lock, self);
    ti_member *member = group->first != NULL ? ti_group_pick(group, may_help) : group->ended;
    if (member != NULL) {
        ti_add_relaxed(&member->references, 1); /* relaxed: the list has one */
    } else {
        group->is_over = true;
        ti_store_relaxed(&group->stop.requested, 0); /* relaxed: nobody heeds it */
        /* Relaxed: the lock orders it. */
        *failure = (threading_status_t)ti_load_relaxed(&group->status);
    }
    ti_line_unlock(&group->lock, self);
    return member;
}

static threading_status_t ti_group_await(threading_group_t *group, threading_status_t *failure, ti_self *self,
                                         int64_t deadline)
{
    threading_status_t status = THREADING_OK;
    ti_member *member;
    while (status == THREADING_OK &&
           (member = ti_group_look(group, ti_group_may_help(group, self, deadline), failure, self)) != NULL) {
        status = ti_member_await(member, self, deadline);
        ti_member_give_back(member);
    }
    return status;
}

static threading_status_t ti_group_wait(threading_group_t *group, ti_self *self, int64_t deadline)
{
    threading_status_t failure = THREADING_OK;
    if (ti_group_is_orphaned(group))
        return THREADING_BROKEN;
    ti_group_adopt(group);
    if (ti_calls_contain(self, ti_member_abandon, group)) {
        ti_blocked_on(self, TI_ON_GROUP, group);
        return ti_deadlock_refused(self, NULL);
    }
    threading_status_t told = ti_group_await(group, &failure, self, deadline);
    threading_status_t status = told;
    if (told == THREADING_CANCELLED) { /* passed on: the waiter stays until its tasks are over */
        (void)threading_stop_request(&group->stop);
        self->deaf++;
        status = ti_group_await(group, &failure, self, deadline);
        self->deaf--;
    }
    if (status != THREADING_OK)
        return status;
    return failure != THREADING_OK ? failure : told;
}

/* What a task has come to is no misuse of this call. */
threading_status_t threading_group_wait(threading_group_t *group)
{
    if (group == NULL)
        return TI_TELL(group, THREADING_INVALID);
    return ti_group_wait(group, ti_self_get(), TI_FOREVER);
}

threading_status_t threading_group_wait_timeout(threading_group_t *group, double seconds)
{
    threading_status_t status = ti_deadline_check_on(group, seconds);
    if (status != THREADING_OK)
        return TI_TELL(group, status);
    return ti_group_wait(group, ti_self_get(), ti_deadline_after(seconds));
}

/* ---- the rest ---- */

threading_status_t threading_group_init(threading_group_t *group, threading_executor_t *executor)
{
    if (group == NULL)
        return TI_TELL(group, THREADING_INVALID);
    *group = (threading_group_t){.executor = executor};
    group->stop.parent = executor != NULL ? executor->options.stop : NULL;
    return THREADING_OK;
}

threading_status_t threading_group_stop(threading_group_t *group)
{
    return TI_TELL(group, group != NULL ? threading_stop_request(&group->stop) : THREADING_INVALID);
}
