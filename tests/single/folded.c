/* SPDX-License-Identifier: MIT */
/*
 * Linked so that functions of the same code have one address, as MSVC's linker has them in release builds: no function of the
 * user's is taken for one that stands for a kind of tasks.
 */
#define THREADING_IMPLEMENTATION
#include "threading.h"

#include <stdio.h>

static void *same(void *arg)
{
    return arg;
}

static threading_status_t succeed(void *arg)
{
    (void)arg;
    return THREADING_OK;
}

static bool is_right(threading_executor_t *pool)
{
    static int item;
    void *items[] = {&item, &item, &item, &item}, *results[4] = {NULL};
    threading_group_t group;
    return threading_executor_submit(pool, same, &item, NULL) == THREADING_OK &&
           threading_executor_map(pool, same, items, 4, results) == THREADING_OK && results[3] == &item &&
           threading_group_init(&group, pool) == THREADING_OK &&
           threading_group_run(&group, succeed, NULL) == THREADING_OK &&
           threading_group_wait(&group) == THREADING_OK;
}

int main(void)
{
    threading_executor_t *pool = threading_executor_new(2, NULL);
    puts(pool != NULL && is_right(pool) ? "right" : "wrong");
    (void)threading_executor_shutdown(pool, true, false);
    threading_executor_free(pool);
    return 0;
}
