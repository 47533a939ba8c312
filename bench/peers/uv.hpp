// SPDX-License-Identifier: MIT
// libuv.
#ifndef BENCH_UV_HPP
#define BENCH_UV_HPP

#include "task.hpp"

#include <cstdlib>
#include <uv.h>
#include <vector>

namespace bench
{

struct Uv {
    static constexpr const char *name = "libuv";
    static std::string version()
    {
        return uv_version_string();
    }

    template <int (*init)(uv_mutex_t *)> struct Mutex {
        uv_mutex_t lock;
        Mutex()
        {
            must(init(&lock) == 0, "uv_mutex_init");
        }
        ~Mutex()
        {
            uv_mutex_destroy(&lock);
        }
        void acquire()
        {
            uv_mutex_lock(&lock);
        }
        void release()
        {
            uv_mutex_unlock(&lock);
        }
    };
    using Lock = Mutex<uv_mutex_init>;
    using RLock = Mutex<uv_mutex_init_recursive>;

    struct Condition {
        uv_cond_t condition;
        uv_mutex_t *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
            must(uv_cond_init(&condition) == 0, "uv_cond_init");
        }
        ~Condition()
        {
            uv_cond_destroy(&condition);
        }
        void wait()
        {
            uv_cond_wait(&condition, lock);
        }
        void notify_one()
        {
            uv_cond_signal(&condition);
        }
        void notify_all()
        {
            uv_cond_broadcast(&condition);
        }
    };

    struct Semaphore {
        uv_sem_t semaphore;
        explicit Semaphore(unsigned value)
        {
            must(uv_sem_init(&semaphore, value) == 0, "uv_sem_init");
        }
        ~Semaphore()
        {
            uv_sem_destroy(&semaphore);
        }
        void acquire()
        {
            uv_sem_wait(&semaphore);
        }
        void release()
        {
            uv_sem_post(&semaphore);
        }
    };

    struct Barrier {
        uv_barrier_t barrier;
        explicit Barrier(unsigned parties)
        {
            must(uv_barrier_init(&barrier, parties) == 0, "uv_barrier_init");
        }
        ~Barrier()
        {
            uv_barrier_destroy(&barrier);
        }
        void wait()
        {
            uv_barrier_wait(&barrier);
        }
    };

    struct RWLock {
        uv_rwlock_t lock;
        RWLock()
        {
            must(uv_rwlock_init(&lock) == 0, "uv_rwlock_init");
        }
        ~RWLock()
        {
            uv_rwlock_destroy(&lock);
        }
        void acquire_read()
        {
            uv_rwlock_rdlock(&lock);
        }
        void release_read()
        {
            uv_rwlock_rdunlock(&lock);
        }
    };

    struct Local {
        uv_key_t key;
        Local()
        {
            must(uv_key_create(&key) == 0, "uv_key_create");
        }
        ~Local()
        {
            uv_key_delete(&key);
        }
        void touch()
        {
            uv_key_set(&key, this);
        }
        void *get()
        {
            return uv_key_get(&key);
        }
    };

    class Thread
    {
        uv_thread_t thread;

      public:
        template <Task task> void start(void *arg)
        {
            must(uv_thread_create(&thread, task, arg) == 0, "uv_thread_create");
        }
        void join()
        {
            uv_thread_join(&thread);
        }
    };

    // Only the loop's thread may queue work, and the loop says when all of it is done.
    template <Task task> class Executor
    {
        uv_loop_t loop;
        std::vector<uv_work_t> requests;

        static void work(uv_work_t *request)
        {
            task(request->data);
        }
        static void after(uv_work_t *, int)
        {
        }

      public:
        static constexpr bool one_submitter = true;

        explicit Executor(unsigned workers)
        {
            setenv("UV_THREADPOOL_SIZE", std::to_string(workers).c_str(), 1); // read at the pool's first use
            must(uv_loop_init(&loop) == 0, "uv_loop_init");
        }
        ~Executor()
        {
            uv_loop_close(&loop);
        }
        void submit(void *arg)
        {
            uv_work_t &request = requests.emplace_back();
            request.data = arg;
            uv_queue_work(&loop, &request, work, after);
        }
        template <class Root> void run_all(Root root, unsigned tasks)
        {
            requests.reserve(tasks);
            root();
            uv_run(&loop, UV_RUN_DEFAULT);
            requests.clear();
        }
    };
};

} // namespace bench

#endif
