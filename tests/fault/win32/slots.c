/* SPDX-License-Identifier: MIT */
/* A process that has used up its TLS slots, or its FLS slots too, before the library's first call. */
#include "conformance.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

enum { MOST = 5000 };

static DWORD tls[MOST], fls[MOST];
static int tls_count, fls_count;

static void take_all_tls(void)
{
    while (tls_count < MOST && (tls[tls_count] = TlsAlloc()) != TLS_OUT_OF_INDEXES)
        tls_count++;
    CHECK(tls_count > 0 && tls_count < MOST);
}

static void take_all_fls(void)
{
    while (fls_count < MOST && (fls[fls_count] = FlsAlloc(NULL)) != FLS_OUT_OF_INDEXES)
        fls_count++;
    CHECK(fls_count > 0 && fls_count < MOST);
}

static threading_lock_t lock;
static threading_rlock_t rlock;

/* All calls of a thread are one thread's. */
static void *be_one_thread(void *arg)
{
    uint32_t ident = threading_get_ident();
    threading_thread_t *thread = threading_current_thread();
    CHECK(ident != 0 && thread != NULL);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(threading_get_ident(), ident);
        CHECK(threading_current_thread() == thread);
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
        CHECK(threading_rlock_is_owned(&rlock));
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

enum { count = 4 };

/* Main, some of ours and some foreign ones, whose Dummies go with them. */
static void all_work(void)
{
    threading_thread_t *threads[count];
    foreign_t *guests[count];
    (void)be_one_thread(NULL);
    for (int i = 0; i < count; i++) {
        threads[i] = started(be_one_thread, NULL);
        guests[i] = foreign_start(be_one_thread, NULL);
    }
    for (int i = 0; i < count; i++) {
        finished(threads[i]);
        foreign_join(guests[i]);
    }
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(threads_are_known_by_an_fls_slot_when_no_tls_slot_is_left)
{
    /* fresh */
    take_all_tls();
    all_work();
}

static int finalised;

static void count_finaliser(void *copy)
{
    CHECK_EQUAL(*(uint32_t *)copy, threading_get_ident());
    finalised++;
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(uint32_t, NULL, count_finaliser);

static void *use_local(void *arg)
{
    uint32_t *mine = threading_local_get(&local);
    CHECK(mine != NULL && *mine == 0);
    *mine = threading_get_ident();
    return arg;
}

CASE(locals_are_finalised_when_no_tls_slot_is_left)
{
    /* fresh */
    take_all_tls();
    foreign_join(foreign_start(use_local, NULL));
    CHECK_EQUAL(finalised, 1);
    finished(started(use_local, NULL));
    CHECK_EQUAL(finalised, 2);
}

static VOID CALLBACK leave_fiber(PVOID main_fiber)
{
    (void)use_local(NULL);
    SwitchToFiber(main_fiber);
}

/* Where the pointer is in an FLS slot, each fiber has its own. */
CASE(fiber_is_a_thread_of_its_own_when_no_tls_slot_is_left)
{
    /* fresh */
    take_all_tls();
    uint32_t ident = threading_get_ident();
    void *main_fiber = ConvertThreadToFiber(NULL);
    void *other = CreateFiber(0, leave_fiber, main_fiber);
    CHECK(main_fiber != NULL && other != NULL);
    SwitchToFiber(other);
    CHECK_EQUAL(threading_get_ident(), ident);
    CHECK_EQUAL(finalised, 0);
    DeleteFiber(other);
    CHECK_EQUAL(finalised, 1);
    CHECK_EQUAL(threading_get_ident(), ident);
}

static atomic_bool asks, has_answer;

static DWORD WINAPI ask(PVOID arg)
{
    (void)arg;
    atomic_store(&asks, true);
    CHECK(threading_get_ident() != 0);
    atomic_store(&has_answer, true);
    return 0;
}

/* Its first call waits, whoever makes it. Windows's own calls wait for the thread here: the library's would be a first. */
static void first_call_waits(const DWORD *slots, int slot_count, BOOL(WINAPI *give_back)(DWORD slot))
{
    HANDLE thread = CreateThread(NULL, 0, ask, NULL, 0, NULL);
    CHECK(thread != NULL);
    while (!atomic_load(&asks))
        Sleep(1);
    CHECK_EQUAL(WaitForSingleObject(thread, 50), WAIT_TIMEOUT);
    CHECK(!atomic_load(&has_answer));
    for (int i = 0; i < slot_count; i++)
        CHECK(give_back(slots[i]));
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK(atomic_load(&has_answer));
    CHECK(CloseHandle(thread));
}

/* The FLS slot that an unload keeps is one that tells ends, and holds no pointer. */
CASE(first_call_after_an_unload_waits_for_a_tls_slot)
{
    /* fresh */
    foreign_join(foreign_start(be_one_thread, NULL));
    CHECK_STATUS(threading_unload(), THREADING_OK);
    take_all_tls();
    first_call_waits(tls, tls_count, TlsFree);
    all_work();
}

CASE(first_call_waits_for_a_tls_slot_when_there_is_none_of_either)
{
    /* fresh */
    take_all_tls();
    take_all_fls();
    first_call_waits(tls, tls_count, TlsFree);
    all_work(); /* without an FLS slot the system tells no end, but a handle does */
}

CASE(first_call_waits_for_an_fls_slot_when_there_is_none_of_either)
{
    /* fresh */
    take_all_tls();
    take_all_fls();
    first_call_waits(fls, fls_count, FlsFree);
    all_work();
}
