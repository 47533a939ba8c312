/* SPDX-License-Identifier: MIT */
/*
 * An allocator that is guarded by a Lock: the library is called from within malloc, by threads that have
 * never called it before, while the system starts or ends them, and while the library itself allocates.
 *
 * This program's own malloc only ever goes on through its memory. It counts what it is asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <pthread.h>
#endif

#include "conformance.h"
#include "gate.h"

#if defined(__linux__) && !defined(TEST_WITH_THREAD_SANITIZER) && !defined(TEST_WITH_ADDRESS_SANITIZER)

static union {
    max_align_t align;
    unsigned char bytes[(size_t)1 << 27];
} arena;

static threading_lock_t arena_lock; /* guards the next two */
static size_t arena_used;
static size_t allocations;

static size_t rounded(size_t size)
{
    size_t unit = sizeof(max_align_t);
    return (size + unit - 1) / unit * unit;
}

/* In front of each piece is its size. */
static void *piece(size_t size, size_t alignment)
{
    void *memory = NULL;
    CHECK_STATUS(threading_lock_acquire(&arena_lock), THREADING_OK);
    size_t begin = (rounded(arena_used + sizeof(max_align_t)) + alignment - 1) / alignment * alignment;
    allocations++;
    if (size <= sizeof arena.bytes && begin <= sizeof arena.bytes - size) {
        memory = arena.bytes + begin;
        memcpy((unsigned char *)memory - sizeof size, &size, sizeof size);
        arena_used = begin + size;
    }
    CHECK_STATUS(threading_lock_release(&arena_lock), THREADING_OK);
    if (memory == NULL)
        errno = ENOMEM;
    return memory;
}

void *malloc(size_t size)
{
    return piece(size, sizeof(max_align_t));
}

void *calloc(size_t count, size_t size)
{
    return size == 0 || count <= SIZE_MAX / size ? malloc(count * size)
                                                 : NULL; /* it is zero until it is used */
}

void *realloc(void *memory, size_t size)
{
    size_t old_size = 0;
    void *moved = malloc(size);
    if (memory != NULL)
        memcpy(&old_size, (unsigned char *)memory - sizeof old_size, sizeof old_size);
    if (moved != NULL && memory != NULL)
        memcpy(moved, memory, old_size < size ? old_size : size);
    return moved;
}

void free(void *memory)
{
    (void)memory;
    CHECK_STATUS(threading_lock_acquire(&arena_lock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&arena_lock), THREADING_OK);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return piece(size, alignment < sizeof(max_align_t) ? sizeof(max_align_t) : alignment);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = aligned_alloc(alignment, size);
    return *memory != NULL ? 0 : ENOMEM;
}

static void needs_own_malloc(void)
{
}

#else

static size_t allocations;

static void needs_own_malloc(void)
{
    SKIP("a program's own malloc does not take the place of the system's here");
}

#endif

/* ------------------------------------------------------------------------------------- all kinds of threads
 */

enum { turns = 200 };

static void *allocate(void *arg)
{
    for (int i = 0; i < turns; i++) {
        unsigned char *volatile memory = malloc((size_t)i + 1);
        CHECK(memory != NULL);
        memory[0] = memory[i] = (unsigned char)i;
        memory = realloc(memory, 2 * (size_t)i + 2);
        CHECK(memory[i] == (unsigned char)i);
        free(memory);
    }
    return arg;
}

CASE(lock_can_guard_malloc_in_main)
{
    needs_own_malloc();
    size_t before = allocations;
    (void)allocate(NULL);
    CHECK(allocations >= before + 2 * turns);
}

CASE(lock_can_guard_malloc_in_threads)
{
    needs_own_malloc();
    for (int i = 0; i < 20; i++)
        finished(started(allocate, NULL));
}

CASE(lock_can_guard_malloc_in_foreign_threads)
{
    needs_own_malloc();
    for (int i = 0; i < 20; i++)
        foreign_join(foreign_start(allocate, NULL));
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(lock_can_guard_malloc_of_many_threads)
{
    enum { count = 8 };
    threading_thread_t *own[count];
    foreign_t *foreign[count];
    needs_own_malloc();
    for (int i = 0; i < count; i++) {
        own[i] = started(allocate, NULL);
        foreign[i] = foreign_start(allocate, NULL);
    }
    for (int i = 0; i < count; i++) {
        finished(own[i]);
        foreign_join(foreign[i]);
    }
}

static threading_local_t local = THREADING_LOCAL_INIT(long);

/* The library allocates too. */
static void *use_the_library(void *arg)
{
    int item = 1;
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 0, NULL);
    CHECK(threading_local_get(&local) != NULL);
    CHECK(threading_current_thread() != NULL);
    for (int i = 0; i < 50; i++)
        CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
    threading_queue_free(queue);
    finished(started(return_at_once, NULL));
    return arg;
}

