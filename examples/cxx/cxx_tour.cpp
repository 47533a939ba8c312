/* SPDX-License-Identifier: MIT */
/*
 * threading.hpp in one program: threads, the standard library's guards on this library's locks, a queue, a pool.
 *
 *     with ThreadPoolExecutor() as pool: …
 *
 * Look at the difference: a Thread is not joined or stopped by its destructor, as in Python; the process waits for
 * it. What a thread throws does not end the process: it is kept until somebody asks.
 */
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "threading.hpp"

/* Here nothing that is refused can be put right. */
static void must(threading::Status status)
{
    if (status != THREADING_OK)
        throw std::system_error(make_error_code(status));
}

static threading::RLock lock;
static int balance;

static void deposit(int amount, int times)
{
    for (int i = 0; i < times; i++) {
        std::lock_guard<threading::RLock> held(lock);
        balance += amount;
    }
}

static void threads_and_locks()
{
    threading::Thread one(threading::Options().name("Depositor"), deposit, 5, 1000);
    threading::Thread other(deposit, -5, 1000);
    std::printf("%s and %s\n", one.name(), other.name());
    must(one.start());
    must(other.start());
    must(one.join());
    must(other.join());
    std::printf("balance: %d\n", balance);
}

static void limits()
{
    threading::Thread holder([] {
        std::unique_lock<threading::RLock> held(lock, std::chrono::hours(1));
        must(threading::sleep(0.05));
    });
    must(holder.start());
    while (!lock.locked())
        must(threading::sleep(0.001));
    std::printf("had at once: %s\n", lock.try_lock() ? "yes" : "no");
    std::printf("had in an hour: %s\n", lock.try_lock_for(std::chrono::hours(1)) ? "yes" : "no");
    lock.unlock();
    must(holder.join());
}

static void exceptions()
{
    threading::Thread thread([] { throw std::runtime_error("the tea is cold"); });
    must(thread.start());
    must(thread.join());
    try {
        std::rethrow_exception(thread.exception());
    } catch (const std::runtime_error &error) {
        std::printf("%s: %s\n", thread.name(), error.what());
    }
}

static void queue()
{
    threading::Queue<std::unique_ptr<std::string>> letters(2);
    threading::Thread writer([&letters] {
        threading::Status status = THREADING_OK;
        for (const char *text : {"Dear Ann,", "Bob"})
            if (status == THREADING_OK)
                status = letters.put(std::unique_ptr<std::string>(new std::string(text)));
        must(letters.shutdown()); /* also after a failure: the reader would wait for ever */
        must(status);
    });
    must(writer.start());
    std::unique_ptr<std::string> letter;
    while (letters.get(letter) == THREADING_OK)
        std::puts(letter->c_str());
    must(writer.join());
}

static void pool()
{
    threading::Executor executor(4);
    threading::Future<int> square = executor.submit([](int n) { return n * n; }, 12);
    threading::Future<int> failed = executor.submit([]() -> int { throw std::runtime_error("no answer"); });
    std::printf("12 * 12 = %d\n", square.result());
    try {
        std::printf("%d\n", failed.result());
    } catch (const std::runtime_error &error) {
        std::puts(error.what());
    }
}

static void tour()
{
    threads_and_locks();
    limits();
    exceptions();
    queue();
    pool();
    threading::Thread last([] { std::puts("the process waited for me"); });
    must(last.start());
}

/* Where memory or threads are out, a constructor throws. */
int main()
{
    try {
        tour();
    } catch (const std::exception &refused) {
        std::fprintf(stderr, "%s\n", refused.what());
        return 1;
    }
    return 0;
}
