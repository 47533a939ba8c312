// SPDX-License-Identifier: MIT
// The Apache Portable Runtime; its queue and its thread pool are in APR-util.
#ifndef BENCH_APR_HPP
#define BENCH_APR_HPP

#include "countdown.hpp"

#include <apr_general.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <apr_thread_rwlock.h>
#include <apr_version.h>
#if defined(BENCH_APR_UTIL)
#include <apr_queue.h>
#include <apr_thread_pool.h>
#endif

namespace bench
{

struct Apr {
    static constexpr const char *name = "APR";
    static std::string version()
    {
        return apr_version_string();
    }

    // Everything here is made by one thread at a time, so that one pool does.
    static apr_pool_t *pool()
    {
        static apr_pool_t *made = [] {
            apr_pool_t *fresh = nullptr;
            must(apr_initialize() == APR_SUCCESS, "apr_initialize");
            must(apr_pool_create(&fresh, nullptr) == APR_SUCCESS, "apr_pool_create");
            return fresh;
        }();
        return made;
    }

    template <unsigned flags> struct Mutex {
        apr_thread_mutex_t *lock;
        Mutex()
        {
            must(apr_thread_mutex_create(&lock, flags, pool()) == APR_SUCCESS, "apr_thread_mutex_create");
        }
        ~Mutex()
        {
            apr_thread_mutex_destroy(lock);
        }
        void acquire()
        {
            apr_thread_mutex_lock(lock);
        }
        void release()
        {
            apr_thread_mutex_unlock(lock);
        }
    };
    using Lock = Mutex<APR_THREAD_MUTEX_UNNESTED>;
    using RLock = Mutex<APR_THREAD_MUTEX_NESTED>;

    struct Condition {
        apr_thread_cond_t *condition;
        apr_thread_mutex_t *lock;
        explicit Condition(Lock &with) : lock(with.lock)
        {
            must(apr_thread_cond_create(&condition, pool()) == APR_SUCCESS, "apr_thread_cond_create");
        }
        ~Condition()
        {
            apr_thread_cond_destroy(condition);
        }
        void wait()
        {
            apr_thread_cond_wait(condition, lock);
        }
        void notify_one()
        {
            apr_thread_cond_signal(condition);
        }
        void notify_all()
        {
            apr_thread_cond_broadcast(condition);
        }
    };

    struct RWLock {
        apr_thread_rwlock_t *lock;
        RWLock()
        {
            must(apr_thread_rwlock_create(&lock, pool()) == APR_SUCCESS, "apr_thread_rwlock_create");
        }
        ~RWLock()
        {
            apr_thread_rwlock_destroy(lock);
        }
        void acquire_read()
        {
            apr_thread_rwlock_rdlock(lock);
        }
        void release_read()
        {
            apr_thread_rwlock_unlock(lock);
        }
    };

    struct Local {
        apr_threadkey_t *key;
        Local()
        {
            must(apr_threadkey_private_create(&key, nullptr, pool()) == APR_SUCCESS,
                 "apr_threadkey_private_create");
        }
        ~Local()
        {
            apr_threadkey_private_delete(key);
        }
        void touch()
        {
            must(apr_threadkey_private_set(this, key) == APR_SUCCESS, "apr_threadkey_private_set");
        }
        void *get()
        {
            void *value = nullptr;
            apr_threadkey_private_get(&value, key);
            return value;
        }
    };

    class Thread
    {
        apr_thread_t *thread = nullptr;

      public:
        template <Task task> void start(void *arg)
        {
            must(apr_thread_create(&thread, nullptr, run<task>, arg, pool()) == APR_SUCCESS,
                 "apr_thread_create");
        }
        void join()
        {
            apr_status_t result;
            apr_thread_join(&result, thread);
        }
    };

#if defined(BENCH_APR_UTIL)
    // Always bounded: wide enough to fill seldom, narrow enough to stay in a cache. A call is interrupted when
    // another thread was faster.
    class Queue
    {
        apr_pool_t *own_pool = nullptr; // so that its memory is given back
        apr_queue_t *queue = nullptr;

      public:
        Queue()
        {
            must(apr_pool_create(&own_pool, pool()) == APR_SUCCESS, "apr_pool_create");
            must(apr_queue_create(&queue, 1U << 14, own_pool) == APR_SUCCESS, "apr_queue_create");
        }
        ~Queue()
        {
            apr_pool_destroy(own_pool);
        }
        void put(void *item)
        {
            while (apr_queue_push(queue, item) == APR_EINTR) {}
        }
        void *get()
        {
            void *item = nullptr;
            while (apr_queue_pop(queue, &item) == APR_EINTR) {}
            return item;
        }
    };

    template <Task task> class Executor
    {
        apr_thread_pool_t *workers_pool;

      public:
        explicit Executor(unsigned workers)
        {
            must(apr_thread_pool_create(&workers_pool, workers, workers, pool()) == APR_SUCCESS,
                 "apr_thread_pool_create");
        }
        ~Executor()
        {
            apr_thread_pool_destroy(workers_pool);
        }
        void submit(void *arg)
        {
            apr_thread_pool_push(workers_pool, run<counted<task>>, arg, APR_THREAD_TASK_PRIORITY_NORMAL,
                                 nullptr);
        }
        template <class Root> void run_all(Root root, unsigned tasks)
        {
            countdown.expect(tasks);
            root();
            countdown.wait();
        }
    };
#endif

    template <Task task> static void *APR_THREAD_FUNC run(apr_thread_t *, void *arg)
    {
        task(arg);
        return nullptr;
    }
};

} // namespace bench

#endif
