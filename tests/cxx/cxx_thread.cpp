/* SPDX-License-Identifier: MIT */
/* Thread and Timer: what they run, who owns it, and where exceptions go. */
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#if defined(__GLIBC__)
#include <pthread.h>
#endif

#include "cxx_support.h"

using namespace threading;

static int sum;

static void add(int a, int b)
{
    sum = a + b;
}

CASE(it_runs_a_function_with_arguments)
{
    Thread thread(add, 2, 40);
    CHECK(!thread.is_alive());
    CHECK_EQUAL(thread.ident(), 0);
    CHECK_STATUS(thread.join(), THREADING_NOT_STARTED);
    CHECK_STATUS(thread.start(), THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_STATUS(thread.start(), THREADING_ALREADY_STARTED);
    CHECK(thread.exception() == nullptr);
    CHECK_EQUAL(sum, 42);
}

struct Account {
    int balance = 0;
    void deposit(int amount)
    {
        balance += amount;
    }
};

CASE(it_runs_members_references_and_what_can_only_be_moved)
{
    Account account;
    CHECK_STATUS(running(&Account::deposit, &account, 5).join(), THREADING_OK);
    CHECK_STATUS(running([](Account &by_reference) { by_reference.deposit(6); }, std::ref(account)).join(),
                 THREADING_OK);
    CHECK_EQUAL(account.balance, 11);
    int got = 0;
    std::unique_ptr<int> seven(new int(7));
    Thread mover = running([&got](std::unique_ptr<int> number) { got = *number; }, std::move(seven));
    CHECK_STATUS(mover.join(), THREADING_OK);
    CHECK_EQUAL(got, 7);
    CHECK(seven == nullptr);
}

CASE(text_is_copied_when_the_thread_is_made)
{
    std::string result;
    char text[] = "before";
    Thread thread([&result](const std::string &copy) { result = copy; }, std::string(text));
    text[0] = 'B';
    CHECK_STATUS(thread.start(), THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_TEXT(result.c_str(), "before");
}

CASE(what_it_ran_is_gone_when_join_returns)
{
    Thread thread(Thread([](Counted) {}, Counted()));
    CHECK_EQUAL(Counted::alive().load(), 1);
    CHECK_STATUS(thread.start(), THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(what_was_never_started_goes_with_the_handle)
{
    {
        Thread thread([](Counted) {}, Counted());
        Thread moved(std::move(thread));
        CHECK_EQUAL(Counted::alive().load(), 1);
        CHECK_STATUS(thread.start(), THREADING_INVALID);
    }
    CHECK_EQUAL(Counted::alive().load(), 0);
    Thread assigned([](Counted) {}, Counted());
    assigned = Thread();
    CHECK_EQUAL(Counted::alive().load(), 0);
    CHECK(assigned.name() == nullptr);
}

CASE(a_start_that_fails_keeps_what_it_would_run)
{
    Thread thread(
        Options().stack_size(1), [](Counted) {}, Counted());
    CHECK_STATUS(thread.start(), THREADING_INVALID);
    CHECK_STATUS(thread.start(), THREADING_INVALID);
    CHECK_EQUAL(Counted::alive().load(), 1);
    thread = Thread();
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(a_thread_goes_on_without_its_handle)
{
    static Event go, done;
    {
        Thread thread = running(
            [](const Counted &) {
                CHECK_STATUS(go.wait(), THREADING_OK);
                done.set();
            },
            Counted());
    }
    CHECK_EQUAL(Counted::alive().load(), 1);
    go.set();
    CHECK_STATUS(done.wait(), THREADING_OK);
    AWAIT(threading_active_count() == 1);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

EXIT_CASE(a_thread_without_handle_is_waited_for_at_exit, 0, "main returns|worker is done|")
{
    static Event leaving;
    running([] {
        CHECK_STATUS(leaving.wait(), THREADING_OK);
        (void)threading::sleep(0.05);
        std::puts("worker is done");
    });
    std::puts("main returns");
    std::fflush(stdout);
    leaving.set();
}

EXIT_CASE(a_daemon_is_not_waited_for_at_exit, 0, "main returns|")
{
    static Event never;
    running(Options().daemon(true), [] {
        CHECK_STATUS(never.wait(), THREADING_OK);
        std::puts("daemon is done");
    });
    std::puts("main returns");
}

/* Made before the library's first use or after it: both outlive the threads that shutdown() waits for. */
struct Announced {
    const char *text;
    ~Announced()
    {
        std::puts(text);
    }
};

EXIT_CASE(shutdown_waits_before_static_objects_go, 0, "worker uses it|it is destroyed|")
{
    Thread worker = running([] { (void)threading::sleep(0.05); });
    static Announced announced = {"it is destroyed"};
    Thread user = running([] {
        (void)threading::sleep(0.05);
        std::puts(announced.text[0] == 'i' ? "worker uses it" : "");
    });
    CHECK_STATUS(threading::shutdown(), THREADING_OK);
}

/* An object that has a thread, which its destructor tells to end and joins. */
struct Crew {
    Event leaving;
    Thread thread;
    ~Crew()
    {
        leaving.set();
        std::puts(threading_status_name(thread.join()));
    }
};

static void man(Crew &crew)
{
    crew.thread = running(Options().daemon(true), [&crew] {
        CHECK_STATUS(crew.leaving.wait(), THREADING_OK);
        (void)threading::sleep(0.02);
    });
}

CASE(it_tells_how_many_threads_can_run)
{
    CHECK(available_parallelism() >= 1);
    CHECK_EQUAL(available_parallelism(), threading_available_parallelism());
    CHECK_EQUAL(cpu_count(), threading_cpu_count());
    CHECK_EQUAL(get_ident(), threading_get_ident());
    CHECK(monotonic() <= threading_monotonic());
}

/* Made before the library's first use, it goes when the process has waited for its threads. */
EXIT_CASE(static_object_joins_its_thread_after_the_joins, 0, "THREADING_OK|")
{
    static Crew crew;
    man(crew);
}

EXIT_CASE(static_object_joins_its_thread_before_the_joins, 0, "THREADING_OK|")
{
    (void)threading::sleep(0);
    CHECK_STATUS(running([] {}).join(), THREADING_OK);
    static Crew crew;
    man(crew);
}

CASE(options_are_those_of_c)
{
    static Stop stop;
    CHECK_STATUS(stop.request(), THREADING_OK);
    Status heeded = THREADING_OK;
    std::string name = "a name";
    Thread thread(Options().name(name.c_str()).daemon(true).stack_size(1 << 16).stop(stop),
                  [&heeded] { heeded = threading::sleep(3600); });
    name[0] = 'A';
    CHECK_TEXT(thread.name(), "a name");
    CHECK(thread.daemon());
    CHECK_STATUS(thread.set_name("another"), THREADING_OK);
    CHECK_STATUS(thread.set_daemon(false), THREADING_OK);
    Status started = thread.start();
    if (started == THREADING_UNSUPPORTED)
        SKIP("the backend cannot set stack sizes");
    CHECK_STATUS(started, THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_STATUS(heeded, THREADING_CANCELLED);
    CHECK(thread.ident() != 0);
}

CASE(priority_handle_and_stack_are_those_of_c)
{
    int before = threading::get_priority();
    CHECK_STATUS(threading::set_priority(THREADING_PRIORITY_HIGHEST + 1), THREADING_INVALID);
    Thread thread(Options().priority(THREADING_PRIORITY_LOW), [] {
        Thread me = current_thread();
        CHECK_EQUAL(threading::get_priority(), THREADING_PRIORITY_LOW);
        CHECK(me.system_handle() == threading_thread_native_handle(me.native_handle()));
        CHECK_EQUAL(me.stack_size(), threading_thread_stack_size(me.native_handle()));
    });
    CHECK(thread.system_handle() == 0);
    Status started = thread.start();
    CHECK(started == THREADING_OK || started == THREADING_UNSUPPORTED);
    if (started == THREADING_OK)
        CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(threading::get_priority(), before);
}

CASE(the_module_knows_the_threads)
{
    static Event go;
    Thread thread = running(Options().name("Worker"), [] {
        Thread me = current_thread();
        CHECK_TEXT(me.name(), "Worker");
        CHECK_STATUS(me.join(), THREADING_DEADLOCK);
        CHECK_STATUS(go.wait(), THREADING_OK);
    });
    std::vector<Thread> all = threading::enumerate();
    CHECK_EQUAL(all.size(), 2);
    CHECK_TEXT(all[0].name(), "MainThread");
    CHECK_TEXT(all[1].name(), "Worker");
    CHECK_EQUAL(all[1].ident(), thread.ident());
    CHECK_TEXT(main_thread().name(), "MainThread");
    CHECK(current_thread().native_handle() == main_thread().native_handle());
    CHECK(all[1].exception() == nullptr);
    CHECK_STATUS(all[1].try_join(), THREADING_BUSY);
    go.set();
    CHECK_STATUS(all[1].join(), THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
}

CASE(a_handle_without_thread_is_invalid)
{
    Thread none;
    CHECK_STATUS(none.start(), THREADING_INVALID);
    CHECK_STATUS(none.join(), THREADING_INVALID);
    CHECK(!none.is_alive());
    CHECK(none.exception() == nullptr);
}

/* ---- exceptions */

static std::string text_of(const std::exception_ptr &error)
{
    try {
        if (error != nullptr)
            std::rethrow_exception(error);
    } catch (const std::exception &exception) {
        return exception.what();
    } catch (...) {
        return "something else";
    }
    return "nothing";
}

CASE(an_exception_ends_its_thread_and_is_kept)
{
    Thread thread([](Counted) { throw std::runtime_error("no more tea"); }, Counted());
    CHECK(thread.exception() == nullptr);
    CHECK_STATUS(thread.start(), THREADING_OK);
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_TEXT(text_of(thread.exception()).c_str(), "no more tea");
    CHECK_TEXT(text_of(thread.exception()).c_str(), "no more tea");
    CHECK_EQUAL(Counted::alive().load(), 0);
    Thread odd = running([] { throw 1; });
    CHECK_STATUS(odd.join(), THREADING_OK);
    CHECK_TEXT(text_of(odd.exception()).c_str(), "something else");
}

CASE(an_exception_is_not_seen_before_its_thread_has_ended)
{
    static Event caught, go;
    set_excepthook([](const std::exception_ptr &) {
        caught.set();
        CHECK_STATUS(go.wait(), THREADING_OK);
    });
    Thread thread = running([] { throw std::runtime_error("late"); });
    CHECK_STATUS(caught.wait(), THREADING_OK);
    CHECK(thread.exception() == nullptr);
    go.set();
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_TEXT(text_of(thread.exception()).c_str(), "late");
}

static std::atomic<int> late_uses;

/* Its destructor comes before or behind the thread's end in the library, as the platform has it. */
struct Late {
    bool is_used = false;
    ~Late()
    {
        threading_lock_t lock = {0};
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
        CHECK(threading_current_thread() != nullptr);
        if (is_used)
            late_uses++;
    }
};

static void *use_late(void *arg)
{
    static thread_local Late late;
    late.is_used = true;
    CHECK(threading_get_ident() != 0);
    return arg;
}

CASE(thread_local_destructors_may_call_the_library)
{
    for (int i = 0; i < 20; i++) {
        finished(started(use_late, nullptr));
        foreign_join(foreign_start(use_late, nullptr));
    }
    CHECK_EQUAL(late_uses.load(), 40);
    AWAIT(threading_active_count() == 1);
}

CASE(the_hook_is_told_in_the_thread)
{
    static std::string told;
    CHECK(set_excepthook([](const std::exception_ptr &error) {
              told = std::string(current_thread().name()) + ": " + text_of(error);
              throw std::runtime_error("in the hook"); /* dropped */
          }) == nullptr);
    Thread thread = running(Options().name("Cook"), [] { throw std::runtime_error("burnt"); });
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_TEXT(told.c_str(), "Cook: burnt");
    CHECK_TEXT(text_of(thread.exception()).c_str(), "burnt");
    CHECK(set_excepthook(nullptr) != nullptr);
}

CASE(exit_ends_a_thread_silently_and_runs_destructors)
{
    static int told;
    set_excepthook([](const std::exception_ptr &) { told++; });
    Thread thread = running([] {
        Counted here;
        throw Exit();
    });
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK_EQUAL(Counted::alive().load(), 0);
    CHECK(thread.exception() == nullptr);
    CHECK_EQUAL(told, 0);
}

CASE(pthread_exit_is_let_through)
{
#if defined(__GLIBC__)
    Thread thread = running([](Counted) { pthread_exit(nullptr); }, Counted());
    CHECK_STATUS(thread.join(), THREADING_OK);
    CHECK(thread.exception() == nullptr);
    CHECK_EQUAL(Counted::alive().load(), 0);
#else
    SKIP("only glibc ends threads by an exception");
#endif
}

CASE(out_of_many_starts_one_wins)
{
    static std::atomic<int> runs(0), wins(0);
    static Barrier together(4);
    Thread contested([] { runs++; });
    auto start = [&contested] {
        CHECK_STATUS(together.wait(), THREADING_OK);
        if (contested.start() == THREADING_OK)
            wins++;
    };
    Thread starters[] = {running(start), running(start), running(start), running(start)};
    for (Thread &starter : starters)
        CHECK_STATUS(starter.join(), THREADING_OK);
    CHECK_STATUS(contested.join(), THREADING_OK);
    CHECK_EQUAL(wins.load(), 1);
    CHECK_EQUAL(runs.load(), 1);
}

/* ---- timers */

CASE(a_timer_waits_and_calls)
{
    double called = 0, begin = threading_monotonic();
    Timer timer(std::chrono::milliseconds(20), [&called] { called = threading_monotonic(); });
    CHECK_STATUS(timer.start(), THREADING_OK);
    CHECK_STATUS(timer.join(), THREADING_OK);
    CHECK(called >= begin + 0.02);
    CHECK_STATUS(timer.cancel(), THREADING_OK);
}

CASE(a_timer_that_is_cancelled_never_calls)
{
    bool called = false;
    Timer timer(
        3600, [&called](Counted) { called = true; }, Counted());
    Timer early(0.0, [&called] { called = true; });
    CHECK_STATUS(timer.start(), THREADING_OK);
    CHECK_STATUS(early.cancel(), THREADING_OK);
    CHECK_STATUS(early.start(), THREADING_OK);
    CHECK_STATUS(timer.cancel(), THREADING_OK);
    CHECK_STATUS(timer.cancel(), THREADING_OK);
    CHECK_STATUS(timer.join(), THREADING_OK);
    CHECK_STATUS(early.join(), THREADING_OK);
    CHECK(!called);
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(a_wrong_time_of_a_timer_is_told_by_start)
{
    CHECK_STATUS(Timer(-2, [] {}).start(), THREADING_INVALID);
    CHECK_STATUS(Timer(1e300, [] {}).start(), THREADING_OVERFLOW);
    CHECK_STATUS(Timer(std::chrono::hours(-1), [] {}).start(), THREADING_OK);
}

CASE(an_exception_in_a_timer_is_kept)
{
    Timer timer(0, [] { throw std::runtime_error("alarm"); });
    CHECK_STATUS(timer.start(), THREADING_OK);
    CHECK_STATUS(timer.join(), THREADING_OK);
    CHECK_TEXT(text_of(timer.exception()).c_str(), "alarm");
}