CASE(lock_can_guard_the_librarys_own_memory)
{
    enum { count = 4 };
    foreign_t *threads[count];
    needs_own_malloc();
    for (int i = 0; i < count; i++)
        threads[i] = foreign_start(use_the_library, NULL);
    (void)use_the_library(NULL);
    for (int i = 0; i < count; i++)
        foreign_join(threads[i]);
    CHECK_STATUS(threading_local_destroy(&local), THREADING_OK);
}

/* ------------------------------------------------------------------ the first call, and the last ones */

static void at_exit(void)
{
}

/* What the C library has room for without memory: 32 handlers, of which the system has one, and a thread's
 * first 32 variables. So it asks for memory in the middle of the library's first call. */
static void use_up_what_needs_no_memory(void)
{
#if defined(__linux__)
    pthread_key_t key;
    for (int i = 0; i < 40; i++)
        CHECK_EQUAL(pthread_key_create(&key, NULL), 0);
#endif
    for (int i = 0; i < 30; i++)
        CHECK_EQUAL(atexit(at_exit), 0);
}

CASE(lock_can_guard_malloc_when_the_first_call_allocates)
{
    needs_own_malloc();
    use_up_what_needs_no_memory();
    (void)allocate(NULL);
    foreign_join(foreign_start(allocate, NULL));
    finished(started(allocate, NULL));
}

static native_key_t *keys[2];

static void allocate_in(native_key_t *key, void *value)
{
    int round = (int)(intptr_t)value;
    free(malloc(10));
    if (round < native_key_rounds())
        native_key_set(key, (void *)(intptr_t)(round + 1));
}

static void allocate_early(void *value)
{
    allocate_in(keys[0], value);
}

static void allocate_late(void *value)
{
    allocate_in(keys[1], value);
}

static void *set_keys(void *arg)
{
    native_key_set(keys[0], (void *)1);
    native_key_set(keys[1], (void *)1);
    return arg;
}

CASE(lock_can_guard_malloc_in_thread_local_destructors)
{
    needs_own_malloc();
    keys[0] = native_key_new(allocate_early);
    CHECK(threading_get_ident() != 0);
    keys[1] = native_key_new(allocate_late);
    /* C alone keeps what it has for the first calls of threads that are gone. */
    int count = strcmp(threading_backend(), "c11") == 0 ? 20 : 100;
    for (int i = 0; i < count; i++) {
        foreign_join(foreign_start(set_keys, NULL));
        finished(started(set_keys, NULL));
    }
    CHECK_EQUAL(threading_active_count(), 1);
}

/* ------------------------------------------------------------------------- first calls that need no memory
 */

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_event_t event;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
static threading_lock_t gate;
static atomic_int arrived;

static void use_lock(void)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
}

static void use_rlock(void)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static void use_event(void)
{
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
}

static void use_semaphore(void)
{
    CHECK_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
    CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
}

static void use_ident(void)
{
    CHECK(threading_get_ident() != 0);
    CHECK(threading_monotonic() >= 0);
}

static void (*const uses[])(void) = {use_lock, use_rlock, use_event, use_semaphore, use_ident};

/* The gate lets one thread after the other do it, and keeps them all alive meanwhile. */
static void *use_and_wait(void *arg)
{
    void (*use)(void) = *(void (*const *)(void))arg;
    size_t before = allocations;
    use();
    CHECK_EQUAL(allocations, before);
    atomic_fetch_add(&arrived, 1);
    gate_pass(&gate); /* waits */
    CHECK_EQUAL(threading_active_count(), 1);
    return NULL;
}

CASE(first_calls_of_a_thread_allocate_nothing)
{
    enum { count = 60 };
    foreign_t *threads[count];
    needs_own_malloc();
    gate_close(&gate);
    for (int i = 0; i < count; i++) {
        threads[i] = foreign_start(use_and_wait, (void *)(uintptr_t)&uses[i % 5]);
        AWAIT(atomic_load(&arrived) == i + 1);
    }
    gate_open(&gate);
    for (int i = 0; i < count; i++)
        foreign_join(threads[i]);
}
