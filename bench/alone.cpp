// SPDX-License-Identifier: MIT
// All that is measured in a process that never had a second thread: C libraries leave out atomic operations
// there. The cases about growth do have threads, but each in a child process.
#include "bench.hpp"
#include "cases.hpp"

#include <iostream>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

int main(int argc, char **argv)
{
    bench::add_uncontended("one thread only");
    bench::add_growth();
    const int result = bench::run(argc, argv);
#if __has_include(<sys/single_threaded.h>)
    if (!__libc_single_threaded) {
        std::cerr << "a peer has started a thread: what was measured here is not what the table says\n";
        return 1;
    }
#endif
    return result;
}
