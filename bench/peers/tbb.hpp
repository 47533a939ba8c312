// SPDX-License-Identifier: MIT
// oneTBB. The thread that waits for a group of tasks is one of the workers.
#ifndef BENCH_TBB_HPP
#define BENCH_TBB_HPP

#include "task.hpp"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/rw_mutex.h>
#include <oneapi/tbb/spin_mutex.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>
#include <vector>

namespace bench
{

struct Tbb {
    static constexpr const char *name = "oneTBB";
    static std::string version()
    {
        return TBB_runtime_version();
    }

    struct Lock {
        tbb::mutex lock;
        void acquire()
        {
            lock.lock();
        }
        void release()
        {
            lock.unlock();
        }
    };

    struct RWLock {
        tbb::rw_mutex lock;
        void acquire_read()
        {
            lock.lock_shared();
        }
        void release_read()
        {
            lock.unlock_shared();
        }
    };

    struct Local {
        tbb::enumerable_thread_specific<void *> copies;
        void touch()
        {
            copies.local() = this;
        }
        void *get()
        {
            return copies.local();
        }
    };

    class Queue
    {
        tbb::concurrent_bounded_queue<void *> queue;

      public:
        void put(void *item)
        {
            queue.push(item);
        }
        void *get()
        {
            void *item = nullptr;
            queue.pop(item);
            return item;
        }
    };

    template <Task task> class Executor
    {
        tbb::task_arena arena;
        tbb::task_group group;

      public:
        explicit Executor(unsigned workers) : arena(static_cast<int>(workers))
        {
        }
        void submit(void *arg)
        {
            group.run([arg] { task(arg); });
        }
        template <class Root> void run_all(Root root, unsigned)
        {
            arena.execute([&] {
                root();
                group.wait();
            });
        }
        void map(std::vector<void *> &items)
        {
            arena.execute([&] {
                tbb::parallel_for(std::size_t(0), items.size(), [&](std::size_t at) { task(items[at]); });
            });
        }
    };

    template <void (*item)(std::size_t)> class Loop
    {
        tbb::task_arena arena;

      public:
        explicit Loop(unsigned workers) : arena(static_cast<int>(workers))
        {
        }
        void run(std::size_t count)
        {
            arena.execute([&] {
                tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count),
                                  [](const tbb::blocked_range<std::size_t> &range) {
                                      for (std::size_t i = range.begin(); i < range.end(); i++)
                                          item(i);
                                  });
            });
        }
    };

    class Forks
    {
        tbb::task_arena arena;

        static void node(unsigned height)
        {
            if (height == 1)
                return;
            tbb::task_group group;
            group.run([height] { node(height - 1); });
            group.run([height] { node(height - 1); });
            group.wait();
        }

      public:
        explicit Forks(unsigned workers) : arena(static_cast<int>(workers))
        {
        }
        void grow(unsigned height)
        {
            arena.execute([&] { node(height); });
        }
    };
};

struct TbbSpin {
    static constexpr const char *name = "oneTBB spin";
    static std::string version()
    {
        return Tbb::version();
    }

    struct Lock {
        static constexpr bool spins = true;
        tbb::spin_mutex lock;
        void acquire()
        {
            lock.lock();
        }
        void release()
        {
            lock.unlock();
        }
    };
};

} // namespace bench

#endif
