/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: every call that takes memory is made to fail at each of its allocations in turn.
 *
 * The functions of memory.h are defined here in place of the library's; a static library's own are
 * then not linked. They count down to the failure, count what is alive, and know what they gave out.
 * So that this is exact, block.h's functions keep no blocks, unless KEEPS_BLOCKS is defined before.
 * Included once in each suite.
 */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

#include "block.h"
#include "memory.h"
#include "self.h"

#include "conformance.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define IN_USE 0x1A11DU
#define GIVEN_BACK 0xDEADU

typedef union block {
    struct {
        size_t size;
        unsigned state;
    } head;
    long long align; /* for any type, with the next */
    long double align_more;
} block_t;

static atomic_int allowed = INT_MAX; /* allocations that still succeed */
static atomic_bool fails_once;       /* whether only one fails then, or all */
static atomic_int failures;
static atomic_int alive;

static bool is_out_of_memory(void)
{
    int left = atomic_load(&allowed);
    do {
        if (left == INT_MAX)
            return false;
    } while (!atomic_compare_exchange_weak(&allowed, &left,
                                           left > 0                   ? left - 1
                                           : atomic_load(&fails_once) ? INT_MAX
                                                                      : 0));
    if (left > 0)
        return false;
    atomic_fetch_add(&failures, 1);
    return true;
}

static block_t *block_of(void *memory)
{
    block_t *block = (block_t *)memory - 1;
    CHECK_EQUAL(block->head.state, IN_USE);
    return block;
}

void *ti_memory_allocate(size_t size)
{
    CHECK(size > 0);
    block_t *block = is_out_of_memory() ? NULL : calloc(1, sizeof *block + size);
    if (block == NULL)
        return NULL;
    atomic_fetch_add(&alive, 1);
    block->head.size = size;
    block->head.state = IN_USE;
    return block + 1;
}

void ti_memory_free(void *memory)
{
    if (memory == NULL)
        return;
    block_t *block = block_of(memory);
    block->head.state = GIVEN_BACK;
    memset(memory, 0xDD, block->head.size);
    atomic_fetch_sub(&alive, 1);
    free(block);
}

void *ti_memory_resize(void *memory, size_t size)
{
    void *moved = ti_memory_allocate(size); /* always moves, so that an old pointer is a wrong one */
    if (moved == NULL)
        return NULL;
    memset(moved, 0xCC, size);
    if (memory != NULL) {
        size_t old_size = block_of(memory)->head.size;
        memcpy(moved, memory, old_size < size ? old_size : size);
        ti_memory_free(memory);
    }
    return moved;
}

/* As if it had to be given back. */
void *ti_memory_keep(size_t size)
{
    return ti_memory_allocate(size);
}

void ti_memory_end(void *memory, size_t size)
{
    (void)size;
    ti_memory_free(memory);
}

#if !defined(KEEPS_BLOCKS)

void *ti_block_take(ti_self *self, uint32_t *offset)
{
    (void)self;
    *offset = 0;
    return ti_memory_resize(NULL, TI_BLOCK);
}

void ti_block_give_back(void *block, uint32_t offset)
{
    CHECK_EQUAL(offset, 0);
    ti_memory_free(block);
}

void ti_blocks_leave(ti_self *self)
{
    (void)self;
}

void ti_blocks_forget(void)
{
}

void ti_blocks_lock(ti_self *self)
{
    (void)self;
}

bool ti_blocks_try_lock(void)
{
    return true;
}

void ti_blocks_unlock(void)
{
}

void ti_blocks_reset_guard(void)
{
}

#endif

/* After that many allocations more the next fails, and with `once` only that one. */
THREADING_UNUSED static void memory_runs_out(int after, bool once)
{
    atomic_store(&failures, 0);
    atomic_store(&fails_once, once);
    atomic_store(&allowed, after);
}

/* And says how many allocations failed. */
THREADING_UNUSED static int memory_comes_back(void)
{
    atomic_store(&allowed, INT_MAX);
    return atomic_load(&failures);
}

/*
 * Runs an attempt with the first allocation failing, then the second, and so on until it meets no
 * failure; the attempt is told to fail if and only if an allocation failed. Gives the number of failures.
 */
typedef bool (*attempt_t)(void *arg);

THREADING_UNUSED static int fail_in_turn(attempt_t attempt, void *arg, bool once)
{
    for (int i = 0; i < 100; i++) {
        memory_runs_out(i, once);
        bool succeeded = attempt(arg);
        bool failed = memory_comes_back() > 0;
        CHECK(succeeded != failed);
        if (succeeded)
            return i;
    }
    check_failed(__FILE__, __LINE__, "a call that needs no more than a hundred allocations", NULL);
    return 0;
}

/* The attempt fails at first, whether memory stays out or comes back at once; and the second time around no
 * memory is lost, though the library may keep some for reuse the first time. */
THREADING_UNUSED static void check_attempt(attempt_t attempt, void *arg)
{
    CHECK(fail_in_turn(attempt, arg, false) + fail_in_turn(attempt, arg, true) > 0);
    int before = atomic_load(&alive);
    for (int i = 0; i < 3; i++) {
        (void)fail_in_turn(attempt, arg, false);
        (void)fail_in_turn(attempt, arg, true);
    }
    CHECK_EQUAL(atomic_load(&alive), before);
}

#endif
