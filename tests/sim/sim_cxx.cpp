/* SPDX-License-Identifier: MIT */
/* Bodies in C++: the classes of threading.hpp under every order. */
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "conformance.h"
#include "threading.hpp"
#include "threading_sim.h"

using namespace threading;

/* How many there are: what a body makes must also go, in each run that passes. */
struct Counted {
    static int alive;
    Counted()
    {
        alive++;
    }
    Counted(const Counted &)
    {
        alive++;
    }
    ~Counted()
    {
        alive--;
    }
};

int Counted::alive;

static void must(threading_status_t status)
{
    threading_sim_check(status == THREADING_OK);
}

static threading_sim_report_t run(void (*body)(void *arg))
{
    threading_sim_options_t options = threading_sim_options_t();
    threading_sim_report_t report;
    options.seconds = 10;
    (void)threading_sim_run(body, nullptr, &options, &report);
    printf("%s %s %s\n", threading_sim_verdict_name(report.verdict), report.message, report.replay);
    return report;
}

struct Account {
    Counted counted;
    Lock lock;
    int balance = 0;

    void change(int by)
    {
        threading_sim_read(&balance, sizeof balance);
        int before = balance;
        threading_sim_write(&balance, sizeof balance);
        balance = before + by;
    }

    void change_alone(int by)
    {
        std::lock_guard<Lock> guard(lock);
        change(by);
    }
};

static void two_deposits(void (Account::*deposit)(int by))
{
    Account account;
    { // a failed check leaves nothing on the heap
        Thread one(deposit, &account, 5);
        Thread two([&account, deposit] { (account.*deposit)(8); });
        must(one.start());
        must(two.start());
        must(one.join());
        must(two.join());
    }
    threading_sim_check(account.balance == 13);
}

static void locked(void *)
{
    two_deposits(&Account::change_alone);
}

static void unlocked(void *)
{
    two_deposits(&Account::change);
}

CASE(locked_deposits_pass_in_all_orders)
{
    threading_sim_report_t report = run(locked);
    CHECK_EQUAL(report.verdict, THREADING_SIM_PASSED);
    CHECK(report.complete);
    CHECK_TEXT(report.message, ""); /* nothing is left of the threads and the lambda */
    CHECK_EQUAL(Counted::alive, 0);
}

CASE(lost_deposit_is_found_and_told_with_its_condition)
{
    threading_sim_report_t report = run(unlocked);
    CHECK_EQUAL(report.verdict, THREADING_SIM_CHECK);
    CHECK(strstr(report.message, "sim_cxx.cpp:") == report.message);
    CHECK(strstr(report.message, ": account.balance == 13") != nullptr);
}

static void pass_texts(void *)
{
    Counted counted;
    Queue<std::string> queue(1);
    std::vector<std::string> got;
    Thread producer([&queue] {
        must(queue.put("a text that does not fit into the string itself"));
        must(queue.put("another such text that does not fit into it"));
        must(queue.shutdown());
    });
    must(producer.start());
    std::string item;
    while (queue.get(item) == THREADING_OK)
        got.push_back(item);
    must(producer.join());
    threading_sim_check(got.size() == 2 && got[1].compare(0, 7, "another") == 0);
}

CASE(texts_pass_through_a_queue_in_all_orders)
{
    threading_sim_report_t report = run(pass_texts);
    CHECK_EQUAL(report.verdict, THREADING_SIM_PASSED);
    CHECK(report.complete);
    CHECK_EQUAL(Counted::alive, 0);
}

static void throw_in_a_task(void *)
{
    Executor executor(1);
    auto future = executor.submit([]() -> int { throw std::string("of the task"); });
    std::string thrown;
    try {
        (void)future.result();
    } catch (const std::string &text) {
        thrown = text;
    }
    threading_sim_check(thrown == "of the task");
}

CASE(exceptions_of_tasks_arrive_in_all_orders)
{
    threading_sim_report_t report = run(throw_in_a_task);
    CHECK_EQUAL(report.verdict, THREADING_SIM_PASSED);
}
