// SPDX-License-Identifier: MIT
// C11 threads.
#ifndef BENCH_C11_HPP
#define BENCH_C11_HPP

#include "posix.hpp"

#include <threads.h>

namespace bench
{

struct C11 {
    static constexpr const char *name = "C11";
    static std::string version()
    {
        return Posix::version();
    }

    template <int type> struct Mutex {
        mtx_t lock;
        Mutex()
        {
            must(mtx_init(&lock, type) == thrd_success, "mtx_init");
        }
        ~Mutex()
        {
            mtx_destroy(&lock);
        }
        void acquire()
        {
            mtx_lock(&lock);
        }
        void release()
        {
            mtx_unlock(&lock);
        }
    };
    using Lock = Mutex<mtx_plain>;
    using RLock = Mutex<mtx_plain | mtx_recursive>;

    struct Condition {
        cnd_t condition;
        mtx_t *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
            must(cnd_init(&condition) == thrd_success, "cnd_init");
        }
        ~Condition()
        {
            cnd_destroy(&condition);
        }
        void wait()
        {
            cnd_wait(&condition, lock);
        }
        void notify_one()
        {
            cnd_signal(&condition);
        }
        void notify_all()
        {
            cnd_broadcast(&condition);
        }
    };

    struct Local {
        tss_t key;
        Local()
        {
            must(tss_create(&key, nullptr) == thrd_success, "tss_create");
        }
        ~Local()
        {
            tss_delete(key);
        }
        void touch()
        {
            must(tss_set(key, this) == thrd_success, "tss_set");
        }
        void *get()
        {
            return tss_get(key);
        }
    };

    class Thread
    {
        thrd_t thread;

      public:
        template <Task task> void start(void *arg)
        {
            must(thrd_create(&thread, run<task>, arg) == thrd_success, "thrd_create");
        }
        void join()
        {
            thrd_join(thread, nullptr);
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
