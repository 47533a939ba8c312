/* SPDX-License-Identifier: MIT */
#include "tasks.h"

#include "memory.h"

#define TI_TASKS_MIN 32

/* The capacity for so many; 0 if there can be none. */
static size_t ti_tasks_capacity_for(const ti_tasks *tasks, size_t count)
{
    size_t capacity = tasks->capacity > 0 ? tasks->capacity : TI_TASKS_MIN;
    while (capacity < count && capacity <= SIZE_MAX / 2 / sizeof(ti_task))
        capacity *= 2;
    return capacity >= count ? capacity : 0;
}

bool ti_tasks_reserve(ti_tasks *tasks, size_t more)
{
    if (more <= tasks->capacity - tasks->count)
        return true;
    if (more > SIZE_MAX - tasks->count)
        return false;
    size_t capacity = ti_tasks_capacity_for(tasks, tasks->count + more);
    ti_task *moved = capacity > 0 ? (ti_task *)ti_memory_resize(NULL, capacity * sizeof *moved) : NULL;
    if (moved == NULL)
        return false;
    for (size_t i = 0; i < tasks->count; i++)
        moved[i] = tasks->tasks[(tasks->first + i) & (tasks->capacity - 1)];
    ti_memory_free(tasks->tasks);
    tasks->tasks = moved;
    tasks->capacity = capacity;
    tasks->first = 0;
    return true;
}

ti_tasks ti_tasks_take_all(ti_tasks *tasks)
{
    ti_tasks taken = *tasks;
    ti_store_pointer_relaxed(&tasks->count, 0); /* relaxed: as in ti_tasks_push */
    tasks->first = tasks->capacity = 0;
    tasks->tasks = NULL;
    return taken;
}

void ti_tasks_free(ti_tasks *tasks)
{
    ti_memory_free(tasks->tasks);
}
