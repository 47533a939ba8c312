/* SPDX-License-Identifier: MIT */
/*
 * A hang that tells why: two threads move money between two accounts, and each account has a Lock.
 *
 *     def transfer(source, target, amount):
 *         with source.lock:
 *             with target.lock:
 *                 ...
 *
 * One moves money from Alice to Bob, the other from Bob to Alice. If each has taken its first lock, both wait for
 * ever for the second. Python and most other languages say nothing then. Here threading_dump() tells who waits for
 * what, and who has it; a program that nobody wants to change tells the same by itself when it is started with
 * THREADING_DEBUG=dump=1 in its environment.
 *
 * The cure is to take the two locks in one order, whichever way the money goes.
 */
#include "example.h"

struct account {
    threading_lock_t lock;
    int balance;
};

struct transfer {
    struct account *source, *target;
    const char *name;
};

static void move(const struct transfer *transfer, int amount)
{
    transfer->source->balance -= amount;
    transfer->target->balance += amount;
}

static threading_thread_t *start(threading_target_t target, struct transfer *transfer, bool daemon)
{
    threading_thread_t *thread =
        THREADING_MUST_SPAWN(target, transfer, .name = transfer->name, .daemon = daemon);
    return thread;
}

/* ---- the hang */

static threading_barrier_t both_have_one = THREADING_BARRIER_INIT(2); /* makes the bad luck certain */

static void *source_first(void *arg)
{
    const struct transfer *transfer = arg;
    THREADING_WITH_LOCK(&transfer->source->lock) {
        THREADING_MUST(threading_barrier_wait(&both_have_one, NULL));
        THREADING_WITH_LOCK(&transfer->target->lock) {
            move(transfer, 10);
        }
    }
    return NULL;
}

/* ---- the report: of the dump only the ring, without the addresses, which are others each time */

struct report {
    size_t length;
    char text[16384];
};

static void keep(void *context, const char *text, size_t length)
{
    struct report *report = context;
    if (length >= sizeof report->text - report->length)
        return;
    memcpy(report->text + report->length, text, length);
    report->length += length;
    report->text[report->length] = '\0';
}

static void print_ring(const char *text)
{
    const char *end = strstr(text, "by the first\n") + strlen("by the first\n");
    while (text < end) {
        if (strncmp(text, " at 0x", 6) == 0)
            text += 6 + strspn(text + 6, "0123456789abcdef");
        else
            putchar(*text++);
    }
}

/* A watchdog: looks again and again, until there is a ring. */
static void wait_for_report(void)
{
    static struct report report;
    const char *ring = NULL;
    while (ring == NULL) {
        report.length = 0;
        THREADING_MUST(threading_dump(keep, &report));
        ring = strstr(report.text, "possible deadlock");
        threading_sleep(0.01);
    }
    print_ring(ring);
}

static void hang(void)
{
    static struct account alice = {{0}, 100}, bob = {{0}, 100};
    static struct transfer there = {&alice, &bob, "Alice to Bob"}, back = {&bob, &alice, "Bob to Alice"};
    THREADING_MUST(threading_object_set_name(&alice.lock, "Alice's account"));
    THREADING_MUST(threading_object_set_name(&bob.lock, "Bob's account"));
    threading_thread_free(
        start(source_first, &there, true)); /* daemons: the program need not hang with them */
    threading_thread_free(start(source_first, &back, true));
    wait_for_report();
}

/* ---- the cure: the account that comes first in memory is locked first */

static void *in_one_order(void *arg)
{
    const struct transfer *transfer = arg;
    bool is_first = transfer->source < transfer->target;
    for (int i = 0; i < 1000; i++)
        THREADING_WITH_LOCK(is_first ? &transfer->source->lock : &transfer->target->lock)
            THREADING_WITH_LOCK(is_first ? &transfer->target->lock : &transfer->source->lock)
                move(transfer, 1);
    return NULL;
}

static void cure(void)
{
    struct account accounts[2] = {{{0}, 100}, {{0}, 100}};
    struct transfer there = {&accounts[0], &accounts[1], "there"},
                    back = {&accounts[1], &accounts[0], "back"};
    threading_thread_t *one = start(in_one_order, &there, false), *other = start(in_one_order, &back, false);
    THREADING_MUST(threading_thread_join(one));
    THREADING_MUST(threading_thread_join(other));
    threading_thread_free(one);
    threading_thread_free(other);
    printf("in one order: %d and %d\n", accounts[0].balance, accounts[1].balance);
}

int main(void)
{
    hang();
    cure();
    return 0;
}
