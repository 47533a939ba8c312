// SPDX-License-Identifier: MIT
// Threads that meet again and again; the time is that of one meeting.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

template <class Peer> struct Meeting {
    typename Peer::Barrier barrier;
    const unsigned rounds = scaled(1000);

    explicit Meeting(unsigned threads) : barrier(threads)
    {
    }
    void run(unsigned)
    {
        for (unsigned round = 0; round < rounds; round++)
            barrier.wait();
    }
};

template <class Peer> std::vector<Measure> meet(unsigned threads)
{
    Meeting<Peer> meeting(threads);
    return {{"time", race<Peer>(meeting, threads) / meeting.rounds}};
}

} // namespace

void add_barrier()
{
    for (const unsigned threads : {2U, 4U, 8U, 16U})
        each_peer([=]<class Peer>() {
            if constexpr (requires { typename Peer::Barrier; })
                add_round({"barrier, by number of threads", "one meeting of all", std::to_string(threads),
                           Peer::name},
                          [=] { return meet<Peer>(threads); });
        });
}

} // namespace bench
