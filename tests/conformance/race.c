/* SPDX-License-Identifier: MIT */
/*
 * The bank balance of the tutorials: threads deposit and withdraw the same sums, so that nothing should be left.
 * Without a lock updates are really lost; with any of the locks, taken in any way, the balance is exactly 0.
 */
#include "conformance.h"
#include "crowd.h"

static const int crowds[] = {2, 4, 8, 16, 32, 64};
enum { CROWDS = sizeof crowds / sizeof *crowds };

static threading_lock_t lock;
static threading_rlock_t rlock;
static int balance; /* plain on purpose, as is the next: the locks alone protect them */
static int changes;
static atomic_int shared_balance; /* for the race itself: atomic, so that C defines what happens */
static atomic_int arrived;        /* of meet(): the threads set out together */
static atomic_int places;
static int crowd; /* how many threads there are */
static int turns; /* how often each of them changes the balance */

static void change_it(int n)
{
    balance = balance + n;
    balance = balance - n;
    changes++;
}

/* Each thread works with a sum of its own: 5, 8, 11, … */
static int own_sum(void)
{
    return 5 + 3 * atomic_fetch_add(&places, 1);
}

/* The threads run together; at the end nothing is left of them. */
static void run_crowd(int count, int total_turns, threading_target_t target)
{
    threading_thread_t *threads[64];
    crowd = count;
    turns = total_turns / count;
    atomic_store(&arrived, 0);
    start_many(threads, count, target, NULL);
    finish_many(threads, count);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* Two steps each, as the interpreter takes them, and no lock: whoever comes in between is overwritten. */
static void *change_without_lock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        int x = atomic_load_explicit(&shared_balance, memory_order_relaxed) + n;
        atomic_store_explicit(&shared_balance, x, memory_order_relaxed);
        x = atomic_load_explicit(&shared_balance, memory_order_relaxed) - n;
        atomic_store_explicit(&shared_balance, x, memory_order_relaxed);
    }
    return arg;
}

/* The case's time limit ends it if no update is ever lost. */
static void lose_an_update(int count)
{
    do {
        atomic_store(&shared_balance, 0);
        run_crowd(count, 400000, change_without_lock);
    } while (atomic_load(&shared_balance) == 0);
}

CASE(without_a_lock_2_threads_lose_updates)
{
    lose_an_update(2);
}

CASE(without_a_lock_4_threads_lose_updates)
{
    lose_an_update(4);
}

CASE(without_a_lock_8_threads_lose_updates)
{
    lose_an_update(8);
}

CASE(without_a_lock_16_threads_lose_updates)
{
    lose_an_update(16);
}

CASE(without_a_lock_32_threads_lose_updates)
{
    lose_an_update(32);
}

CASE(without_a_lock_64_threads_lose_updates)
{
    lose_an_update(64);
}

static void keep_the_balance(int count, int total_turns, threading_target_t target)
{
    int total = is_slow() ? total_turns / 10 : total_turns;
    balance = 0;
    changes = 0;
    run_crowd(count, total, target);
    CHECK_EQUAL(balance, 0);
    CHECK_EQUAL(changes, total / count * count);
    CHECK(is_zero(&lock, sizeof lock));
    CHECK(is_zero(&rlock, sizeof rlock));
}

static void keep_it_in_all_crowds(int total_turns, threading_target_t target)
{
    for (int i = 0; i < CROWDS; i++)
        keep_the_balance(crowds[i], total_turns, target);
}

static void *change_under_lock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        change_it(n);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

CASE(lock_keeps_the_balance_of_2_threads)
{
    keep_the_balance(2, 200000, change_under_lock);
}

CASE(lock_keeps_the_balance_of_4_threads)
{
    keep_the_balance(4, 200000, change_under_lock);
}

CASE(lock_keeps_the_balance_of_8_threads)
{
    keep_the_balance(8, 200000, change_under_lock);
}

CASE(lock_keeps_the_balance_of_16_threads)
{
    keep_the_balance(16, 200000, change_under_lock);
}

CASE(lock_keeps_the_balance_of_32_threads)
{
    keep_the_balance(32, 200000, change_under_lock);
}

CASE(lock_keeps_the_balance_of_64_threads)
{
    keep_the_balance(64, 200000, change_under_lock);
}

static void *change_under_rlock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
        change_it(n);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    }
    return arg;
}

CASE(rlock_keeps_the_balance_of_2_threads)
{
    keep_the_balance(2, 200000, change_under_rlock);
}

CASE(rlock_keeps_the_balance_of_64_threads)
{
    keep_the_balance(64, 200000, change_under_rlock);
}

CASE(rlock_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(50000, change_under_rlock);
}

static void *change_with_lock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++)
        THREADING_WITH_LOCK(&lock) {
            change_it(n);
            if (i % 2)
                break;
        }
    return arg;
}

CASE(with_lock_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(50000, change_with_lock);
}

static void *change_with_rlock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++)
        THREADING_WITH_RLOCK(&rlock) {
            if (i % 2)
                THREADING_WITH_RLOCK(&rlock)
                    change_it(n);
            else
                change_it(n);
        }
    return arg;
}

CASE(with_rlock_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(50000, change_with_rlock);
}

static void *change_after_tries(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        while (threading_lock_try_acquire(&lock) != THREADING_OK)
            threading_sleep(0);
        change_it(n);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

CASE(try_acquire_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(20000, change_after_tries);
}

static void *change_after_rlock_tries(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        while (threading_rlock_try_acquire(&rlock) != THREADING_OK)
            threading_sleep(0);
        change_it(n);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    }
    return arg;
}

