// SPDX-License-Identifier: MIT
// Threads that read at the same time: nobody waits, but all write to the same word.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

template <class Peer> struct Library {
    typename Peer::RWLock lock = {};
    const unsigned rounds = scaled(100000);

    void run(unsigned)
    {
        for (unsigned round = 0; round < rounds; round++) {
            lock.acquire_read();
            lock.release_read();
        }
    }
};

template <class Peer> std::vector<Measure> read(unsigned threads)
{
    Library<Peer> library;
    return {{"time", race<Peer>(library, threads) / library.rounds / threads}};
}

} // namespace

void add_rwlock()
{
    const std::string group = "rwlock: several readers, by number of threads";
    for (const unsigned threads : {2U, 4U, 8U})
        each_peer([&]<class Peer>() {
            if constexpr (requires { typename Peer::RWLock; })
                add_round({group, "acquire and release", std::to_string(threads), Peer::name},
                          [=] { return read<Peer>(threads); });
        });
}

} // namespace bench
