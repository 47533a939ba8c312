/* SPDX-License-Identifier: MIT */
/* Executor and Future: results, exceptions, and that nothing is left of a task, however it ends. */
#include <memory>
#include <stdexcept>
#include <vector>

#include "cxx_support.h"

using namespace threading;

CASE(results_come_back)
{
    Executor pool(2, "pool");
    Future<int> square = pool.submit([](int n) { return n * n; }, 7);
    Future<std::string> name = pool.submit([] { return std::string(current_thread().name()); });
    Future<std::unique_ptr<int>> moved = pool.submit([] { return std::unique_ptr<int>(new int(3)); });
    Future<void> nothing = pool.submit([] {});
    int here = 0;
    Future<int &> reference = pool.submit([&here]() -> int & { return here; });
    CHECK_EQUAL(square.result(), 49);
    CHECK_EQUAL(square.result(), 49);
    CHECK(name.result().find("pool_") == 0);
    CHECK_EQUAL(*moved.result(), 3);
    nothing.result();
    CHECK(&reference.result() == &here);
    CHECK(square.done() && !square.cancelled() && !square.running());
}

CASE(an_exception_of_a_task_is_thrown_by_result)
{
    static int told;
    set_excepthook([](const std::exception_ptr &) { told++; });
    Executor pool(1);
    Future<int> failing = pool.submit([]() -> int { throw std::runtime_error("no answer"); });
    for (int i = 0; i < 2; i++) {
        std::string what;
        try {
            failing.result();
        } catch (const std::runtime_error &error) {
            what = error.what();
        }
        CHECK_TEXT(what.c_str(), "no answer");
    }
    CHECK(failing.exception() != nullptr);
    CHECK_STATUS(failing.wait(), THREADING_OK);
    CHECK_EQUAL(pool.submit([] { return 1; }).result(), 1);
    CHECK_EQUAL(told, 0);
}

CASE(result_throws_what_the_wait_answers)
{
    static Event go;
    Executor pool(1);
    Future<void> blocked = pool.submit([] { CHECK_STATUS(go.wait(), THREADING_OK); });
    Future<void> queued = pool.submit([] {});
    AWAIT(blocked.running());
    CHECK_STATUS(thrown_by([&] { blocked.result(std::chrono::milliseconds(2)); }), THREADING_TIMEOUT);
    CHECK_STATUS(thrown_by([&] { blocked.result(-2); }), THREADING_INVALID);
    CHECK_STATUS(queued.cancel(), THREADING_OK);
    CHECK_STATUS(thrown_by([&] { queued.result(); }), THREADING_CANCELLED);
    CHECK_STATUS(queued.wait(), THREADING_CANCELLED);
    CHECK_STATUS(blocked.cancel(), THREADING_BUSY);
    go.set();
    blocked.result();
    CHECK_STATUS(thrown_by([] { Future<int>().result(); }), THREADING_INVALID);
}

