// SPDX-License-Identifier: MIT
#ifndef BENCH_CHILD_HPP
#define BENCH_CHILD_HPP

#include "bench.hpp"

namespace bench
{

// Calls a function in a child process and gives what it returned. So each starts with the same memory, and
// neither sees what the one before left behind. Only for a process with a single thread.
std::vector<Measure> in_child(const std::function<std::vector<Measure>()> &function);

// The memory that this process alone uses, with the tables that the system keeps for its pages.
double memory_used();

} // namespace bench

#endif
