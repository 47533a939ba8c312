// SPDX-License-Identifier: MIT
// What plays with several threads are made of: time, work that takes a known time, and teams of threads.
#ifndef BENCH_PLAY_HPP
#define BENCH_PLAY_HPP

#include "peers.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <unistd.h>

namespace bench
{

using Clock = std::chrono::steady_clock;

inline double nanoseconds(Clock::duration duration)
{
    return std::chrono::duration<double, std::nano>(duration).count();
}

// Counts, and does nothing else. Reading a clock instead would count as work the time in which the thread does
// not run.
inline void work(unsigned loops)
{
    for (unsigned i = 0; i < loops; i++)
        asm volatile("" : "+r"(i));
}

// How many loops take so long on this machine when nobody disturbs.
inline unsigned loops_for(double wanted_ns)
{
    static const double loop_ns = [] {
        constexpr unsigned loops = 200000;
        double fastest = 1e9;
        for (int trial = 0; trial < 50; trial++) {
            const auto start = Clock::now();
            work(loops);
            fastest = std::min(fastest, nanoseconds(Clock::now() - start));
        }
        return fastest / loops;
    }();
    return static_cast<unsigned>(wanted_ns / loop_ns);
}

// Where any number of threads wait until it is opened: they read from a pipe whose other end is closed then.
class Gate
{
    int ends[2];

  public:
    Gate()
    {
        must(pipe(ends) == 0, "pipe");
    }
    ~Gate()
    {
        close(ends[0]);
    }
    void wait()
    {
        char nothing;
        while (read(ends[0], &nothing, 1) < 0) {}
    }
    void open()
    {
        close(ends[1]);
    }
};

// Threads of the peer's own kind.
template <class Peer> class Team
{
    std::deque<typename ThreadOf<Peer>::type> threads;

  public:
    ~Team()
    {
        join();
    }
    template <Task task> void start(void *arg)
    {
        threads.emplace_back();
        try {
            threads.back().template start<task>(arg);
        } catch (...) {
            threads.pop_back();
            throw;
        }
    }
    void join()
    {
        for (auto &thread : threads)
            thread.join();
        threads.clear();
    }
};

// A thread of a race, and when it ran.
template <class Game> struct Runner {
    Game &game;
    unsigned index;
    Posix::Barrier &start_line; // the same for all peers
    Clock::time_point begin = {};
    Clock::time_point end = {};

    static void run(void *arg)
    {
        auto &self = *static_cast<Runner *>(arg);
        self.start_line.wait();
        self.begin = Clock::now();
        self.game.run(self.index);
        self.end = Clock::now();
    }
};

// Lets threads call game.run(0), game.run(1) … at once; gives the nanoseconds from the first begin to the last
// end.
template <class Peer, class Game> double race(Game &game, unsigned threads)
{
    Posix::Barrier start_line(threads);
    std::deque<Runner<Game>> runners;
    Team<Peer> team;
    for (unsigned index = 0; index < threads; index++)
        team.template start<Runner<Game>::run>(&runners.emplace_back(game, index, start_line));
    team.join();
    auto begin = runners.front().begin;
    auto end = runners.front().end;
    for (const auto &runner : runners) {
        begin = std::min(begin, runner.begin);
        end = std::max(end, runner.end);
    }
    return nanoseconds(end - begin);
}

} // namespace bench

#endif
