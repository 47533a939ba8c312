// SPDX-License-Identifier: MIT
// Threads that all want one lock: each does a fixed number of rounds, with some work inside the lock and as
// much outside. It is played twice: for the time of all rounds together, and with a clock around each
// acquire for the longest waits, which tell how fair a lock is.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

// Each thread shall have some 10 ms to do, more than a thread runs before the system lets another one run.
unsigned rounds_for(double hold_ns)
{
    return scaled(static_cast<unsigned>(10e6 / (2 * hold_ns + 200)));
}

template <class Peer> struct Contest {
    typename Peer::Lock lock = {};
    const unsigned rounds;
    const unsigned loops;
    unsigned long passed = 0; // counted inside the lock

    explicit Contest(double hold_ns) : rounds(rounds_for(hold_ns)), loops(loops_for(hold_ns))
    {
    }
    void run(unsigned)
    {
        for (unsigned round = 0; round < rounds; round++) {
            lock.acquire();
            passed++;
            work(loops);
            lock.release();
            work(loops);
        }
    }
};

template <class Peer> struct ContestWithClock : Contest<Peer> {
    std::vector<std::vector<double>> waits;

    ContestWithClock(double hold_ns, unsigned threads)
        : Contest<Peer>(hold_ns), waits(threads, std::vector<double>(this->rounds))
    {
    }
    void run(unsigned index)
    {
        for (double &wait : waits[index]) {
            const auto start = Clock::now();
            this->lock.acquire();
            wait = nanoseconds(Clock::now() - start);
            this->passed++;
            work(this->loops);
            this->lock.release();
            work(this->loops);
        }
    }
    std::vector<double> sorted_waits()
    {
        std::vector<double> all;
        for (const auto &own : waits)
            all.insert(all.end(), own.begin(), own.end());
        std::sort(all.begin(), all.end());
        return all;
    }
};

template <class Peer, class Game> double play(Game &game, unsigned threads)
{
    const double time = race<Peer>(game, threads);
    must(game.passed == static_cast<unsigned long>(game.rounds) * threads, "mutual exclusion");
    return time;
}

template <class Peer> std::vector<Measure> contest(unsigned threads, double hold_ns)
{
    Contest<Peer> plain(hold_ns);
    ContestWithClock<Peer> with_clock(hold_ns, threads);
    const double time = play<Peer>(plain, threads);
    play<Peer>(with_clock, threads);
    const std::vector<double> waits = with_clock.sorted_waits();
    return {{"time", time},
            {"wait, 99.9th percentile", waits[waits.size() * 999 / 1000]},
            {"wait, longest", waits.back()}};
}

} // namespace

void add_contended()
{
    const std::string group = "lock: contended, all rounds of all threads, by number of threads";
    for (const unsigned hold_ns : {0U, 50U, 500U, 5000U})
        for (const unsigned threads : {2U, 4U, 8U, 16U})
            each_peer([&]<class Peer>() {
                if constexpr (requires { typename Peer::Lock; })
                    add_round({group, std::to_string(hold_ns) + " ns inside and outside",
                               std::to_string(threads), Peer::name},
                              [=] { return contest<Peer>(threads, hold_ns); });
            });
}

} // namespace bench
