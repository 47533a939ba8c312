/* SPDX-License-Identifier: MIT */
/*
 * A buffer with room for three: who puts waits while it is full, who gets waits while it is empty.
 *
 *     lock = threading.Lock()
 *     not_empty, not_full = threading.Condition(lock), threading.Condition(lock)
 *     with not_empty:
 *         not_empty.wait_for(lambda: items)
 *         item = items.popleft()
 *         not_full.notify()
 *
 * Look at the two conditions: they share one lock, since it is one buffer that they tell about, and each
 * wakes those who wait for just this change. A Queue is made like that; with one, as in producer_consumer.c,
 * nothing of it is left to write.
 */
#include "example.h"

enum { ROOM = 3, COUNT = 10 };

static threading_lock_t lock; /* guards the buffer */
static threading_condition_t not_empty = THREADING_CONDITION_INIT_LOCK(&lock);
static threading_condition_t not_full = THREADING_CONDITION_INIT_LOCK(&lock);

static int buffer[ROOM];
static int first, used, most_used;

static bool has_item(void *unused)
{
    (void)unused;
    return used > 0;
}

static bool has_room(void *unused)
{
    (void)unused;
    return used < ROOM;
}

static void put(int item)
{
    THREADING_WITH_LOCK(&lock) {
        THREADING_MUST(
            threading_condition_wait_for(&not_full, has_room, NULL)); /* without the lock while it waits */
        buffer[(first + used) % ROOM] = item;
        used++;
        if (used > most_used)
            most_used = used;
        THREADING_MUST(threading_condition_notify(&not_empty, 1));
    }
}

static int get(void)
{
    int item = 0;
    THREADING_WITH_LOCK(&lock) {
        THREADING_MUST(threading_condition_wait_for(&not_empty, has_item, NULL));
        item = buffer[first];
        first = (first + 1) % ROOM;
        used--;
        THREADING_MUST(threading_condition_notify(&not_full, 1));
    }
    return item;
}

static void *produce(void *unused)
{
    (void)unused;
    for (int i = 1; i <= COUNT; i++)
        put(i);
    return NULL;
}

int main(void)
{
    threading_thread_t *producer = THREADING_MUST_SPAWN(produce, NULL, .name = "producer");
    for (int i = 0; i < COUNT; i++)
        printf("got %d\n", get());
    THREADING_MUST(threading_thread_join(producer));
    threading_thread_free(producer);
    printf("never more than %d at a time: %s\n", ROOM, most_used <= ROOM ? "yes" : "no");
    return 0;
}
