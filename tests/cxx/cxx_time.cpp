/* SPDX-License-Identifier: MIT */
/* Time limits out of std::chrono: any unit, any clock, and the ends of their ranges. */
#include <cmath>
#include <limits>
#include <ratio>

#include "cxx_support.h"

using namespace threading;
using std::chrono::duration;
using std::chrono::time_point;
using Steady = std::chrono::steady_clock;
using System = std::chrono::system_clock;
using Years = duration<std::int64_t, std::ratio<31556952>>;
using Picoseconds = duration<std::int64_t, std::pico>;

template <class Limit> static bool is_tried_once(Limit limit)
{
    Event never;
    return never.wait(limit) == THREADING_TIMEOUT && Timeout(limit).seconds() >= 0;
}

CASE(a_negative_duration_tries_once)
{
    CHECK(is_tried_once(std::chrono::seconds(-1)));
    CHECK(is_tried_once(std::chrono::nanoseconds::min()));
    CHECK(is_tried_once(std::chrono::hours::min()));
    CHECK(is_tried_once(Years::min()));
    CHECK(is_tried_once(duration<double>(-std::numeric_limits<double>::infinity())));
    CHECK(is_tried_once(duration<float>(std::nanf(""))));
    Lock lock;
    CHECK(lock.try_lock_for(std::chrono::hours::min()));
    CHECK(!lock.try_lock_for(std::chrono::hours::min()));
}

CASE(a_moment_in_the_past_tries_once)
{
    CHECK(is_tried_once(Steady::now() - std::chrono::hours(1)));
    CHECK(is_tried_once(Steady::time_point::min()));
    CHECK(is_tried_once(System::time_point::min()));
    CHECK(is_tried_once(time_point<System, std::chrono::hours>::min()));
    Lock lock;
    CHECK(lock.try_lock_until(System::time_point::min()));
    CHECK(!lock.try_lock_until(System::time_point::min()));
}

template <class Limit> static bool is_for_ever(Limit limit)
{
    double seconds = Timeout(limit).seconds();
    return seconds > 1e9 && seconds <= THREADING_TIMEOUT_MAX;
}

CASE(the_longest_durations_are_292_years)
{
    CHECK(is_for_ever(std::chrono::nanoseconds::max()));
    CHECK(is_for_ever(std::chrono::seconds::max()));
    CHECK(is_for_ever(std::chrono::hours::max()));
    CHECK(is_for_ever(Years::max()));
    CHECK(is_for_ever(duration<std::uint64_t>::max()));
    CHECK(is_for_ever(duration<double>::max()));
    CHECK(is_for_ever(duration<long double, std::mega>::max()));
    CHECK(is_for_ever(duration<float>(std::numeric_limits<float>::infinity())));
    CHECK(is_for_ever(Steady::time_point::max()));
    CHECK(is_for_ever(System::time_point::max()));
    CHECK(is_for_ever(time_point<System, std::chrono::hours>::max()));
    CHECK(is_for_ever(time_point<Steady, Years>::max()));
}

CASE(a_wait_for_ever_ends_when_it_has_its_lock)
{
    static RLock rlock;
    static Lock lock;
    static std::atomic<int> had(0);
    lock.lock();
    CHECK_STATUS(rlock.acquire(), THREADING_OK);
    auto wait_for = [] {
        CHECK(lock.try_lock_for(std::chrono::hours::max()));
        lock.unlock();
        had++;
    };
    auto wait_until = [] {
        CHECK(rlock.try_lock_until(System::time_point::max()));
        rlock.unlock();
        had++;
    };
    Thread first = running(wait_for), second = running(wait_until);
    CHECK_STATUS(first.join(std::chrono::milliseconds(5)), THREADING_TIMEOUT);
    CHECK_STATUS(second.join(std::chrono::milliseconds(5)), THREADING_TIMEOUT);
    lock.unlock();
    rlock.unlock();
    CHECK_STATUS(first.join(), THREADING_OK);
    CHECK_STATUS(second.join(), THREADING_OK);
    CHECK_EQUAL(had.load(), 2);
}

/* A duration is the library's to measure. */
template <class Limit> static bool lasts(Limit limit)
{
    Lock lock;
    lock.lock();
    double begin = threading_monotonic();
    return !lock.try_lock_for(limit) && threading_monotonic() - begin >= duration<double>(limit).count();
}

/* A moment is its clock's. */
template <class Clock, class Limit> static bool lasts_until(Limit limit)
{
    Lock lock;
    lock.lock();
    auto end = Clock::now() + limit;
    for (int i = 0; i < 3; i++, end += limit)
        if (lock.try_lock_until(end) || Clock::now() < end)
            return false;
    return true;
}

CASE(no_wait_is_early)
{
    CHECK(lasts(std::chrono::milliseconds(3)));
    CHECK(lasts(std::chrono::nanoseconds(1)));
    CHECK(lasts(duration<double>(0.0037)));
    CHECK(lasts(Picoseconds(2500000001)));
    CHECK((lasts_until<Steady>(std::chrono::milliseconds(3))));
    CHECK((lasts_until<Steady>(std::chrono::microseconds(1))));
    CHECK((lasts_until<System>(std::chrono::milliseconds(3))));
}

/* A clock that goes half as fast as time, as one that is set back again and again. */
struct Slow {
    using rep = std::int64_t;
    using period = std::milli;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<Slow>;
    static constexpr bool is_steady = false;

    static time_point now()
    {
        static const Steady::time_point origin = Steady::now();
        return time_point(std::chrono::duration_cast<duration>((Steady::now() - origin) / 2));
    }
};

CASE(try_lock_until_follows_a_clock_that_is_set_back)
{
    RWLock rwlock;
    Lock lock;
    lock.lock();
    Slow::time_point end = Slow::now() + std::chrono::milliseconds(8);
    CHECK(!lock.try_lock_until(end));
    CHECK(Slow::now() >= end);
    rwlock.lock();
    Thread reader = running([&rwlock] {
        Slow::time_point until = Slow::now() + std::chrono::milliseconds(8);
        CHECK(!rwlock.try_lock_shared_until(until));
        CHECK(Slow::now() >= until);
    });
    CHECK_STATUS(reader.join(), THREADING_OK);
}

CASE(a_small_type_of_counter_counts)
{
    CHECK(is_tried_once(duration<std::int8_t, std::milli>(-128)));
    CHECK(Timeout(duration<std::uint8_t>(255)).seconds() >= 255);
    CHECK(Timeout(duration<std::uint8_t>(255)).seconds() < 255.001);
    CHECK(Timeout(std::chrono::milliseconds(1500)).seconds() >= 1.5);
    CHECK(Timeout(std::chrono::milliseconds(1500)).seconds() < 1.5001);
}

CASE(numbers_are_seconds_and_are_answered_as_in_c)
{
    Lock lock;
    lock.lock();
    CHECK_STATUS(lock.acquire(0), THREADING_TIMEOUT);
    CHECK_STATUS(lock.acquire(0.001), THREADING_TIMEOUT);
    CHECK_STATUS(lock.acquire(-2), THREADING_INVALID);
    CHECK_STATUS(lock.acquire(std::nan("")), THREADING_INVALID);
    CHECK_STATUS(lock.acquire(1e300), THREADING_OVERFLOW);
    CHECK_STATUS(threading::sleep(std::chrono::milliseconds(1)), THREADING_OK);
    CHECK_STATUS(threading::sleep(-2), THREADING_INVALID);
}
