// SPDX-License-Identifier: MIT
// nsync, as C++ programs link it.
#ifndef BENCH_NSYNC_HPP
#define BENCH_NSYNC_HPP

#include "task.hpp"

#include <nsync.h>

namespace bench
{

struct Nsync {
    static constexpr const char *name = "nsync";
    static std::string version()
    {
        return BENCH_NSYNC_VERSION;
    }

    struct Lock {
        nsync::nsync_mu lock;
        Lock()
        {
            nsync::nsync_mu_init(&lock);
        }
        void acquire()
        {
            nsync::nsync_mu_lock(&lock);
        }
        void release()
        {
            nsync::nsync_mu_unlock(&lock);
        }
    };

    struct Condition {
        nsync::nsync_cv condition;
        nsync::nsync_mu *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
            nsync::nsync_cv_init(&condition);
        }
        void wait()
        {
            nsync::nsync_cv_wait(&condition, lock);
        }
        void notify_one()
        {
            nsync::nsync_cv_signal(&condition);
        }
        void notify_all()
        {
            nsync::nsync_cv_broadcast(&condition);
        }
    };

    struct RWLock {
        nsync::nsync_mu lock;
        RWLock()
        {
            nsync::nsync_mu_init(&lock);
        }
        void acquire_read()
        {
            nsync::nsync_mu_rlock(&lock);
        }
        void release_read()
        {
            nsync::nsync_mu_runlock(&lock);
        }
    };
};

} // namespace bench

#endif
