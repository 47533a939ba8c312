/* SPDX-License-Identifier: MIT */
/*
 * Executor's loop: the caller and some workers divide a range of indices, and each runs pieces of its part.
 *
 * Each thread has a share, a range that it takes pieces off at the front: a quarter of what is left, so that
 * the pieces shrink, but no less than the grain. A thread whose share is used up takes the back half of what
 * is left of another one. So a thread mostly stays with indices that are neighbours, and at the end all have
 * small pieces. The shares are there before the workers come: what a worker that is late would have run is
 * taken by the others.
 *
 * The loops of an executor that want more threads are on a list, where workers that find no task look. So a
 * worker that is free late takes part in what is left of a loop, and nothing of a loop that is over is left
 * in the executor.
 *
 * Shares that are halved by those that have nothing are Cilk's way (Blumofe and Leiserson, "Scheduling
 * Multithreaded Computations by Work Stealing", 1999), pieces that shrink guided self-scheduling
 * (Polychronopoulos and Kuck, 1987).
 */
#include <stdint.h>

#include "calls.h"
#include "executor.h"
#include "future.h"
#include "line.h"
#include "memory.h"
#include "misuse.h"
#include "parking.h"
#include "spins.h"

#define TI_PIECES 4   /* the next piece is so many times smaller than what is left of the share */
#define TI_GRAINS 256 /* of a share, where the user has chosen none: the last piece is no great loss */

typedef struct ti_range {
    size_t begin;
    size_t end;
} ti_range;

struct ti_share {
    uint32_t lock;   /* protects `left` */
    uint32_t worker; /* as a future's state: pending, the ident of the thread that has it, finished */
    ti_range left;   /* what no piece has yet; nothing, or no less than the grain */
    char apart[TI_APART];
};

struct ti_loop {
    uint32_t references; /* the caller's, and one for each worker that has come */
    uint32_t status;     /* another one than THREADING_OK: no piece begins any more */
    ti_loop *previous;   /* on the executor's list, under its lock, as the next four */
    ti_loop *next;
    bool is_listed;
    uint32_t called;  /* workers that the executor does not count as spare for it */
    uint32_t entered; /* so many threads have come; their shares are the first ones, the caller's the first */
    threading_executor_t *executor;
    threading_stop_t *stop; /* the caller's, which all heed */
    void (*function)(size_t begin, size_t end, void *arg);
    void *arg;
    size_t grain;
    size_t share_count;
    ti_share shares[];
};

static void ti_loop_give_back(ti_loop *loop)
{
    /* Release and acquire: what each holder did happens before the memory is freed. */
    if (ti_add_acquire_release(&loop->references, (uint32_t)-1) == 1)
        ti_memory_free(loop);
}

/* ---- shares and pieces ---- */

/* Take the next piece. False: nothing is left. */
static bool ti_share_take(ti_share *share, size_t grain, ti_range *piece, ti_self *self)
{
    ti_line_lock(&share->lock, self);
    size_t left = share->left.end - share->left.begin;
    size_t size = left / TI_PIECES > grain ? left / TI_PIECES : grain;
    if (size >= left || left - size < grain)
        size = left;
    *piece = (ti_range){share->left.begin, share->left.begin + size};
    share->left.begin += size;
    ti_line_unlock(&share->lock, self);
    return size > 0;
}

/* Take the back half of what is left, or all if the halves were too small. False: nothing is left. */
static bool ti_share_halve(ti_share *share, size_t grain, ti_range *half, ti_self *self)
{
    ti_line_lock(&share->lock, self);
    size_t left = share->left.end - share->left.begin;
    size_t size = left / 2 >= grain ? left / 2 : left;
    share->left.end -= size;
    *half = (ti_range){share->left.end, share->left.end + size};
    ti_line_unlock(&share->lock, self);
    return size > 0;
}

/* Take from another share, the next ones first, what then is left of the own one. */
static bool ti_loop_steal(ti_loop *loop, ti_share *own, ti_self *self)
{
    size_t index = (size_t)(own - loop->shares);
    for (size_t i = 1; i < loop->share_count; i++) {
        ti_range half;
        if (!ti_share_halve(&loop->shares[(index + i) % loop->share_count], loop->grain, &half, self))
            continue;
        ti_line_lock(&own->lock, self);
        own->left = half;
        ti_line_unlock(&own->lock, self);
        return true;
    }
    return false;
}

/* False: nothing is left, but for what others have taken. */
static bool ti_loop_take(ti_loop *loop, ti_share *own, ti_range *piece, ti_self *self)
{
    while (!ti_share_take(own, loop->grain, piece, self))
        if (!ti_loop_steal(loop, own, self))
            return false;
    return true;
}

/* ---- running them ---- */

/* The first reason why no piece begins any more. */
static void ti_loop_end(ti_loop *loop, threading_status_t status)
{
    (void)ti_swap_acquire(&loop->status, THREADING_OK, (uint32_t)status);
}

