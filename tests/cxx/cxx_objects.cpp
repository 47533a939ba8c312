/* SPDX-License-Identifier: MIT */
/* Condition, Event, Barrier, Once, Stop and Local. */
#include <mutex>
#include <stdexcept>

#include "cxx_support.h"

using namespace threading;

CASE(condition_waits_for_a_predicate)
{
    static Condition ready;
    static int jobs;
    Thread producer = running([] {
        std::lock_guard<Condition> held(ready);
        jobs = 3;
        CHECK_STATUS(ready.notify_all(), THREADING_OK);
    });
    std::lock_guard<Condition> held(ready);
    CHECK_STATUS(ready.wait_for([] { return jobs == 3; }), THREADING_OK);
    CHECK_STATUS(ready.wait_for([] { return jobs == 4; }, std::chrono::milliseconds(2)), THREADING_TIMEOUT);
    CHECK_STATUS(ready.wait(0.001), THREADING_TIMEOUT);
    CHECK(ready.is_owned());
}

CASE(condition_tells_who_does_not_hold_its_lock)
{
    Lock lock;
    Condition condition(lock);
    CHECK_STATUS(condition.wait_for([] { return true; }), THREADING_NOT_HELD);
    CHECK_STATUS(condition.wait(), THREADING_NOT_HELD);
    CHECK_STATUS(condition.notify(), THREADING_NOT_HELD);
}

CASE(what_a_predicate_throws_is_thrown_with_the_lock_held)
{
    Condition condition;
    std::unique_lock<Condition> held(condition);
    std::string what;
    try {
        CHECK_STATUS(condition.wait_for([]() -> bool { throw std::runtime_error("odd"); }), THREADING_OK);
    } catch (const std::runtime_error &error) {
        what = error.what();
    }
    CHECK_TEXT(what.c_str(), "odd");
    CHECK(condition.is_owned());
}

CASE(event_lets_all_on)
{
    static Event event;
    auto wait = [] { CHECK_STATUS(event.wait(), THREADING_OK); };
    Thread threads[] = {running(wait), running(wait)};
    CHECK_STATUS(event.wait(std::chrono::milliseconds(2)), THREADING_TIMEOUT);
    event.set();
    for (Thread &thread : threads)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK(event.is_set());
    event.clear();
    CHECK(!event.is_set());
}

CASE(barrier_runs_its_action_once_a_cycle)
{
    static int actions;
    static Barrier barrier(3, [] { actions++; });
    static std::atomic<std::size_t> places(0);
    auto pass = [] {
        for (int i = 1; i <= 20; i++) {
            std::size_t index = 9;
            CHECK_STATUS(barrier.wait(&index), THREADING_OK);
            places += index;
            CHECK_STATUS(barrier.wait(&index), THREADING_OK);
            CHECK(actions >= 2 * i);
        }
    };
    Thread threads[] = {running(pass), running(pass), running(pass)};
    for (Thread &thread : threads)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(actions, 40);
    CHECK_EQUAL(places.load(), 20 * (0 + 1 + 2));
}

CASE(what_an_action_throws_breaks_the_barrier)
{
    static Barrier barrier(2, [] { throw std::runtime_error("no"); });
    static std::atomic<int> thrown(0), broken(0);
    auto pass = [] {
        try {
            if (barrier.wait() == THREADING_BROKEN)
                broken++;
        } catch (const std::runtime_error &) {
            thrown++;
        }
    };
    Thread threads[] = {running(pass), running(pass)};
    for (Thread &thread : threads)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(thrown.load(), 1);
    CHECK_EQUAL(broken.load(), 1);
    CHECK(barrier.broken());
    CHECK_STATUS(barrier.reset(), THREADING_OK);
    CHECK(!barrier.broken());
}

