// SPDX-License-Identifier: MIT
// The C++ standard library.
#ifndef BENCH_STD_HPP
#define BENCH_STD_HPP

#include "built.hpp"
#include "task.hpp"

#include <barrier>
#include <condition_variable>
#include <future>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace bench
{

struct Std {
    static constexpr const char *name = "C++ std";
    static std::string version()
    {
        return "libstdc++ " + std::to_string(_GLIBCXX_RELEASE);
    }

    template <class Mutex> struct Locking {
        Mutex lock;
        void acquire()
        {
            lock.lock();
        }
        void release()
        {
            lock.unlock();
        }
    };
    using Lock = Locking<std::mutex>;
    using RLock = Locking<std::recursive_mutex>;

    struct Condition {
        std::condition_variable condition;
        std::mutex *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
        }
        void wait()
        {
            std::unique_lock<std::mutex> held(*lock, std::adopt_lock);
            condition.wait(held);
            held.release();
        }
        void notify_one()
        {
            condition.notify_one();
        }
        void notify_all()
        {
            condition.notify_all();
        }
    };

    struct Semaphore {
        std::counting_semaphore<> semaphore;
        explicit Semaphore(unsigned value) : semaphore(value)
        {
        }
        void acquire()
        {
            semaphore.acquire();
        }
        void release()
        {
            semaphore.release();
        }
    };

    struct Barrier {
        std::barrier<> barrier;
        explicit Barrier(unsigned parties) : barrier(parties)
        {
        }
        void wait()
        {
            barrier.arrive_and_wait();
        }
    };

    struct RWLock {
        std::shared_mutex lock;
        void acquire_read()
        {
            lock.lock_shared();
        }
        void release_read()
        {
            lock.unlock_shared();
        }
    };

    // What the compiler knows is not made at run time, and so not in great numbers.
    struct Local {
        static constexpr bool is_static = true;
        static inline thread_local void *value = nullptr;
        void touch()
        {
            value = this;
        }
        void *get()
        {
            return value;
        }
    };

    class Thread
    {
        std::thread thread;

      public:
        template <Task task> void start(void *arg)
        {
            thread = std::thread(task, arg);
        }
        void join()
        {
            thread.join();
        }
    };

    using Queue = BuiltQueue<Std>;

    // std::async: a thread for each task.
    template <Task task> class Executor
    {
        std::vector<std::future<void>> futures;

      public:
        static constexpr bool one_submitter = true;

        explicit Executor(unsigned)
        {
        }
        void submit(void *arg)
        {
            futures.push_back(std::async(std::launch::async, task, arg));
        }
        template <class Root> void run_all(Root root, unsigned)
        {
            root();
            futures.clear(); // waits for each
        }
    };
};

} // namespace bench

#endif