CASE(submit_throws_after_a_shutdown)
{
    Executor pool(1);
    CHECK_STATUS(pool.shutdown(), THREADING_OK);
    CHECK_STATUS(thrown_by([&] { pool.submit([](Counted) {}, Counted()); }), THREADING_SHUTDOWN);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(the_end_of_its_scope_waits_for_all_tasks)
{
    static std::atomic<int> done(0);
    {
        Executor pool(2);
        for (int i = 0; i < 10; i++)
            pool.submit(
                [](Counted) {
                    CHECK_STATUS(threading::sleep(0.005), THREADING_OK);
                    done++;
                },
                Counted());
    }
    CHECK_EQUAL(done.load(), 10);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(nothing_is_left_of_tasks_that_were_cancelled)
{
    static Event begun, go;
    {
        Executor pool(1);
        Future<Counted> running_one = pool.submit(
            [](Counted counted) {
                begun.set();
                CHECK_STATUS(go.wait(), THREADING_OK);
                return counted;
            },
            Counted());
        CHECK_STATUS(begun.wait(), THREADING_OK);
        Future<void> kept = pool.submit([](Counted) {}, Counted());
        pool.submit([](Counted) {}, Counted()).cancel();
        pool.submit([](Counted) {}, Counted());
        CHECK_STATUS(pool.shutdown(false, true), THREADING_OK);
        CHECK(kept.cancelled());
        go.set();
        running_one.result();
    }
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(a_broken_executor_breaks_its_futures)
{
    threading_executor_options_t options = threading_executor_options_t();
    options.initializer = [](void *) { return false; };
    Status status = THREADING_OK;
    {
        Executor pool(1, options);
        Future<void> future = pool.submit([](Counted) {}, Counted());
        status = thrown_by([&] { future.result(); });
    }
    CHECK_STATUS(status, THREADING_BROKEN);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(tasks_may_wait_for_tasks)
{
    Executor pool(1);
    Future<int> outer = pool.submit([&pool] { return pool.submit([] { return 20; }).result() + 1; });
    CHECK_EQUAL(outer.result(), 21);
}

CASE(try_submit_says_whether_there_is_room)
{
    static Event begun, go;
    threading_executor_options_t options = threading_executor_options_t();
    options.max_pending = 1;
    {
        Executor pool(1, options);
        CHECK_EQUAL(pool.workers(), 1);
        auto run_until_told = [](Counted) {
            begun.set();
            CHECK_STATUS(go.wait(), THREADING_OK);
        };
        pool.submit(run_until_told, Counted());
        CHECK_STATUS(begun.wait(), THREADING_OK);
        Future<int> second, third;
        CHECK_STATUS(pool.try_submit(
                         second, [](Counted, int n) { return n; }, Counted(), 2),
                     THREADING_OK);
        int alive = Counted::alive().load();
        CHECK_STATUS(pool.try_submit(
                         third, [](Counted) { return 3; }, Counted()),
                     THREADING_BUSY);
        CHECK(third.native_handle() == nullptr);
        CHECK_EQUAL(Counted::alive().load(), alive);
        go.set();
        CHECK_EQUAL(second.result(), 2);
        CHECK_STATUS(pool.shutdown(), THREADING_OK);
        CHECK_STATUS(pool.try_submit(third, [] { return 3; }), THREADING_SHUTDOWN);
        CHECK_STATUS(thrown_by([&] { pool.submit([](Counted) {}, Counted()); }), THREADING_SHUTDOWN);
    }
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(many_tasks_of_many_threads)
{
    static Executor pool(3);
    const int rounds = is_slow() ? 100 : 1000;
    auto submit = [rounds] {
        std::vector<Future<int>> futures;
        for (int i = 0; i < rounds; i++)
            futures.push_back(pool.submit([](int n) { return n; }, i));
        for (int i = 0; i < rounds; i++)
            CHECK_EQUAL(futures[static_cast<std::size_t>(i)].result(), i);
    };
    Thread threads[] = {running(submit), running(submit)};
    for (Thread &thread : threads) {
        CHECK_STATUS(thread.join(), THREADING_OK);
        CHECK(thread.exception() == nullptr);
    }
}

/* ------------------------------------------------------------------------------------------- loops */

CASE(loop_runs_each_index_once)
{
    Executor pool(2);
    std::vector<std::atomic<int>> times(1000);
    auto count = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; i++)
            times[i]++;
    };
    CHECK_STATUS(pool.loop(0, 1000, count), THREADING_OK);
    CHECK_STATUS(pool.loop(0, 1000, count, 100), THREADING_OK);
    for (std::atomic<int> &time : times)
        CHECK_EQUAL(time.load(), 2);
    CHECK_STATUS(pool.loop(3, 3, count), THREADING_OK);
    CHECK_STATUS(pool.loop(3, 2, count), THREADING_INVALID);
}

CASE(loop_throws_what_a_piece_threw_and_begins_no_further_one)
{
    Executor pool(2);
    std::atomic<int> after(0), thrown(0);
    std::string what;
    try {
        (void)pool.loop(0, 1000, [&](std::size_t, std::size_t) {
            after += thrown.load() != 0;
            thrown++;
            throw std::runtime_error("no piece");
        });
    } catch (const std::runtime_error &error) {
        what = error.what();
    }
    CHECK_TEXT(what.c_str(), "no piece");
    CHECK(thrown.load() <= 2);
    CHECK_STATUS(pool.loop(0, 10, [](std::size_t, std::size_t) { throw Exit(); }), THREADING_OK);
}

/* ------------------------------------------------------------------------------------------ groups */

CASE(group_waits_for_tasks_in_threads_and_on_a_pool)
{
    std::atomic<int> sum(0);
    Executor pool(2);
    Group threads, tasks(pool);
    for (Group *group : {&threads, &tasks}) {
        for (int i = 1; i <= 10; i++)
            CHECK_STATUS(group->run([&sum](int n) { sum += n; }, i), THREADING_OK);
        CHECK_STATUS(group->wait(), THREADING_OK);
        CHECK_EQUAL(sum.exchange(0), 55);
    }
}

CASE(group_throws_what_its_first_task_threw_and_is_as_new)
{
    static std::atomic<bool> cancelled(false);
    Event never;
    Group group;
    CHECK_STATUS(group.run([&] { cancelled = never.wait() == THREADING_CANCELLED; }), THREADING_OK);
    CHECK_STATUS(group.run([] { throw std::runtime_error("no task"); }), THREADING_OK);
    std::string what;
    try {
        (void)group.wait();
    } catch (const std::runtime_error &error) {
        what = error.what();
    }
    CHECK_TEXT(what.c_str(), "no task");
    CHECK(cancelled.load());
    CHECK_STATUS(group.run([] {}), THREADING_OK);
    CHECK_STATUS(group.wait(), THREADING_OK);
}

CASE(group_gives_the_status_of_a_task_that_returns_one)
{
    Group group;
    CHECK_STATUS(group.run([] { return THREADING_EMPTY; }), THREADING_OK);
    CHECK_STATUS(group.wait(1000.0), THREADING_EMPTY);
    CHECK_STATUS(group.run([&] {
        while (!group.stop_requested())
            (void)threading_sleep(0.001);
    }),
                 THREADING_OK);
    CHECK_STATUS(group.wait(0), THREADING_TIMEOUT);
    CHECK_STATUS(group.stop(), THREADING_OK);
    CHECK_STATUS(group.wait(), THREADING_OK);
}

CASE(group_throws_nothing_of_an_earlier_round)
{
    Event first;
    Group group;
    CHECK_STATUS(group.run([&] {
        CHECK_STATUS(first.wait(), THREADING_CANCELLED); /* so it is the second failure */
        throw std::runtime_error("old");
    }),
                 THREADING_OK);
    CHECK_STATUS(group.run([] { return THREADING_EMPTY; }), THREADING_OK);
    for (const char *expected : {"old", "new"}) {
        std::string what;
        try {
            (void)group.wait();
        } catch (const std::runtime_error &error) {
            what = error.what();
        }
        CHECK_TEXT(what.c_str(), expected);
        CHECK_STATUS(group.run([] { throw std::runtime_error("new"); }), THREADING_OK);
    }
}

CASE(group_is_stopped_by_an_exception_that_leaves_its_scope)
{
    static std::atomic<bool> cancelled(false);
    bool caught = false;
    Event never;
    try {
        Group group;
        CHECK_STATUS(group.run([&] { cancelled = never.wait() == THREADING_CANCELLED; }), THREADING_OK);
        throw std::runtime_error("body");
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught && cancelled.load());
}

CASE(nothing_is_left_of_the_tasks_of_a_group)
{
    {
        Executor pool(1);
        Group group(pool), threads;
        for (int i = 0; i < 10; i++) {
            CHECK_STATUS(group.run([](Counted) {}, Counted()), THREADING_OK);
            CHECK_STATUS(threads.run([](Counted) { throw Exit(); }, Counted()), THREADING_OK);
        }
        CHECK_STATUS(pool.shutdown(true, true), THREADING_OK);
        CHECK(group.run([](Counted) {}, Counted()) != THREADING_OK); /* whether some were cancelled or not */
    }
    CHECK_EQUAL(Counted::alive().load(), 0);
}
