// SPDX-License-Identifier: MIT
// All that is measured in a process with threads.
#include "bench.hpp"
#include "cases.hpp"
#include "play.hpp"

int main(int argc, char **argv)
{
    // Lives as long as the process, so that no C library takes it for one with a single thread.
    static bench::Gate never_opened;
    std::thread([] { never_opened.wait(); }).detach();

    bench::add_uncontended("a second thread lives");
    bench::add_contended();
    bench::add_rwlock();
    bench::add_start_join();
    bench::add_ping_pong();
    bench::add_barrier();
    bench::add_queue();
    bench::add_executor();
    bench::add_loop();
    const int result = bench::run(argc, argv);
    std::quick_exit(result); // what the peers left to the end of the process is of no interest
}
