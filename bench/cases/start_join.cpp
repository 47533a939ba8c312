// SPDX-License-Identifier: MIT
// A thread that does nothing, from its start to the end of its join.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

void nothing(void *)
{
}

template <class Thread> std::vector<Measure> start_join()
{
    const unsigned threads = scaled(1000);
    const auto start = Clock::now();
    for (unsigned i = 0; i < threads; i++) {
        Thread thread;
        thread.template start<nothing>(nullptr);
        thread.join();
    }
    return {{"time", nanoseconds(Clock::now() - start) / threads}};
}

} // namespace

void add_start_join()
{
    each_peer([]<class Peer>() {
        if constexpr (requires { typename Peer::Thread; })
            add_round({"thread: start and join", "one at a time", "", Peer::name},
                      start_join<typename Peer::Thread>);
    });
}

} // namespace bench
