/* SPDX-License-Identifier: MIT */
/* The locks of threading.hpp under the standard library's guards. */
#include <condition_variable>
#include <mutex>
#if __cplusplus >= 201402L
#include <shared_mutex>
#endif

#include "cxx_support.h"

using namespace threading;

CASE(lock_guard_holds_until_the_end_of_its_scope)
{
    Lock lock;
    {
        std::lock_guard<Lock> held(lock);
        CHECK(lock.locked());
        CHECK_STATUS(lock.try_acquire(), THREADING_BUSY);
    }
    CHECK(!lock.locked());
}

CASE(lock_guard_excludes_other_threads)
{
    static Lock lock;
    static long count;
    const long rounds = is_slow() ? 2000 : 20000;
    auto add = [rounds] {
        for (long i = 0; i < rounds; i++) {
            std::lock_guard<Lock> held(lock);
            count++;
        }
    };
    Thread threads[] = {running(add), running(add), running(add)};
    for (Thread &thread : threads)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(count, 3 * rounds);
    CHECK(!lock.locked());
}

CASE(guard_is_lock_guard_for_the_analysis)
{
    Lock lock;
    {
        Guard held(lock);
        CHECK(lock.locked());
    }
    CHECK(!lock.locked());
}

CASE(unlock_of_a_free_lock_does_nothing_and_release_tells)
{
    Lock lock;
    RLock rlock;
    BoundedSemaphore semaphore(1);
    lock.unlock();
    rlock.unlock();
    semaphore.unlock();
    CHECK_STATUS(lock.release(), THREADING_NOT_HELD);
    CHECK_STATUS(rlock.release(), THREADING_NOT_OWNER);
    CHECK_STATUS(semaphore.release(), THREADING_INVALID);
    CHECK_EQUAL(semaphore.value(), 1);
}

template <class Kind> static void check_timed_lockable(Kind &lock)
{
    using std::chrono::milliseconds;
    {
        std::unique_lock<Kind> tried(lock, std::try_to_lock);
        CHECK(tried.owns_lock());
        auto others = [&lock] {
            CHECK(!lock.try_lock());
            CHECK(!lock.try_lock_for(milliseconds(2)));
            CHECK(!lock.try_lock_until(std::chrono::steady_clock::now() + milliseconds(2)));
            CHECK(!lock.try_lock_until(std::chrono::system_clock::now() + milliseconds(2)));
            CHECK(!std::unique_lock<Kind>(lock, milliseconds(0)).owns_lock());
        };
        Thread other = running(others);
        CHECK_STATUS(other.join(), THREADING_OK);
        CHECK(other.exception() == nullptr);
    }
    std::unique_lock<Kind> later(lock, std::defer_lock);
    CHECK(later.try_lock_for(milliseconds(0)));
    later.unlock();
    CHECK(later.try_lock_until(std::chrono::steady_clock::now()));
    later.unlock();
    later.lock();
}

CASE(unique_lock_works_with_every_lock)
{
    Lock lock;
    RLock rlock;
    Condition condition, on_lock(lock), on_rlock(rlock);
    Semaphore semaphore;
    BoundedSemaphore bounded;
    RWLock rwlock;
    check_timed_lockable(lock);
    check_timed_lockable(rlock);
    check_timed_lockable(condition);
    check_timed_lockable(on_lock);
    check_timed_lockable(on_rlock);
    check_timed_lockable(semaphore);
    check_timed_lockable(bounded);
    check_timed_lockable(rwlock);
}

CASE(rlock_is_taken_again_by_its_owner)
{
    RLock rlock;
    std::lock_guard<RLock> outer(rlock);
    {
        std::lock_guard<RLock> inner(rlock);
        CHECK_EQUAL(rlock.count(), 2);
    }
    CHECK_EQUAL(rlock.count(), 1);
    CHECK(rlock.is_owned());
}

CASE(std_lock_takes_two_in_any_order_without_deadlock)
{
    static Lock first;
    static RLock second;
    static int count;
    const int rounds = is_slow() ? 500 : 5000;
    auto forward = [rounds] {
        for (int i = 0; i < rounds; i++) {
            std::lock(first, second);
            std::lock_guard<Lock> a(first, std::adopt_lock);
            std::lock_guard<RLock> b(second, std::adopt_lock);
            count++;
        }
    };
    auto backward = [rounds] {
        for (int i = 0; i < rounds; i++) {
            std::lock(second, first);
            std::lock_guard<RLock> b(second, std::adopt_lock);
            std::lock_guard<Lock> a(first, std::adopt_lock);
            count++;
        }
    };
    Thread one = running(forward), other = running(backward);
    CHECK_STATUS(one.join(), THREADING_OK);
    CHECK_STATUS(other.join(), THREADING_OK);
    CHECK(one.exception() == nullptr && other.exception() == nullptr);
    CHECK_EQUAL(count, 2 * rounds);
}

CASE(scoped_lock_takes_all_kinds_at_once)
{
#if __cplusplus >= 201703L
    Lock lock;
    RLock rlock;
    Condition condition;
    Semaphore semaphore(2);
    RWLock rwlock;
    {
        std::scoped_lock all(lock, rlock, condition, semaphore, rwlock);
        CHECK(lock.locked() && rlock.is_owned() && condition.is_owned());
        CHECK_EQUAL(semaphore.value(), 1);
        CHECK_STATUS(rwlock.try_acquire_read(), THREADING_BUSY);
    }
    CHECK(!lock.locked() && !rlock.locked() && !condition.locked());
    CHECK_EQUAL(semaphore.value(), 2);
#else
    SKIP("scoped_lock is C++17's");
#endif
}

