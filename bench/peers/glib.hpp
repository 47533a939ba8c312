// SPDX-License-Identifier: MIT
// GLib.
#ifndef BENCH_GLIB_HPP
#define BENCH_GLIB_HPP

#include "countdown.hpp"

#include <glib.h>

namespace bench
{

struct Glib {
    static constexpr const char *name = "GLib";
    static std::string version()
    {
        return std::to_string(glib_major_version) + "." + std::to_string(glib_minor_version) + "." +
               std::to_string(glib_micro_version);
    }

    struct Lock {
        GMutex lock;
        Lock()
        {
            g_mutex_init(&lock);
        }
        ~Lock()
        {
            g_mutex_clear(&lock);
        }
        void acquire()
        {
            g_mutex_lock(&lock);
        }
        void release()
        {
            g_mutex_unlock(&lock);
        }
    };

    struct RLock {
        GRecMutex lock;
        RLock()
        {
            g_rec_mutex_init(&lock);
        }
        ~RLock()
        {
            g_rec_mutex_clear(&lock);
        }
        void acquire()
        {
            g_rec_mutex_lock(&lock);
        }
        void release()
        {
            g_rec_mutex_unlock(&lock);
        }
    };

    struct Condition {
        GCond condition;
        GMutex *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
            g_cond_init(&condition);
        }
        ~Condition()
        {
            g_cond_clear(&condition);
        }
        void wait()
        {
            g_cond_wait(&condition, lock);
        }
        void notify_one()
        {
            g_cond_signal(&condition);
        }
        void notify_all()
        {
            g_cond_broadcast(&condition);
        }
    };

    struct RWLock {
        GRWLock lock;
        RWLock()
        {
            g_rw_lock_init(&lock);
        }
        ~RWLock()
        {
            g_rw_lock_clear(&lock);
        }
        void acquire_read()
        {
            g_rw_lock_reader_lock(&lock);
        }
        void release_read()
        {
            g_rw_lock_reader_unlock(&lock);
        }
    };

    // A GPrivate lives for ever and aborts when there are no keys left, so it cannot be made in great numbers.
    struct Local {
        static constexpr bool is_static = true;
        GPrivate key = G_PRIVATE_INIT(nullptr);
        void touch()
        {
            g_private_set(&key, this);
        }
        void *get()
        {
            return g_private_get(&key);
        }
    };

    class Thread
    {
        GThread *thread = nullptr;

      public:
        template <Task task> void start(void *arg)
        {
            thread = g_thread_try_new(nullptr, run<task>, arg, nullptr);
            must(thread != nullptr, "g_thread_try_new");
        }
        void join()
        {
            g_thread_join(thread);
        }

      private:
        template <Task task> static gpointer run(gpointer arg)
        {
            task(arg);
            return nullptr;
        }
    };

    class Queue
    {
        GAsyncQueue *queue = g_async_queue_new();

      public:
        ~Queue()
        {
            g_async_queue_unref(queue);
        }
        void put(void *item)
        {
            g_async_queue_push(queue, item);
        }
        void *get()
        {
            return g_async_queue_pop(queue);
        }
    };

    template <Task task> class Executor
    {
        GThreadPool *pool;

        static void run(gpointer arg, gpointer)
        {
            counted<task>(arg);
        }

      public:
        explicit Executor(unsigned workers)
            : pool(g_thread_pool_new(run, nullptr, static_cast<gint>(workers), TRUE, nullptr))
        {
            must(pool != nullptr, "g_thread_pool_new");
        }
        ~Executor()
        {
            g_thread_pool_free(pool, FALSE, TRUE);
        }
        void submit(void *arg)
        {
            g_thread_pool_push(pool, arg, nullptr);
        }
        template <class Root> void run_all(Root root, unsigned tasks)
        {
            countdown.expect(tasks);
            root();
            countdown.wait();
        }
    };
};

} // namespace bench

#endif
