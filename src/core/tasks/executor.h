/* SPDX-License-Identifier: MIT */
/*
 * Executor, within the library: tasks, and threads that take them.
 *
 * Tasks that are submitted from outside are in the executor's own ring, in their order. Once all workers
 * are started, a task that another task submits goes to the ring of the worker that runs the submitting
 * task, under a lock that is free most of the time. A worker takes the oldest task of its own ring, else
 * of the executor's, else of another worker's: it steals. All rings give their oldest task first, and each
 * worker looks elsewhere first now and then, so that no task waits for ever because others submit more and
 * more. A worker takes a task only to begin it: if workers took several at once, the later ones would
 * begin after tasks that were submitted later still. As long as no worker's ring was ever used, nobody looks
 * there (`is_nested`).
 *
 * A worker that finds no task counts itself as idle and reads the signal. Then it looks a last time at
 * each ring under the submitters' lock, and sleeps unless the signal has changed. A submitter that puts a
 * task there after that look holds the same lock, so it sees that the worker is counted: it changes the
 * signal, and wakes a worker that sleeps. Until this worker has looked for tasks, submitters signal no
 * other. Before the worker runs the task that it has found, it signals the next worker if there are more
 * tasks. So a task costs a wake only when nobody is about to look for it.
 *
 *   the submitter, under the ring's lock     the worker
 *   put the task                             idle + 1 (and - 1 when it goes on)
 *   idle > 0 and not waking? then            read the signal
 *     waking = 1                             waking = 0
 *     signal + 1, take a worker that sleeps  look at each ring under its lock; sleep if there is nothing
 *   wake that worker, without the lock         and the signal has not changed
 *                                            waking = 0 when it goes on; find a task, look at each ring
 *                                              for another one, and signal the next worker
 *
 * The losing interleaving would be: a submitter puts a task into a ring after a worker's last look there,
 * and the worker sleeps. The ring's lock lets the submitter see that the worker is counted, and see the
 * worker's 0 in `waking` or a later value. If the submitter reads a 1, another submitter has written that
 * 1 after the 0, and changes the signal after the worker has read it. So either the worker does not sleep,
 * or a sleeping worker is taken off the line. Either of them writes 0 after that 1, and looks at the ring
 * afterwards. Had it looked before the task was put, the submitter would have seen that 0.
 * docs/models/relay.pml has all orders.
 *
 * In a bounded pool a submitter from outside that finds the executor's ring full waits for a change of
 * `room`, which a worker makes when it has taken tasks from that ring:
 *
 *   the submitter                                   the worker
 *   lock; read `room`                               take tasks, without that lock
 *   full? unlock, and sleep unless `room` changed   room + 1, take a submitter that sleeps, and wake it
 *   lock, and look again
 *   put the task; if there is still room, take the
 *     next submitter that sleeps; unlock, wake it
 *
 * The losing interleaving would be: the submitter finds the ring full, the worker takes a task and finds
 * nobody asleep, and the submitter goes to sleep. But then `room` has changed after the submitter read it,
 * unless it read the change already; that load is an acquire, so that the look that came after it found the
 * place. A worker that comes upon cancelled tasks makes several places with one change and one wake: the one
 * that was woken wakes the next, also if it could not put its own task.
 */
#ifndef TI_EXECUTOR_H
#define TI_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "self.h"
#include "tasks.h"

/* One of an executor's threads. */
typedef struct ti_worker {
    threading_executor_t *executor;
    threading_thread_t *thread;
    uintptr_t next; /* the worker that was started after it; 0 if there is none yet */
    char apart[TI_APART];
    uint32_t turn; /* counts its searches; its own thread's, as the next five */
    struct ti_worker *victim;
    ti_task task;           /* what it runs; empty if it is a map or nothing */
    threading_stop_t *stop; /* what the thread heeded before */
    bool relays;            /* it was idle, and has found no task yet */
    bool is_done;           /* there will be no task any more */
    uint32_t lock;          /* of its own thread, when that puts tasks there */
    ti_tasks tasks;
} ti_worker;

