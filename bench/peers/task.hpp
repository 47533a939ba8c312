// SPDX-License-Identifier: MIT
// What all peers share: what a thread or a pool runs, and what is said when a call fails.
#ifndef BENCH_TASK_HPP
#define BENCH_TASK_HPP

#include <stdexcept>
#include <string>

namespace bench
{

using Task = void (*)(void *arg);

// For calls that can fail for want of something. Locking and the like is not checked: that would be measured.
inline void must(bool worked, const char *call)
{
    if (!worked)
        throw std::runtime_error(std::string(call) + " failed");
}

} // namespace bench

#endif
