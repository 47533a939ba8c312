/* SPDX-License-Identifier: MIT */
#include "tasks.h"

#include "memory.h"

#define TI_TASKS_MIN 32

static size_t ti_slots_count(const ti_slots *slots)
{
    return slots->tasks != NULL ? slots->mask + 1 : 0;
}

/* The slots for so many; none without memory. */
static ti_slots ti_slots_new(size_t least, size_t count)
{
    ti_slots slots = {NULL, 0};
    size_t capacity = least;
    while (capacity < count && capacity <= SIZE_MAX / 2 / sizeof(ti_task))
        capacity *= 2;
    if (capacity >= count)
        slots.tasks = (ti_task *)ti_memory_resize(NULL, capacity * sizeof *slots.tasks);
    slots.mask = capacity - 1;
    return slots;
}

/* Under both locks: move all to other slots. */
static void ti_tasks_move(ti_tasks *tasks, ti_slots slots)
{
    for (uintptr_t i = tasks->taken; i != tasks->put; i++)
        slots.tasks[i & slots.mask] = tasks->in.tasks[i & tasks->in.mask];
    ti_memory_free(tasks->in.tasks);
    tasks->in = tasks->out = slots;
}

/* Look how many were taken meanwhile. False: there is still not room enough. */
static bool ti_tasks_find_room(ti_tasks *tasks, size_t more)
{
    /* Acquire: pairs with the release in ti_tasks_pop. */
    tasks->limit = ti_load_pointer_acquire(&tasks->taken) + ti_slots_count(&tasks->in);
    return more <= tasks->limit - tasks->put;
}

bool ti_tasks_grow(ti_tasks *tasks, size_t more, ti_self *self)
{
    if (ti_tasks_find_room(tasks, more))
        return true;
    size_t count = tasks->put - ti_load_pointer_relaxed(&tasks->taken); /* relaxed: it gets fewer at most */
    if (more > SIZE_MAX - count)
        return false;
    size_t capacity = ti_slots_count(&tasks->in);
    ti_slots slots = ti_slots_new(capacity > 0 ? capacity : TI_TASKS_MIN, count + more);
    if (slots.tasks == NULL)
        return false;
    ti_line_lock(&tasks->lock, self);
    ti_tasks_move(tasks, slots);
    ti_line_unlock(&tasks->lock, self);
    return ti_tasks_find_room(tasks, more);
}

/* Each is taken once. What stays is put again, behind the others. */
TI_COLD void ti_tasks_sweep(ti_tasks *tasks, bool (*goes)(ti_task task), ti_self *self)
{
    ti_task task;
    ti_line_lock(&tasks->lock, self);
    for (size_t count = tasks->put - tasks->taken; count > 0 && ti_tasks_pop(tasks, &task); count--)
        if (!goes(task))
            ti_tasks_push(tasks, task);
    ti_line_unlock(&tasks->lock, self);
    (void)ti_tasks_find_room(tasks, 0);
}

TI_COLD ti_tasks ti_tasks_take_all(ti_tasks *tasks)
{
    /* Not copied as a whole: another thread may just try to get the lock in it. */
    ti_tasks taken = {
        .put = tasks->put, .taken = tasks->taken, .seen = tasks->put, .in = tasks->in, .out = tasks->in};
    tasks->in = tasks->out = (ti_slots){NULL, 0};
    tasks->limit = tasks->put;
    /* Relaxed and release: as in ti_tasks_pop. */
    ti_store_pointer_relaxed(&tasks->seen, tasks->put);
    ti_store_pointer_release(&tasks->taken, tasks->put);
    return taken;
}

void ti_tasks_free(ti_tasks *tasks)
{
    ti_memory_free(tasks->in.tasks);
}
