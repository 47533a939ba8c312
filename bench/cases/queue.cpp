// SPDX-License-Identifier: MIT
// Producers and consumers on one queue without a limit; the time is that of one item.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

#include <atomic>

namespace bench
{

namespace
{

template <class Peer> struct Market {
    typename Peer::Queue queue = {};
    const unsigned items; // of each producer
    std::atomic<unsigned> wrong = 0;

    explicit Market(unsigned pairs) : items(scaled(100000) / pairs + 1)
    {
    }
    void run(unsigned index)
    {
        if (index % 2 == 0)
            produce();
        else
            consume();
    }
    void produce()
    {
        for (unsigned i = 0; i < items; i++)
            queue.put(this);
    }
    void consume()
    {
        for (unsigned i = 0; i < items; i++)
            if (queue.get() != this)
                wrong++;
    }
};

template <class Peer> std::vector<Measure> trade(unsigned pairs)
{
    Market<Peer> market(pairs);
    const double time = race<Peer>(market, 2 * pairs);
    must(market.wrong == 0, "get");
    return {{"time", time / market.items / pairs}};
}

} // namespace

void add_queue()
{
    each_peer([]<class Peer>() {
        if constexpr (requires { typename Peer::Queue; }) {
            const std::string group = "queue: one item from thread to thread";
            add_round({group, "1 to 1", "", Peer::name}, [] { return trade<Peer>(1); });
            add_round({group, "4 to 4", "", Peer::name}, [] { return trade<Peer>(4); });
        }
    });
}

} // namespace bench