CASE(shared_lock_lets_readers_in_together_and_writers_alone)
{
#if __cplusplus >= 201402L
    static RWLock rwlock;
    {
        std::shared_lock<RWLock> mine(rwlock);
        auto others = [] {
            std::shared_lock<RWLock> reading(rwlock, std::try_to_lock);
            CHECK(reading.owns_lock());
            CHECK(!rwlock.try_lock_for(std::chrono::milliseconds(2)));
        };
        Thread other = running(others);
        CHECK_STATUS(other.join(), THREADING_OK);
    }
    std::unique_lock<RWLock> writing(rwlock);
    auto others = [] {
        CHECK(!rwlock.try_lock_shared());
        CHECK(!rwlock.try_lock_shared_for(std::chrono::milliseconds(2)));
        CHECK(!rwlock.try_lock_shared_until(std::chrono::system_clock::now() + std::chrono::milliseconds(2)));
    };
    Thread other = running(others);
    CHECK_STATUS(other.join(), THREADING_OK);
#else
    SKIP("shared_lock is C++14's");
#endif
}

CASE(condition_variable_any_waits_on_a_lock)
{
#if !defined(__GLIBCXX__) || defined(_GLIBCXX_HAS_GTHREADS)
    static Lock lock;
    static std::condition_variable_any changed;
    static int turn;
    auto play = [](int mine) {
        for (int i = 0; i < 50; i++) {
            std::unique_lock<Lock> held(lock);
            changed.wait(held, [mine] { return turn % 2 == mine; });
            turn++;
            changed.notify_all();
        }
    };
    Thread even = running(play, 0), odd = running(play, 1);
    CHECK_STATUS(even.join(), THREADING_OK);
    CHECK_STATUS(odd.join(), THREADING_OK);
    CHECK_EQUAL(turn, 100);
    std::unique_lock<Lock> held(lock);
    CHECK(changed.wait_for(held, std::chrono::milliseconds(2)) == std::cv_status::timeout);
    CHECK(held.owns_lock() && lock.locked());
#else
    SKIP("this C++ library was built without threads");
#endif
}

static std::error_code error_of_locking(RLock &rlock)
{
    try {
        rlock.lock();
    } catch (const std::system_error &error) {
        CHECK(std::string(error.what()).find(threading_status_message(THREADING_DEADLOCK)) !=
              std::string::npos);
        return error.code();
    }
    return THREADING_OK;
}

CASE(lock_throws_the_deadlock_that_acquire_returns)
{
    static RLock rlock;
    auto keep = [] { rlock.lock(); };
    Thread thread = running(keep);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_STATUS(rlock.acquire(), THREADING_DEADLOCK);
    std::error_code error = error_of_locking(rlock);
    CHECK(error == THREADING_DEADLOCK);
    CHECK(error != THREADING_BUSY);
    CHECK(error == std::errc::resource_deadlock_would_occur);
    CHECK(!rlock.try_lock());
}

CASE(try_lock_for_throws_that_the_thread_was_stopped)
{
    static Lock lock;
    Stop stop;
    lock.lock();
    CHECK_STATUS(stop.request(), THREADING_OK);
    (void)threading_stop_heed(stop.native_handle());
    CHECK_STATUS(thrown_by([] { CHECK(!lock.try_lock_for(std::chrono::hours(1))); }), THREADING_CANCELLED);
    CHECK(!lock.try_lock());
    (void)threading_stop_heed(nullptr);
}

CASE(a_semaphore_beyond_the_largest_throws)
{
    CHECK_STATUS(
        thrown_by([] { Semaphore semaphore(static_cast<std::size_t>(THREADING_SEMAPHORE_MAX) + 1); }),
        THREADING_OVERFLOW);
    CHECK_STATUS(
        thrown_by([] { BoundedSemaphore semaphore(static_cast<std::size_t>(THREADING_SEMAPHORE_MAX) + 1); }),
        THREADING_OVERFLOW);
    Semaphore semaphore(0);
    CHECK_STATUS(semaphore.release(3), THREADING_OK);
    CHECK_EQUAL(semaphore.value(), 3);
}

/* Constants, for whatever is initialised first; and no larger than C's, which is what native_handle gives. */
static_assert(sizeof(Lock) == sizeof(threading_lock_t), "a Lock is C's");
static_assert(sizeof(RLock) == sizeof(threading_rlock_t), "an RLock is C's");
static_assert(sizeof(Condition) == sizeof(threading_condition_t), "a Condition is C's");
static_assert(sizeof(Semaphore) == sizeof(threading_semaphore_t), "a Semaphore is C's");
static_assert(sizeof(RWLock) == sizeof(threading_rwlock_t), "an RWLock is C's");
static_assert(std::is_trivially_destructible<Lock>::value, "a Lock may be used until the very end");
static_assert(std::is_trivially_destructible<RLock>::value, "an RLock may be used until the very end");
static_assert(std::is_trivially_destructible<Condition>::value, "a Condition may be used until the very end");
static_assert(!std::is_copy_constructible<Lock>::value && !std::is_move_constructible<Lock>::value,
              "a Lock stays where it is");

CASE(native_handle_is_for_the_calls_of_c)
{
    Lock lock;
    THREADING_WITH_LOCK(lock.native_handle()) {
        CHECK(lock.locked());
    }
    CHECK(!lock.locked());
    Condition condition(lock);
    CHECK_STATUS(threading_condition_acquire(condition.native_handle()), THREADING_OK);
    CHECK(lock.locked());
}
