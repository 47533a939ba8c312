// SPDX-License-Identifier: MIT
// POSIX threads.
#ifndef BENCH_POSIX_HPP
#define BENCH_POSIX_HPP

#include "task.hpp"

#include <pthread.h>
#include <semaphore.h>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

namespace bench
{

struct Posix {
    static constexpr const char *name = "pthread";
    static std::string version()
    {
#if defined(__GLIBC__)
        return std::string("glibc ") + gnu_get_libc_version();
#else
        return "the C library's";
#endif
    }

    struct Lock {
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        ~Lock()
        {
            pthread_mutex_destroy(&lock);
        }
        void acquire()
        {
            pthread_mutex_lock(&lock);
        }
        void release()
        {
            pthread_mutex_unlock(&lock);
        }
    };

    struct RLock {
        pthread_mutex_t lock;
        RLock()
        {
            pthread_mutexattr_t recursive;
            pthread_mutexattr_init(&recursive);
            pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
            must(pthread_mutex_init(&lock, &recursive) == 0, "pthread_mutex_init");
            pthread_mutexattr_destroy(&recursive);
        }
        ~RLock()
        {
            pthread_mutex_destroy(&lock);
        }
        void acquire()
        {
            pthread_mutex_lock(&lock);
        }
        void release()
        {
            pthread_mutex_unlock(&lock);
        }
    };

    struct Condition {
        pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
        pthread_mutex_t *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
        }
        ~Condition()
        {
            pthread_cond_destroy(&condition);
        }
        void wait()
        {
            pthread_cond_wait(&condition, lock);
        }
        void notify_one()
        {
            pthread_cond_signal(&condition);
        }
        void notify_all()
        {
            pthread_cond_broadcast(&condition);
        }
    };

    struct Semaphore {
        sem_t semaphore;
        explicit Semaphore(unsigned value)
        {
            must(sem_init(&semaphore, 0, value) == 0, "sem_init");
        }
        ~Semaphore()
        {
            sem_destroy(&semaphore);
        }
        void acquire()
        {
            sem_wait(&semaphore);
        }
        void release()
        {
            sem_post(&semaphore);
        }
    };

    struct Barrier {
        pthread_barrier_t barrier;
        explicit Barrier(unsigned parties)
        {
            must(pthread_barrier_init(&barrier, nullptr, parties) == 0, "pthread_barrier_init");
        }
        ~Barrier()
        {
            pthread_barrier_destroy(&barrier);
        }
        void wait()
        {
            pthread_barrier_wait(&barrier);
        }
    };

    struct RWLock {
        pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
        ~RWLock()
        {
            pthread_rwlock_destroy(&lock);
        }
        void acquire_read()
        {
            pthread_rwlock_rdlock(&lock);
        }
        void release_read()
        {
            pthread_rwlock_unlock(&lock);
        }
    };

    struct Local {
        pthread_key_t key;
        Local()
        {
            must(pthread_key_create(&key, nullptr) == 0, "pthread_key_create");
        }
        ~Local()
        {
            pthread_key_delete(key);
        }
        void touch()
        {
            must(pthread_setspecific(key, this) == 0, "pthread_setspecific");
        }
        void *get()
        {
            return pthread_getspecific(key);
        }
    };

    class Thread
    {
        pthread_t thread;

      public:
        template <Task task> void start(void *arg)
        {
            must(pthread_create(&thread, nullptr, run<task>, arg) == 0, "pthread_create");
        }
        void join()
        {
            pthread_join(thread, nullptr);
        }

      private:
        template <Task task> static void *run(void *arg)
        {
            task(arg);
            return nullptr;
        }
    };
};

struct PosixSpin {
    static constexpr const char *name = "pthread spin";
    static std::string version()
    {
        return Posix::version();
    }

    struct Lock {
        static constexpr bool spins = true;
        pthread_spinlock_t lock;
        Lock()
        {
            pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
        }
        ~Lock()
        {
            pthread_spin_destroy(&lock);
        }
        void acquire()
        {
            pthread_spin_lock(&lock);
        }
        void release()
        {
            pthread_spin_unlock(&lock);
        }
    };
};

} // namespace bench

#endif
