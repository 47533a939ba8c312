// SPDX-License-Identifier: MIT
// Each call adds the cases of one file in cases/ for all peers that have what it takes.
#ifndef BENCH_CASES_HPP
#define BENCH_CASES_HPP

#include <string>

namespace bench
{

// One thread's operations; `process` says what else lives in the process.
void add_uncontended(const std::string &process);

void add_contended();
void add_rwlock();
void add_start_join();
void add_ping_pong();
void add_barrier();
void add_queue();
void add_executor();
void add_loop();

// How time and memory grow with the number of things. Only for a process with a single thread.
void add_growth();

} // namespace bench

#endif