/* Fields that are written often are apart from fields that are only read, and the submitters' fields from
 * the workers'. */
struct threading_executor {
    uint32_t handles;     /* what users hold; with the last it is shut down */
    uint32_t references;  /* one for all handles together, one for each worker */
    uint32_t family;      /* ti_phase_family: the workers of another process's executor are not here */
    uint32_t is_complete; /* all workers are started: set for good, and read without the lock */
    uint32_t is_nested;   /* a worker's own ring was used: set for good, under the lock, before that */
    uint32_t refused;     /* the status of tasks that had not begun and never will; read without the lock */
    uint32_t refusal;     /* the status of a submit: OK, SHUTDOWN or BROKEN; read without the lock too */
    bool is_shutdown;
    size_t worker_count;
    ti_worker *last;    /* worker */
    uintptr_t first;    /* worker; read without the lock too */
    uintptr_t loops;    /* the first loop that wants threads (executor_for.c); likewise */
    size_t max_workers; /* does not change, as the next two */
    size_t parallelism; /* how many threads could run at once when it was made */
    threading_executor_options_t options;
    char *name;
    bool is_listed; /* under the list's guard, as the next two */
    threading_executor_t *previous_listed;
    threading_executor_t *next_listed;
    char apart[TI_APART];
    uint32_t
        spare; /* workers that run no task, less tasks that are queued, while it is not complete; atomic */
    uint32_t idle;   /* workers that look a last time, or sleep; changes without the lock */
    uint32_t signal; /* what they wait for a change of */
    uint32_t
        waking; /* not 0: one was signalled that has not looked for a task yet; changes without the lock */
    char apart_too[TI_APART];
    uint32_t lock; /* of those who submit: protects the workers, the shutdown, the refusal and the tasks */
    ti_tasks tasks;
    uint32_t room; /* of a bounded pool: what submitters wait for a change of; beside what workers write */
};

/* In a forked child: its locks may be held for ever by threads that are gone. */
bool ti_executor_is_orphaned(const threading_executor_t *executor);

/* Whether an abandoned call of it stays as it is: there, or in a thread that ends the process, which runs
 * what remains to be done (ti_executor_work). */
bool ti_executor_is_spared(const threading_executor_t *executor, const ti_self *self);

/* Whether its options are such as are known. */
bool ti_executor_accepts(const threading_executor_t *executor);

/* Queue a task so many times, whatever max_pending is, and see to it that there are workers. On failure it
 * was queued not once. */
threading_status_t ti_executor_enqueue(threading_executor_t *executor, ti_task task, size_t times,
                                       ti_self *self);

/* The same, once, where there is room: else it waits, or gives THREADING_BUSY. In one of the pool's own
 * tasks it does not wait but goes beyond the bound: it would wait for itself. */
threading_status_t ti_executor_enqueue_bounded(threading_executor_t *executor, ti_task task, bool may_wait,
                                               ti_self *self);

/* Have so many idle workers look again: those that sleep are a chain for ti_line_wake. */
ti_waiter *ti_executor_signal(threading_executor_t *executor, size_t n, ti_self *self);

/* In a worker: run a task of its own executor that has not begun. False: it is another's, or has begun. */
bool ti_executor_help(threading_future_t *future, ti_self *self);

/* What a task leaves behind in its thread is undone. False: the task has called fork, and this is the
 * child. */
bool ti_executor_leave(const threading_executor_t *executor, threading_stop_t *stop, ti_self *self);

/* In a worker: call a task's function. What the task leaves behind in the thread is undone. */
void *ti_executor_call(threading_executor_t *executor, threading_target_t function, void *arg, ti_self *self);

/* So many workers more run no task, or so many tasks less are queued. */
void ti_executor_count_spare(threading_executor_t *executor, uint32_t more);

/* Take no more tasks, and let the workers end when none is left. */
void ti_executor_stop(threading_executor_t *executor, bool cancel_futures);

/* The worker that was started next, the first for NULL; valid as long as the executor is. NULL: there is
 * none. */
ti_worker *ti_executor_worker_after(const threading_executor_t *executor, const ti_worker *worker);