CASE(a_barrier_of_nobody_throws)
{
    CHECK_STATUS(thrown_by([] { Barrier barrier(0); }), THREADING_INVALID);
    CHECK_STATUS(thrown_by([] { Barrier barrier(1, nullptr, -2); }), THREADING_INVALID);
    Barrier brief(2, nullptr, std::chrono::milliseconds(1));
    CHECK_STATUS(brief.wait(), THREADING_BROKEN);
}

CASE(once_calls_once)
{
    static Once once;
    static int calls;
    auto call = [] { CHECK_STATUS(once.call([](int n) { calls += n; }, 1), THREADING_OK); };
    Thread threads[] = {running(call), running(call), running(call)};
    for (Thread &thread : threads)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(calls, 1);
}

CASE(once_tries_again_after_an_exception)
{
    Once once;
    int calls = 0;
    CHECK_STATUS(thrown_by([&] {
                     CHECK_STATUS(once.call([&] {
                         calls++;
                         throw std::system_error(make_error_code(THREADING_EMPTY));
                     }),
                                  THREADING_OK);
                 }),
                 THREADING_EMPTY);
    CHECK_STATUS(once.call([&] { calls++; }), THREADING_OK);
    CHECK_STATUS(once.call([&] { calls++; }), THREADING_OK);
    CHECK_EQUAL(calls, 2);
}

CASE(once_refuses_to_wait_for_itself)
{
    Once once;
    Status inner = THREADING_OK;
    CHECK_STATUS(once.call([&] { inner = once.call([] {}); }), THREADING_OK);
    CHECK_STATUS(inner, THREADING_DEADLOCK);
}

CASE(stop_has_parents_and_deadlines)
{
    Stop parent, child(&parent), timed(nullptr, std::chrono::milliseconds(1));
    CHECK(!child.requested());
    CHECK_STATUS(parent.request(), THREADING_OK);
    CHECK(child.requested());
    AWAIT(timed.requested());
    CHECK_STATUS(thrown_by([] { Stop stop(nullptr, -2); }), THREADING_INVALID);
}

struct Student : Counted {
    std::string name = "nobody";
};

CASE(local_has_one_object_for_each_thread)
{
    static Local<Student> school;
    school->name = "Ann";
    Thread thread = running([] {
        CHECK_TEXT(school->name.c_str(), "nobody");
        school.get().name = "Bob, whose name is too long to be kept in the object itself";
        CHECK_EQUAL(Student::alive().load(), 2);
    });
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(Student::alive().load(), 1);
    CHECK_TEXT((*school).name.c_str(), "Ann");
}

CASE(local_takes_its_objects_along)
{
    static Event made, go;
    {
        Local<Student> school;
        school.get();
        Thread thread = running([&school] {
            school.get();
            made.set();
            CHECK_STATUS(go.wait(), THREADING_OK);
        });
        CHECK_STATUS(made.wait(), THREADING_OK);
        CHECK_EQUAL(Student::alive().load(), 2);
    }
    CHECK_EQUAL(Student::alive().load(), 0);
    go.set();
}

struct Failing {
    static int &tries()
    {
        static int count;
        return count;
    }
    Failing()
    {
        if (++tries() == 1)
            throw std::runtime_error("not yet");
    }
};

CASE(local_tries_again_after_an_exception)
{
    Local<Failing> local;
    bool thrown = false;
    try {
        local.get();
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    CHECK(thrown);
    CHECK(&local.get() == &local.get());
    CHECK_EQUAL(Failing::tries(), 2);
}

CASE(a_status_is_an_error_code)
{
    std::error_code error = THREADING_TIMEOUT;
    CHECK_TEXT(error.category().name(), "threading");
    CHECK_TEXT(error.message().c_str(), threading_status_message(THREADING_TIMEOUT));
    CHECK(error == std::errc::timed_out);
    CHECK(error != std::errc::invalid_argument);
    CHECK(!std::error_code(THREADING_OK));
    CHECK(std::error_code(THREADING_EMPTY) != THREADING_FULL);
}
