// SPDX-License-Identifier: MIT
// Abseil.
#ifndef BENCH_ABSEIL_HPP
#define BENCH_ABSEIL_HPP

#include "task.hpp"

#include <absl/base/config.h>
#include <absl/synchronization/mutex.h>

namespace bench
{

struct Abseil {
    static constexpr const char *name = "Abseil";
    static std::string version()
    {
        return std::to_string(ABSL_LTS_RELEASE_VERSION) + "." + std::to_string(ABSL_LTS_RELEASE_PATCH_LEVEL);
    }

    struct Lock {
        absl::Mutex lock;
        void acquire()
        {
            lock.Lock();
        }
        void release()
        {
            lock.Unlock();
        }
    };

    struct Condition {
        absl::CondVar condition;
        absl::Mutex *lock;
        explicit Condition(Lock &with) : lock(&with.lock)
        {
        }
        void wait()
        {
            condition.Wait(lock);
        }
        void notify_one()
        {
            condition.Signal();
        }
        void notify_all()
        {
            condition.SignalAll();
        }
    };

    struct RWLock {
        absl::Mutex lock;
        void acquire_read()
        {
            lock.ReaderLock();
        }
        void release_read()
        {
            lock.ReaderUnlock();
        }
    };
};

} // namespace bench

#endif
