// SPDX-License-Identifier: MIT
// What an item of a loop over indices costs that runs on all cores, and a task that waits for two more.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

unsigned workers()
{
    return std::max(2U, std::thread::hardware_concurrency());
}

void spin(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++)
        asm volatile("" ::: "memory");
}

// An item that does nothing but be there.
void nothing(std::size_t index)
{
    asm volatile("" ::"r"(index));
}

// From 1 to 1,000 ns or so, without an order: Knuth's multiplicative hash.
void some(std::size_t index)
{
    const unsigned hash = static_cast<unsigned>(index) * 2654435761U;
    spin((hash ^ hash >> 15) % 3000);
}

// The later, the longer.
void rising(std::size_t index)
{
    spin(static_cast<unsigned>(index * 3000 / scaled(100000)));
}

// Of several times in a row, as a program has them; during the first, threads are still being started.
template <class Play> double later_time(Play play)
{
    const unsigned times = 5;
    for (unsigned i = 0; i < times; i++)
        play();
    const auto start = Clock::now();
    for (unsigned i = 0; i < times; i++)
        play();
    return nanoseconds(Clock::now() - start) / times;
}

template <class Peer, void (*item)(std::size_t)> void add_loop(const char *name, unsigned items)
{
    add_round({"loop: one item", name, "", Peer::name}, [items]() -> std::vector<Measure> {
        typename Peer::template Loop<item> loop(workers());
        return {{"time", later_time([&] { loop.run(items); }) / items}};
    });
}

unsigned tree_height()
{
    unsigned height = 1;
    while ((2U << height) - 1 <= scaled(10000))
        height++;
    return height;
}

template <class Peer> std::vector<Measure> fork_and_join()
{
    typename Peer::Forks forks(workers());
    const unsigned height = tree_height();
    return {{"time", later_time([&] { forks.grow(height); }) / ((1U << height) - 1)}};
}

} // namespace

void add_loop()
{
    each_peer([&]<class Peer>() {
        if constexpr (requires { typename Peer::template Loop<nothing>; }) {
            add_loop<Peer, nothing>("empty items", scaled(1000000));
            add_loop<Peer, some>("items of 1 to 1,000 ns", scaled(100000));
            add_loop<Peer, rising>("items that take longer and longer", scaled(100000));
        }
        if constexpr (requires { typename Peer::Forks; })
            add_round({"loop: one task", "tree of tasks that wait for two each", "", Peer::name},
                      fork_and_join<Peer>);
    });
}

} // namespace bench