/* Whether a piece that was taken may begin. */
static bool ti_loop_goes_on(ti_loop *loop, const ti_self *self)
{
    if (threading_stop_requested(self->stop))
        ti_loop_end(loop, THREADING_CANCELLED);
    /* Relaxed: a piece that begins in spite of it is as one that began before. */
    return ti_load_relaxed(&loop->status) == THREADING_OK;
}

static void ti_share_leave(ti_share *share)
{
    ti_store_sequential(&share->worker, TI_FINISHED); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&share->worker);
}

/* Off the list: no other thread comes. With the executor's lock. */
static void ti_loop_unlist(ti_loop *loop)
{
    if (!loop->is_listed)
        return;
    loop->is_listed = false;
    /* Relaxed: as in ti_loop_list. */
    if (loop->previous != NULL)
        loop->previous->next = loop->next;
    else
        ti_store_pointer_relaxed(&loop->executor->loops, (uintptr_t)loop->next);
    if (loop->next != NULL)
        loop->next->previous = loop->previous;
    ti_executor_count_spare(loop->executor, loop->called + 1 - loop->entered);
}

/* The last pieces are small: look for their end as long as to sleep would take. */
static void ti_share_look(const ti_share *share)
{
    /* Relaxed: a hint. */
    for (ti_spin spin = ti_spin_begin(); ti_load_relaxed(&share->worker) != TI_FINISHED;)
        if (!ti_spin_goes_on(&spin))
            return;
}

/* Wait for those that have come. The range is the caller's, whether it is told to stop or not. */
static threading_status_t ti_loop_close(ti_loop *loop, ti_self *self)
{
    ti_line_lock(&loop->executor->lock, self);
    ti_loop_unlist(loop);
    uint32_t entered = loop->entered;
    ti_line_unlock(&loop->executor->lock, self);
    threading_status_t status = THREADING_OK;
    self->deaf++;
    for (uint32_t i = 1; i < entered; i++) {
        ti_share_look(&loop->shares[i]);
        ti_blocked_on(self, TI_ON_LOOP, loop->executor);
        threading_status_t end = ti_state_await(&loop->shares[i].worker, self, TI_FOREVER);
        if (end != THREADING_OK)
            ti_loop_end(loop, status = end);
    }
    self->deaf--;
    return status;
}

/* A piece has ended its thread in the platform's way. As for a task, a worker's executor is broken. A
 * caller's range may be on its stack: it waits for the workers. */
TI_COLD static void ti_loop_abandon(ti_self *self, void *object, uintptr_t index)
{
    ti_loop *loop = (ti_loop *)object;
    if (ti_executor_is_spared(loop->executor, self))
        return;
    if (self->executor == loop->executor)
        ti_executor_break(loop->executor, self);
    ti_loop_end(loop, THREADING_BROKEN);
    if (index == 0) {
        (void)ti_loop_close(loop, self);
    } else {
        (void)threading_stop_heed(NULL); /* the caller's may be gone soon */
        ti_share_leave(&loop->shares[index]);
    }
    ti_loop_give_back(loop);
}

/* Have workers come, if the executor takes tasks. */
static void ti_loop_list(ti_loop *loop, ti_self *self)
{
    threading_executor_t *executor = loop->executor;
    if (loop->share_count == 1)
        return;
    ti_line_lock(&executor->lock, self);
    if (executor->refusal != THREADING_OK) {
        ti_line_unlock(&executor->lock, self);
        return;
    }
    /* Relaxed: as all under the lock; without it, it is a hint. */
    ti_loop *next = (ti_loop *)ti_load_pointer_relaxed(&executor->loops);
    if (next != NULL)
        next->previous = loop;
    loop->next = next;
    loop->is_listed = true;
    ti_store_pointer_relaxed(&executor->loops, (uintptr_t)loop);
    ti_executor_call_workers(executor, &loop->called, (uint32_t)loop->share_count - 1, self);
}

/* A thread's part in a loop: what it heeds, and whether it has done its part. */
typedef struct ti_part {
    ti_loop *loop;
    ti_share *share;
    ti_self *self;
    threading_stop_t *stop;
    bool is_over;
    bool is_child; /* a piece has called fork, and this is the child */
} ti_part;

/* Run pieces until none is left. One call for all: it is left, and made again, by threading_exit() only. */
static void *ti_part_run(void *arg)
{
    ti_part *part = (ti_part *)arg;
    ti_loop *loop = part->loop;
    for (ti_range piece; !part->is_child && ti_loop_take(loop, part->share, &piece, part->self) &&
                         ti_loop_goes_on(loop, part->self);) {
        loop->function(piece.begin, piece.end, loop->arg);
        part->is_child = !ti_executor_leave(loop->executor, part->stop, part->self);
    }
    part->is_over = true;
    return NULL;
}

