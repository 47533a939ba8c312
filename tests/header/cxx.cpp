/* SPDX-License-Identifier: MIT */
/* threading.hpp before anything else, twice, with all of its templates in use; and the macros of threading.h that
 * only some compilers of C++ can have. */
#include "threading.hpp"

#include "threading.hpp"

namespace
{

struct Account {
    int balance = 0;
    void deposit(int amount)
    {
        balance += amount;
    }
};

template <class Kind> int use_lock(Kind &lock)
{
    lock.lock();
    lock.unlock();
    bool had = lock.try_lock() && lock.try_lock_for(std::chrono::milliseconds(1)) &&
               lock.try_lock_until(std::chrono::system_clock::now());
    return had ? 1 : 0;
}

int use_threads(Account &account, threading::Stop &stop)
{
    threading::Thread plain(&Account::deposit, &account, 5);
    threading::Thread named(threading::Options().name("named").daemon(true).stack_size(65536).stop(stop),
                            [] {});
    threading::Timer timer(
        0.5, [](int) {}, 1);
    plain = std::move(named);
    return plain.start() || plain.join(1) || timer.start() || timer.cancel() ||
           plain.exception() != nullptr || threading::enumerate().empty();
}

int use_queues()
{
    threading::Queue<std::string> queue(3);
    threading::LifoQueue<int> stack;
    threading::PriorityQueue<std::string> sorted;
    std::string text = "text";
    int number = 1;
    return queue.put(text) || queue.put("more", 1.0) || queue.try_put(text) || queue.get(text) ||
           stack.put(number) || stack.try_get(number) || sorted.put(std::move(text)) || sorted.join(0.1);
}

int use_executor()
{
    threading::Executor pool(2, "pool");
    threading::Future<int> number = pool.submit([](int n) { return n; }, 1);
    threading::Future<void> nothing = pool.submit([] {});
    nothing.result(0.5);
    return number.result() + (pool.try_submit(number, [] { return 2; }) || pool.workers() == 0 ? 1 : 0);
}

struct Once {
    threading::Once once;
    threading::Local<std::string> local;
    threading::Barrier barrier{2, [] {}, std::chrono::seconds(1)};
};

int use_waits(Once &use)
{
    threading::Condition condition;
    threading::Event event;
    use.local->clear();
    return use.once.call([] {}) || use.barrier.wait() || event.wait(std::chrono::hours(1)) ||
           condition.wait_for([] { return true; }, 0.5) || threading::sleep(0);
}

#if defined(__cpp_designated_initializers)
threading_thread_t *use_keywords(threading_target_t target)
{
    return threading_thread(target, nullptr, .name = "keyword", .daemon = true);
}

threading_thread_t *use_no_keyword(threading_target_t target)
{
    static int argument;
    threading_thread_free(threading_thread(target, nullptr));
    threading_thread_free(THREADING_MUST_SPAWN(target, nullptr, .name = "keyword"));
    THREADING_MUST(threading_thread_join(THREADING_MUST_SPAWN(target, &argument)));
    return threading_spawn(target, &argument);
}

threading_thread_t *use_status(threading_target_t target, threading_status_t *status)
{
    return threading_spawn(target, nullptr, .priority = THREADING_PRIORITY_LOW, .status = status);
}
#endif

} // namespace

int main()
{
    threading::Lock lock;
    threading::RLock rlock;
    threading::Condition condition(lock);
    threading::Semaphore semaphore(2);
    threading::BoundedSemaphore bounded(2);
    threading::RWLock rwlock;
    threading::Stop stop;
    Account account;
    Once once;
#if defined(__cpp_designated_initializers)
    threading_status_t status;
    threading_thread_free(use_keywords(nullptr));
    threading_thread_free(use_no_keyword(nullptr));
    threading_thread_free(use_status(nullptr, &status));
#endif
#if defined(DROP_start)
    threading::Thread().start();
#endif
    return use_lock(lock) + use_lock(rlock) + use_lock(condition) + use_lock(semaphore) + use_lock(bounded) +
           use_lock(rwlock) + use_threads(account, stop) + use_queues() + use_executor() + use_waits(once);
}