/* Give one of `references` back. */
void ti_executor_give_back(threading_executor_t *executor);

/* executor_room.c: of a bounded pool. Find room for one task more, or a reason to put none, with the lock
 * of the ring to which it goes; it is released during a wait. `worker`: the calling one if that ring is its
 * own, else NULL. THREADING_BUSY: there is none and it may not wait; THREADING_CANCELLED: its stop was
 * requested. */
threading_status_t ti_executor_find_room(threading_executor_t *executor, ti_worker *worker, bool may_wait,
                                         ti_self *self);

/* With the executor's lock: the next submitter that waits, if there is room; for ti_line_wake. */
ti_waiter *ti_executor_take_submitter(threading_executor_t *executor, ti_self *self);

/* There is room, or a reason to wait for it no longer: have so many of those who wait look again. */
void ti_executor_make_room(threading_executor_t *executor, size_t n, ti_self *self);

static inline bool ti_executor_is_bounded(const threading_executor_t *executor)
{
    return executor->options.max_pending != 0;
}

/* executor_worker.c: start another one, under the lock. */
threading_status_t ti_executor_start_worker(threading_executor_t *executor);

/* Run tasks in the calling thread, a worker, until there will be none. */
void ti_executor_work(ti_self *self);

/* End all tasks that have not begun, with THREADING_CANCELLED or THREADING_BROKEN. */
void ti_executor_refuse(threading_executor_t *executor, threading_status_t status, ti_self *self);

/* Run no task any more that has not begun: a worker has failed. Their futures end with THREADING_BROKEN. */
void ti_executor_break(threading_executor_t *executor, ti_self *self);

/* executor_map.c: what stands for the function in a map's tasks; in a worker, work off its items; end
 * those that have not begun; give a reference back. */
struct ti_map;
void *ti_map_task(void *map);
void ti_map_work(struct ti_map *map, ti_self *self);
void ti_map_refuse(struct ti_map *map, threading_status_t status);
void ti_map_give_back(struct ti_map *map);

/* executor_task.c: let a task that was taken begin. False: it was cancelled, or somebody has run it. */
bool ti_task_begins(threading_executor_t *executor, ti_task task, const ti_self *self);

/* Drop what is in a worker's ring and was run by a thread that waited for it, or cancelled; under the
 * worker's lock. A thread that submits and waits again and again, and never comes to look for tasks, fills
 * it so. */
void ti_worker_sweep(ti_worker *worker, ti_self *self);

/* Have so many workers look for something to do that was put under the lock, which is released here; start
 * them if there are not enough. How many are to come is stored before that. */
void ti_executor_call_workers(threading_executor_t *executor, uint32_t *called, uint32_t n, ti_self *self);

/* executor_for.c: have a share in a loop that wants a thread, NULL if there is none; and then run its pieces
 * in the calling thread, a worker. */
typedef struct ti_loop ti_loop;
typedef struct ti_share ti_share;
ti_share *ti_loop_enter(threading_executor_t *executor, ti_loop **entered, ti_self *self);
void ti_loop_work(ti_loop *loop, ti_share *share, ti_self *self);

/* group.c: what stands for the function in the tasks of a group; let one begin, in the calling thread; run
 * it; end it instead. */
typedef struct threading_member ti_member;
void *ti_group_task(void *member);
bool ti_member_is_pending(const ti_member *member);
bool ti_member_begin(ti_member *member, const ti_self *self);
void ti_member_run(ti_member *member, ti_self *self);
void ti_member_refuse(ti_member *member, threading_status_t status);
void ti_member_give_back(ti_member *member);

/* executor_list.c: enter a new one where the end of the process finds it, and take it out again. False: the
 * process waits for its threads just now, and takes no new executors. */
bool ti_executor_list(threading_executor_t *executor, ti_self *self);
void ti_executor_unlist(threading_executor_t *executor, ti_self *self);

/* The process waits for its threads: shut all executors down, and have none begin until they are opened
 * again. */
void ti_executors_close(ti_self *self);
void ti_executors_open(void);

/* In a forked child, which has none of them. */
void ti_executors_reset(void);

#endif
