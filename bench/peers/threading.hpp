// SPDX-License-Identifier: MIT
// This library. The peers' files have the same classes, as far as the peer has the thing.
#ifndef BENCH_THREADING_HPP
#define BENCH_THREADING_HPP

#include "countdown.hpp"

#include <threading.h>
#include <vector>

namespace bench
{

struct Threading {
    static constexpr const char *name = "threading";
    static std::string version()
    {
        return std::string(threading_version()) + ", backend " + threading_backend();
    }

    struct Lock {
        threading_lock_t lock = {};
        void acquire()
        {
            (void)threading_lock_acquire(&lock);
        }
        void release()
        {
            (void)threading_lock_release(&lock);
        }
    };

    struct RLock {
        threading_rlock_t lock = {};
        void acquire()
        {
            (void)threading_rlock_acquire(&lock);
        }
        void release()
        {
            (void)threading_rlock_release(&lock);
        }
    };

    struct Condition {
        threading_condition_t condition;
        explicit Condition(Lock &lock)
        {
            must(threading_condition_init_lock(&condition, &lock.lock) == THREADING_OK,
                 "condition_init_lock");
        }
        void wait()
        {
            (void)threading_condition_wait(&condition);
        }
        void notify_one()
        {
            (void)threading_condition_notify(&condition, 1);
        }
        void notify_all()
        {
            (void)threading_condition_notify_all(&condition);
        }
    };

    struct Semaphore {
        threading_semaphore_t semaphore;
        explicit Semaphore(unsigned value) : semaphore{value}
        {
        }
        void acquire()
        {
            (void)threading_semaphore_acquire(&semaphore);
        }
        void release()
        {
            (void)threading_semaphore_release(&semaphore);
        }
    };

    struct Event {
        threading_event_t event = {};
        void set()
        {
            (void)threading_event_set(&event);
        }
        void clear()
        {
            (void)threading_event_clear(&event);
        }
        void wait()
        {
            (void)threading_event_wait(&event);
        }
    };

    struct Barrier {
        threading_barrier_t barrier;
        explicit Barrier(unsigned parties)
        {
            must(threading_barrier_init(&barrier, parties) == THREADING_OK, "threading_barrier_init");
        }
        void wait()
        {
            (void)threading_barrier_wait(&barrier, nullptr);
        }
    };

    struct RWLock {
        threading_rwlock_t lock = {};
        void acquire_read()
        {
            (void)threading_rwlock_acquire_read(&lock);
        }
        void release_read()
        {
            (void)threading_rwlock_release_read(&lock);
        }
    };

    struct Local {
        threading_local_t local;
        Local()
        {
            must(threading_local_init(&local, sizeof(void *), nullptr, nullptr) == THREADING_OK,
                 "local_init");
        }
        ~Local()
        {
            (void)threading_local_destroy(&local);
        }
        void touch()
        {
            must(threading_local_get(&local) != nullptr, "threading_local_get");
        }
        void *get()
        {
            return threading_local_get(&local);
        }
    };

    class Thread
    {
        threading_thread_t *thread = nullptr;

      public:
        template <Task task> void start(void *arg)
        {
            thread = threading_thread_new(run<task>, arg, nullptr);
            must(threading_thread_start(thread) == THREADING_OK, "threading_thread_start");
        }
        void join()
        {
            (void)threading_thread_join(thread);
            threading_thread_free(thread);
        }
    };

    class Queue
    {
        threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(void *), 0, nullptr);

      public:
        ~Queue()
        {
            threading_queue_free(queue);
        }
        void put(void *item)
        {
            (void)threading_queue_put(queue, &item);
        }
        void *get()
        {
            void *item = nullptr;
            (void)threading_queue_get(queue, &item);
            return item;
        }
    };

    // Tasks whose results nobody wants.
    template <Task task> class Executor
    {
        threading_executor_t *executor;

      public:
        explicit Executor(unsigned workers) : executor(threading_executor_new(workers, nullptr))
        {
        }
        ~Executor()
        {
            (void)threading_executor_shutdown(executor, true, false);
            threading_executor_free(executor);
        }
        void submit(void *arg)
        {
            (void)threading_executor_submit(executor, run<counted<task>>, arg, nullptr);
        }
        template <class Root> void run_all(Root root, unsigned tasks)
        {
            countdown.expect(tasks);
            root();
            countdown.wait();
        }
        void map(std::vector<void *> &items)
        {
            (void)threading_executor_map(executor, run<task>, items.data(), items.size(), nullptr);
        }
    };

    template <void (*item)(std::size_t)> class Loop
    {
        threading_executor_t *executor;

        static void piece(std::size_t begin, std::size_t end, void *)
        {
            for (std::size_t i = begin; i < end; i++)
                item(i);
        }

      public:
        explicit Loop(unsigned workers) : executor(threading_executor_new(workers, nullptr))
        {
        }
        ~Loop()
        {
            (void)threading_executor_shutdown(executor, true, false);
            threading_executor_free(executor);
        }
        void run(std::size_t count)
        {
            (void)!threading_executor_for(executor, 0, count, 0, piece, nullptr);
        }
    };

    class Forks
    {
        static inline threading_executor_t *executor = nullptr;

        static threading_status_t node(void *arg)
        {
            const auto height = reinterpret_cast<uintptr_t>(arg);
            if (height == 1)
                return THREADING_OK;
            threading_group_t group;
            (void)threading_group_init(&group, executor);
            (void)!threading_group_run(&group, node, reinterpret_cast<void *>(height - 1));
            (void)!threading_group_run(&group, node, reinterpret_cast<void *>(height - 1));
            return threading_group_wait(&group);
        }

      public:
        explicit Forks(unsigned workers)
        {
            executor = threading_executor_new(workers, nullptr);
        }
        ~Forks()
        {
            (void)threading_executor_shutdown(executor, true, false);
            threading_executor_free(executor);
        }
        void grow(unsigned height)
        {
            threading_group_t group;
            (void)threading_group_init(&group, executor);
            (void)!threading_group_run(&group, node, reinterpret_cast<void *>(uintptr_t(height)));
            (void)threading_group_wait(&group);
        }
    };

    template <Task task> static void *run(void *arg)
    {
        task(arg);
        return nullptr;
    }
};

// Tasks with a future each, which is asked for the result: what Python's users write.
struct ThreadingFutures {
    static constexpr const char *name = "threading, futures";
    static std::string version()
    {
        return Threading::version();
    }

    template <Task task> class Executor
    {
        threading_executor_t *executor;
        std::vector<threading_future_t *> futures;

      public:
        static constexpr bool one_submitter = true; // because of `futures`

        explicit Executor(unsigned workers) : executor(threading_executor_new(workers, nullptr))
        {
        }
        ~Executor()
        {
            (void)threading_executor_shutdown(executor, true, false);
            threading_executor_free(executor);
        }
        void submit(void *arg)
        {
            threading_future_t *future = nullptr;
            (void)threading_executor_submit(executor, Threading::run<task>, arg, &future);
            futures.push_back(future);
        }
        template <class Root> void run_all(Root root, unsigned)
        {
            root();
            for (threading_future_t *future : futures) {
                (void)threading_future_result(future, nullptr);
                threading_future_free(future);
            }
            futures.clear();
        }
    };
};

} // namespace bench

#endif
