// SPDX-License-Identifier: MIT
// Two threads that wake each other in turn; the time is that of there and back.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../play.hpp"

namespace bench
{

namespace
{

template <class Peer> struct EventOf {
    using type = BuiltEvent<Peer>;
};
template <class Peer>
requires requires
{
    typename Peer::Event;
}
struct EventOf<Peer> {
    using type = typename Peer::Event;
};

struct Game {
    const unsigned rounds = scaled(5000);
};

template <class Peer> struct Events : Game {
    typename EventOf<Peer>::type event[2];

    Events()
    {
        event[0].set();
    }
    void run(unsigned self)
    {
        for (unsigned round = 0; round < rounds; round++) {
            event[self].wait();
            event[self].clear();
            event[1 - self].set();
        }
    }
};

// One condition, and whose turn it is.
template <class Peer> struct Turns : Game {
    typename Peer::Lock lock = {};
    typename Peer::Condition condition{lock};
    unsigned turn = 0;

    void run(unsigned self)
    {
        lock.acquire();
        for (unsigned round = 0; round < rounds; round++) {
            while (turn != self)
                condition.wait();
            turn = 1 - self;
            condition.notify_one();
        }
        lock.release();
    }
};

template <class Peer> struct Semaphores : Game {
    typename Peer::Semaphore first{1};
    typename Peer::Semaphore second{0};

    void run(unsigned self)
    {
        auto &own = self == 0 ? first : second;
        auto &other = self == 0 ? second : first;
        for (unsigned round = 0; round < rounds; round++) {
            own.acquire();
            other.release();
        }
    }
};

template <class Peer, class Played> std::vector<Measure> play()
{
    Played game;
    return {{"time", race<Peer>(game, 2) / game.rounds}};
}

} // namespace

void add_ping_pong()
{
    const std::string group = "ping-pong of two threads, there and back";
    each_peer([&]<class Peer>() {
        if constexpr (requires { typename Peer::Condition; }) {
            add_round({group, "event (made of a mutex and a condition where there is none)", "", Peer::name},
                      play<Peer, Events<Peer>>);
            add_round({group, "condition", "", Peer::name}, play<Peer, Turns<Peer>>);
        }
        if constexpr (requires { typename Peer::Semaphore; })
            add_round({group, "semaphore", "", Peer::name}, play<Peer, Semaphores<Peer>>);
    });
}

} // namespace bench