/* False: a piece has called fork, and this is the child. */
static bool ti_loop_run(ti_loop *loop, ti_share *share, ti_self *self)
{
    ti_part part = {.loop = loop, .share = share, .self = self, .stop = self->stop};
    ti_calls_enter(self, ti_loop_abandon, loop, (uintptr_t)(share - loop->shares));
    while (!part.is_over) {
        (void)ti_calls_catch(self, ti_part_run, &part);
        part.is_child = !ti_executor_leave(loop->executor, part.stop, self);
    }
    ti_calls_leave(self);
    return !part.is_child;
}

/* ---- in a worker ---- */

ti_share *ti_loop_enter(threading_executor_t *executor, ti_loop **entered, ti_self *self)
{
    /* Relaxed: a hint. */
    if (ti_load_pointer_relaxed(&executor->loops) == 0)
        return NULL;
    ti_share *share = NULL;
    ti_line_lock(&executor->lock, self);
    ti_loop *loop = (ti_loop *)ti_load_pointer_relaxed(&executor->loops); /* relaxed: under the lock */
    if (loop != NULL) {
        ti_add_relaxed(&loop->references, 1); /* relaxed: the caller has one */
        share = &loop->shares[loop->entered++];
        ti_store_relaxed(&share->worker, self->fast.ident); /* relaxed: 0 is waited for as well */
        if (loop->entered == loop->share_count)
            ti_loop_unlist(loop);
    }
    ti_line_unlock(&executor->lock, self);
    *entered = loop;
    return share;
}

void ti_loop_work(ti_loop *loop, ti_share *share, ti_self *self)
{
    threading_stop_t *before = self->stop;
    if (loop->stop != NULL && loop->stop != before)
        (void)threading_stop_heed(loop->stop);
    if (!ti_loop_run(loop, share, self))
        return;
    if (self->stop != before)
        (void)threading_stop_heed(before);
    ti_executor_count_spare(loop->executor, 1);
    ti_share_leave(share);
    ti_loop_give_back(loop);
}

/* ---- the call ---- */

/* How many threads a loop is for: as many as can run at once, but no more than there are grains. */
static size_t ti_loop_threads(const threading_executor_t *executor, size_t count, size_t grain,
                              const ti_self *self)
{
    size_t workers = executor->max_workers - (self->executor == executor ? 1 : 0);
    size_t threads = workers < executor->parallelism - 1 ? workers + 1 : executor->parallelism;
    return threads < count / grain ? threads : (count / grain > 0 ? count / grain : 1);
}

/* `grain` 0: it is chosen here. */
static ti_loop *ti_loop_new(threading_executor_t *executor, ti_range range, size_t grain, const ti_self *self)
{
    size_t count = range.end - range.begin;
    bool is_free = grain == 0;
    grain = is_free ? 1 : grain;
    size_t threads = ti_loop_threads(executor, count, grain, self);
    ti_loop *loop = (ti_loop *)ti_memory_allocate(sizeof *loop + threads * sizeof *loop->shares);
    if (loop == NULL)
        return NULL;
    loop->references = loop->entered = 1;
    loop->executor = executor;
    loop->stop = self->stop;
    loop->grain = grain;
    if (is_free && count / threads > TI_GRAINS)
        loop->grain = count / threads / TI_GRAINS;
    loop->share_count = threads;
    for (size_t i = 0; i < threads; i++) {
        size_t end = i + 1 < threads ? range.begin + count / threads : range.end;
        loop->shares[i].left = (ti_range){range.begin, end};
        range.begin = end;
    }
    return loop;
}

/* The caller's part. In a child that a piece has forked nobody is waited for. */
static threading_status_t ti_loop_lead(ti_loop *loop, ti_self *self)
{
    ti_loop_list(loop, self);
    if (!ti_loop_run(loop, loop->shares, self))
        return THREADING_BROKEN;
    threading_status_t status = ti_loop_close(loop, self);
    return status != THREADING_OK ? status : (threading_status_t)ti_load_relaxed(&loop->status);
}

static threading_status_t ti_executor_for(threading_executor_t *executor, ti_range range, size_t grain,
                                          void (*function)(size_t begin, size_t end, void *arg), void *arg)
{
    if (executor == NULL || function == NULL || range.begin > range.end || !ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    /* Relaxed: as in ti_worker_put. */
    threading_status_t status = (threading_status_t)ti_load_relaxed(&executor->refusal);
    if (status != THREADING_OK || range.begin == range.end)
        return status;
    ti_self *self = ti_self_get();
    ti_loop *loop = ti_loop_new(executor, range, grain, self);
    if (loop == NULL)
        return THREADING_NO_MEMORY;
    loop->function = function;
    loop->arg = arg;
    status = ti_loop_lead(loop, self);
    if (!ti_executor_is_orphaned(executor))
        ti_loop_give_back(loop);
    return status;
}

/* No piece has a status of the user's, which would be passed on. */
threading_status_t threading_executor_for(threading_executor_t *executor, size_t begin, size_t end,
                                          size_t grain, void (*function)(size_t begin, size_t end, void *arg),
                                          void *arg)
{
    return TI_TELL(executor, ti_executor_for(executor, (ti_range){begin, end}, grain, function, arg));
}
