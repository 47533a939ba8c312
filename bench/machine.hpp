// SPDX-License-Identifier: MIT
#ifndef BENCH_MACHINE_HPP
#define BENCH_MACHINE_HPP

#include <ostream>

namespace bench
{

// Writes what the numbers depend on: the machine, the compiler, and the versions of all that is measured.
void write_machine(std::ostream &out);

} // namespace bench

#endif
