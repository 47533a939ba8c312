// SPDX-License-Identifier: MIT
// For pools that cannot wait until all their tasks are done: each task counts down. Where a pool can wait, its
// own way is used, so that nobody pays for this who need not.
#ifndef BENCH_COUNTDOWN_HPP
#define BENCH_COUNTDOWN_HPP

#include "task.hpp"

#include <atomic>
#include <semaphore.h>

namespace bench
{

class Countdown
{
    std::atomic<unsigned> left = 0;
    sem_t done;

  public:
    Countdown()
    {
        sem_init(&done, 0, 0);
    }
    void expect(unsigned tasks)
    {
        left = tasks;
    }
    void arrive()
    {
        if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
            sem_post(&done);
    }
    void wait()
    {
        while (sem_wait(&done) != 0) {}
    }
};

// One for all: at any time one pool is measured.
inline Countdown countdown;

// The tail of every such pool's task.
template <Task task> void counted(void *arg)
{
    task(arg);
    countdown.arrive();
}

} // namespace bench

#endif