CASE(rlock_try_acquire_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(20000, change_after_rlock_tries);
}

static void *change_in_time(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        while (threading_lock_acquire_timeout(&lock, 1e-4) != THREADING_OK)
            continue;
        change_it(n);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

CASE(timed_acquire_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(20000, change_in_time);
}

static void *change_in_time_under_rlock(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        while (threading_rlock_acquire_timeout(&rlock, 1e-4) != THREADING_OK)
            continue;
        change_it(n);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    }
    return arg;
}

CASE(timed_rlock_acquire_keeps_the_balance_of_all_crowds)
{
    keep_it_in_all_crowds(20000, change_in_time_under_rlock);
}

/* Every way to acquire one and the same lock, in turn. */
static void *change_in_every_way(void *arg)
{
    int n = own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        threading_status_t status = THREADING_BUSY;
        if (i % 3 == 0)
            status = threading_lock_try_acquire(&lock);
        else if (i % 3 == 1)
            status = threading_lock_acquire_timeout(&lock, (i + n) % 100 * 1e-6);
        if (status != THREADING_OK)
            CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        change_it(n);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

CASE(all_ways_to_acquire_keep_the_balance_together)
{
    keep_it_in_all_crowds(50000, change_in_every_way);
}

CASE(foreign_threads_keep_the_balance_too)
{
    foreign_t *threads[8];
    crowd = 8;
    turns = is_slow() ? 500 : 5000;
    for (int i = 0; i < 8; i++)
        threads[i] = foreign_start(change_under_lock, NULL);
    for (int i = 0; i < 8; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(balance, 0);
    CHECK_EQUAL(changes, 8 * turns);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(is_zero(&lock, sizeof lock));
}

/* Accounts, each with a lock of its own: every other one a Lock, the rest RLocks. Nothing is lost on the way. */
enum { ACCOUNTS = 6 };
static struct {
    threading_lock_t lock;
    threading_rlock_t rlock;
    int amount;
} accounts[ACCOUNTS];

static void enter(int account)
{
    if (account % 2)
        CHECK_STATUS(threading_lock_acquire(&accounts[account].lock), THREADING_OK);
    else
        CHECK_STATUS(threading_rlock_acquire(&accounts[account].rlock), THREADING_OK);
}

static void leave(int account)
{
    if (account % 2)
        CHECK_STATUS(threading_lock_release(&accounts[account].lock), THREADING_OK);
    else
        CHECK_STATUS(threading_rlock_release(&accounts[account].rlock), THREADING_OK);
}

static void *transfer(void *arg)
{
    uint32_t seed = (uint32_t)own_sum();
    meet(&arrived, crowd);
    for (int i = 0; i < turns; i++) {
        int low = (int)random_below(&seed, ACCOUNTS - 1);
        int high = low + 1 + (int)random_below(&seed, (uint32_t)(ACCOUNTS - 1 - low));
        int sum = (int)random_below(&seed, 200) - 100;
        enter(low);
        enter(high);
        accounts[low].amount -= sum;
        accounts[high].amount += sum;
        leave(low);
        leave(high);
    }
    return arg;
}

CASE(transfers_between_accounts_lose_nothing)
{
    for (int i = 0; i < CROWDS; i++) {
        int total = 0;
        run_crowd(crowds[i], is_slow() ? 5000 : 50000, transfer);
        for (int account = 0; account < ACCOUNTS; account++) {
            total += accounts[account].amount;
            CHECK(is_zero(&accounts[account].lock, sizeof(threading_lock_t)));
            CHECK(is_zero(&accounts[account].rlock, sizeof(threading_rlock_t)));
        }
        CHECK_EQUAL(total, 0);
    }
}

/* A mailbox: plain memory under a lock. Each message is received once, whole. */
enum { ROOM = 16 };
static struct {
    int sender, number, check;
} mailbox[ROOM];
static int mailbox_used;
static int received_sum;
static int to_receive;

static void *send_messages(void *arg)
{
    int sender = own_sum();
    for (int number = 0; number < turns;) {
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        for (; mailbox_used < ROOM && number < turns; mailbox_used++, number++) {
            mailbox[mailbox_used].sender = sender;
            mailbox[mailbox_used].number = number;
            mailbox[mailbox_used].check = sender ^ number;
        }
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
        threading_sleep(0);
    }
    return arg;
}

static void *receive_messages(void *arg)
{
    for (bool more = true; more; threading_sleep(0)) {
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        for (; mailbox_used > 0; to_receive--) {
            mailbox_used--;
            CHECK_EQUAL(mailbox[mailbox_used].check,
                        mailbox[mailbox_used].sender ^ mailbox[mailbox_used].number);
            received_sum += mailbox[mailbox_used].number;
        }
        more = to_receive > 0;
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

CASE(messages_pass_whole_and_once)
{
    threading_thread_t *senders[4], *receivers[4];
    turns = is_slow() ? 500 : 5000;
    to_receive = 4 * turns;
    start_many(receivers, 4, receive_messages, NULL);
    start_many(senders, 4, send_messages, NULL);
    finish_many(senders, 4);
    finish_many(receivers, 4);
    CHECK_EQUAL(to_receive, 0);
    CHECK_EQUAL(received_sum, 4 * (turns * (turns - 1) / 2));
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(is_zero(&lock, sizeof lock));
}
