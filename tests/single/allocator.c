/* SPDX-License-Identifier: MIT */
/*
 * The one file with an allocator of the user's: all of the library's memory comes from there, and goes back there. C's own is
 * not even called: its names are macros here that do not compile. With NOTHING_IS_LEFT the copy is not in the program itself,
 * so that threading_unload() gives everything back.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 32 /* bytes, for any type's alignment */
#define TAIL 8
#define KEPT 512 /* pieces: of so many futures at once the memory may be kept for later ones */
#define MARK UINT64_C(0x616C6C6F6361746F)

static atomic_int alive, all, failures;

static void fail(const char *why)
{
    puts(why);
    atomic_fetch_add(&failures, 1);
}

static unsigned char *begin_of(void *memory)
{
    return (unsigned char *)memory - HEAD;
}

static size_t size_of(void *memory)
{
    uint64_t head[2];
    memcpy(head, begin_of(memory), sizeof head);
    if (head[0] != MARK) {
        fail("memory that did not come from here, or has gone");
        exit(1);
    }
    return (size_t)head[1];
}

static void *own_malloc(size_t size)
{
    unsigned char *begin = (unsigned char *)malloc(HEAD + size + TAIL);
    uint64_t head[2] = {MARK, size};
    if (begin == NULL)
        return NULL;
    memset(begin, 0xA5, HEAD + size + TAIL); /* nobody may take it for zeroed */
    memcpy(begin, head, sizeof head);
    atomic_fetch_add(&alive, 1);
    atomic_fetch_add(&all, 1);
    return begin + HEAD;
}

static void own_free(void *memory)
{
    unsigned char tail[TAIL];
    size_t size = size_of(memory); /* NULL crashes here: the library gives none */
    memset(tail, 0xA5, sizeof tail);
    if (memcmp((unsigned char *)memory + size, tail, sizeof tail) != 0)
        fail("something was written behind the memory");
    memset(begin_of(memory), 0xDD, HEAD + size + TAIL);
    atomic_fetch_sub(&alive, 1);
    free(begin_of(memory));
}

static void *own_realloc(void *memory, size_t size)
{
    void *resized = own_malloc(size);
    if (memory == NULL || resized == NULL)
        return resized;
    size_t before = size_of(memory);
    memcpy(resized, memory, before < size ? before : size);
    own_free(memory);
    return resized;
}

#define malloc(size) the_library_calls_malloc
#define calloc(count, size) the_library_calls_calloc
#define realloc(memory, size) the_library_calls_realloc
#define free(memory) the_library_calls_free

#define THREADING_MALLOC(size) own_malloc(size)
#define THREADING_REALLOC(memory, size) own_realloc(memory, size)
#define THREADING_FREE own_free /* may be a name, too */
#define THREADING_IMPLEMENTATION
#include "threading.h"

static void expect(bool condition, const char *why)
{
    if (!condition)
        fail(why);
}

#define EXPECT(condition) expect((condition), #condition)

/* ---- what a program does ---- */

static threading_local_t locals[40];
static threading_lock_t lock;

static void *use_locals(void *arg)
{
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++) {
        int *copy = (int *)threading_local_get(&locals[i]);
        EXPECT(copy != NULL && *copy == 0);
    }
    EXPECT(threading_thread_set_name(threading_current_thread(), "another name") == THREADING_OK);
    EXPECT(threading_thread_name(threading_current_thread()) != NULL);
    return arg;
}

