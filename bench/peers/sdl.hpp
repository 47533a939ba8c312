// SPDX-License-Identifier: MIT
// SDL 2. Its mutexes are all recursive, so that they stand for both kinds of lock.
#ifndef BENCH_SDL_HPP
#define BENCH_SDL_HPP

#include "task.hpp"

#include <SDL.h>

namespace bench
{

struct Sdl {
    static constexpr const char *name = "SDL2";
    static std::string version()
    {
        SDL_version linked;
        SDL_GetVersion(&linked);
        return std::to_string(linked.major) + "." + std::to_string(linked.minor) + "." +
               std::to_string(linked.patch);
    }

    struct Lock {
        SDL_mutex *lock = SDL_CreateMutex();
        ~Lock()
        {
            SDL_DestroyMutex(lock);
        }
        void acquire()
        {
            SDL_LockMutex(lock);
        }
        void release()
        {
            SDL_UnlockMutex(lock);
        }
    };
    using RLock = Lock;

    struct Condition {
        SDL_cond *condition = SDL_CreateCond();
        SDL_mutex *lock;
        explicit Condition(Lock &with) : lock(with.lock)
        {
        }
        ~Condition()
        {
            SDL_DestroyCond(condition);
        }
        void wait()
        {
            SDL_CondWait(condition, lock);
        }
        void notify_one()
        {
            SDL_CondSignal(condition);
        }
        void notify_all()
        {
            SDL_CondBroadcast(condition);
        }
    };

    struct Semaphore {
        SDL_sem *semaphore;
        explicit Semaphore(unsigned value) : semaphore(SDL_CreateSemaphore(value))
        {
        }
        ~Semaphore()
        {
            SDL_DestroySemaphore(semaphore);
        }
        void acquire()
        {
            SDL_SemWait(semaphore);
        }
        void release()
        {
            SDL_SemPost(semaphore);
        }
    };

    // There is no call that gives one back.
    struct Local {
        SDL_TLSID id = SDL_TLSCreate();
        void touch()
        {
            must(SDL_TLSSet(id, this, nullptr) == 0, "SDL_TLSSet");
        }
        void *get()
        {
            return SDL_TLSGet(id);
        }
    };

    class Thread
    {
        SDL_Thread *thread = nullptr;

      public:
        template <Task task> void start(void *arg)
        {
            thread = SDL_CreateThread(run<task>, nullptr, arg);
            must(thread != nullptr, "SDL_CreateThread");
        }
        void join()
        {
            SDL_WaitThread(thread, nullptr);
        }

      private:
        template <Task task> static int run(void *arg)
        {
            task(arg);
            return 0;
        }
    };
};

} // namespace bench

#endif