static void use_threads(void)
{
    threading_thread_t *threads[20];
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++)
        EXPECT(threading_local_init(&locals[i], sizeof(int), NULL, NULL) == THREADING_OK);
    for (size_t i = 0; i < 20; i++) {
        threads[i] = threading_thread_new(use_locals, NULL, NULL);
        EXPECT(threading_thread_start(threads[i]) == THREADING_OK);
    }
    for (size_t i = 0; i < 20; i++) {
        EXPECT(threading_thread_join(threads[i]) == THREADING_OK);
        threading_thread_free(threads[i]);
    }
    (void)use_locals(NULL);
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++)
        EXPECT(threading_local_destroy(&locals[i]) == THREADING_OK);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void use_timer(void)
{
    threading_thread_t *timer = threading_timer_new(0.001, nothing, NULL);
    EXPECT(threading_thread_start(timer) == THREADING_OK && threading_thread_join(timer) == THREADING_OK);
    threading_thread_free(timer);
}

static int compare(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

static void use_queues(void)
{
    threading_queue_t *fifo = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    threading_queue_t *priority = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 0, compare);
    for (int i = 0; i < 500; i++)
        EXPECT(threading_queue_put(fifo, &i) == THREADING_OK &&
               threading_queue_put(priority, &i) == THREADING_OK);
    for (int i = 0, first, least; i < 400; i++)
        EXPECT(threading_queue_get(fifo, &first) == THREADING_OK && first == i &&
               threading_queue_get(priority, &least) == THREADING_OK && least == i);
    threading_queue_free(fifo);
    threading_queue_free(priority);
}

static void *use_lock(void *arg)
{
    THREADING_WITH_LOCK(&lock)
        (void)threading_sleep(0);
    return arg;
}

static void use_executor(void)
{
    threading_executor_t *executor = threading_executor_new(3, NULL);
    threading_future_t *futures[200];
    for (size_t i = 0; i < 200; i++)
        EXPECT(threading_executor_submit(executor, use_lock, NULL, &futures[i]) == THREADING_OK);
    for (size_t i = 0; i < 200; i++) {
        EXPECT(threading_future_result(futures[i], NULL) == THREADING_OK);
        threading_future_free(futures[i]);
    }
    EXPECT(threading_executor_shutdown(executor, true, false) == THREADING_OK);
    threading_executor_free(executor);
}

static void write_nothing(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
}

static void use_all(void)
{
    EXPECT(threading_profile_start() == THREADING_OK && threading_trace_start() == THREADING_OK);
    EXPECT(threading_object_set_name(&lock, "the lock") == THREADING_OK);
    use_threads();
    use_timer();
    use_queues();
    use_executor();
    EXPECT(threading_dump(write_nothing, NULL) == THREADING_OK);
    EXPECT(threading_profile_stop() == THREADING_OK &&
           threading_profile_write(write_nothing, NULL) == THREADING_OK);
    EXPECT(threading_trace_stop() == THREADING_OK &&
           threading_trace_write(write_nothing, NULL) == THREADING_OK);
    EXPECT(threading_object_set_name(&lock, NULL) == THREADING_OK);
}

/* What is left, in pieces. A thread of a backend's own may need a moment to go. */
static int unload(void)
{
    threading_status_t status = threading_unload();
    for (int tries = 0; tries < 1000 && status == THREADING_BUSY; tries++) {
        EXPECT(threading_sleep(0.01) == THREADING_OK);
        status = threading_unload();
    }
    EXPECT(status == THREADING_OK || status == THREADING_UNSUPPORTED);
#if defined(NOTHING_IS_LEFT)
    EXPECT(status == THREADING_OK && atomic_load(&alive) == 0);
#endif
    return atomic_load(&alive);
}

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int use_allocator(void);

int use_allocator(void)
{
    use_all();
    EXPECT(atomic_load(&all) > 100);
    (void)unload();
    int before = atomic_load(&all);
    for (int i = 0; i < 5; i++) {
        use_all();
        EXPECT(unload() <= KEPT);
    }
    EXPECT(atomic_load(&all) - before > 5 * KEPT); /* else the limit would tell nothing */
    puts(atomic_load(&failures) == 0 ? "all came from there" : "failed");
    return atomic_load(&failures) == 0 ? 0 : 1;
}

#if !defined(IN_A_LIBRARY)
int main(void)
{
    return use_allocator();
}
#endif
