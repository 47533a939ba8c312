// SPDX-License-Identifier: MIT
// How time and memory grow with the number of things: all figures are for one of them, so that a flat line
// means that the cost grows in proportion.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../child.hpp"
#include "../play.hpp"

#include <atomic>

namespace bench
{

namespace
{

// Waits until a number is reached, and a moment more, in which those who have just counted go to sleep.
void settle(const std::atomic<unsigned> &number, unsigned wanted)
{
    while (number < wanted)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

std::vector<Measure> each_of(unsigned number, double time, double memory)
{
    return {{"time", time / number}, {"memory", memory / number}};
}

// Threads that live at the same time -----------------------------------------------------------------------

struct Crowd {
    std::atomic<unsigned> arrived = 0;
    Gate gate;
};

void arrive(void *arg)
{
    auto &crowd = *static_cast<Crowd *>(arg);
    crowd.arrived++;
    crowd.gate.wait();
}

// These are made by `new` and left to the end of the process: if not all threads can be started, those that
// were wait for ever.
template <class Peer> struct Gathered {
    Crowd crowd;
    Team<Peer> team;

    template <Task task> void start(unsigned threads, void *arg)
    {
        for (unsigned i = 0; i < threads; i++)
            team.template start<task>(arg);
    }
};

template <class Peer> std::vector<Measure> threads(unsigned number)
{
    auto &all = *new Gathered<Peer>;
    const double before = memory_used();
    auto start = Clock::now();
    all.template start<arrive>(number, &all.crowd);
    while (all.crowd.arrived < number)
        std::this_thread::yield();
    double time = nanoseconds(Clock::now() - start);
    const double memory = memory_used() - before;
    start = Clock::now();
    all.crowd.gate.open();
    all.team.join();
    time += nanoseconds(Clock::now() - start);
    return each_of(number, time, memory);
}

// Threads that wait for one condition ----------------------------------------------------------------------

template <class Peer> struct Waiting {
    Gathered<Peer> all;
    typename Peer::Lock lock = {};
    typename Peer::Condition condition{lock};
    bool done = false;
    std::atomic<unsigned> waiting = 0;
    std::atomic<unsigned> left = 0;
};

template <class Peer> void await(void *arg)
{
    auto &waiting = *static_cast<Waiting<Peer> *>(arg);
    arrive(&waiting.all.crowd);
    waiting.lock.acquire();
    waiting.waiting++;
    while (!waiting.done)
        waiting.condition.wait();
    waiting.lock.release();
    waiting.left++;
}

// From notify_all until all are back. The memory is what waiting takes on top of what threads take.
template <class Peer> std::vector<Measure> waiters(unsigned number)
{
    auto &waiting = *new Waiting<Peer>;
    waiting.all.template start<await<Peer>>(number, &waiting);
    settle(waiting.all.crowd.arrived, number);
    const double before = memory_used();
    waiting.all.crowd.gate.open();
    settle(waiting.waiting, number);
    const double memory = memory_used() - before;
    const auto start = Clock::now();
    waiting.lock.acquire();
    waiting.done = true;
    waiting.condition.notify_all();
    waiting.lock.release();
    waiting.all.team.join();
    return each_of(number, nanoseconds(Clock::now() - start), memory);
}

// Threads that wait for one lock ---------------------------------------------------------------------------

template <class Peer> struct Queueing {
    Gathered<Peer> all;
    typename Peer::Lock lock = {};
    std::atomic<unsigned> queueing = 0;
};

template <class Peer> void line_up(void *arg)
{
    auto &queueing = *static_cast<Queueing<Peer> *>(arg);
    arrive(&queueing.all.crowd);
    queueing.queueing++;
    queueing.lock.acquire();
    queueing.lock.release();
}

// From the release until all had the lock once.
template <class Peer> std::vector<Measure> queuers(unsigned number)
{
    auto &queueing = *new Queueing<Peer>;
    queueing.lock.acquire();
    queueing.all.template start<line_up<Peer>>(number, &queueing);
    settle(queueing.all.crowd.arrived, number);
    const double before = memory_used();
    queueing.all.crowd.gate.open();
    settle(queueing.queueing, number);
    const double memory = memory_used() - before;
    const auto start = Clock::now();
    queueing.lock.release();
    queueing.all.team.join();
    return each_of(number, nanoseconds(Clock::now() - start), memory);
}

// Objects, used by one thread ------------------------------------------------------------------------------

// Makes many, uses each once, and gives the time and the memory of both.
template <class Object, class Use> std::vector<Measure> objects(unsigned number, Use use)
{
    const double before = memory_used();
    const auto start = Clock::now();
    std::deque<Object> all(number);
    for (Object &object : all)
        use(object);
    const double time = nanoseconds(Clock::now() - start);
    return each_of(number, time, memory_used() - before);
}

template <class Peer> std::vector<Measure> locks(unsigned number)
{
    return objects<typename Peer::Lock>(number, [](auto &lock) {
        lock.acquire();
        lock.release();
    });
}

template <class Peer> std::vector<Measure> locals(unsigned number)
{
    return objects<typename Peer::Local>(number, [](auto &local) {
        local.touch();
        must(local.get() != nullptr, "get");
    });
}

// ----------------------------------------------------------------------------------------------------------

// Ten thousand threads again and again take minutes.
void leave_out_of_quick_runs(unsigned number)
{
    if (number > 1000 && load() < 1)
        throw std::runtime_error("left out");
}

template <class Peer> void add(const char *variant, unsigned number, std::vector<Measure> (*play)(unsigned))
{
    auto round = [=] {
        leave_out_of_quick_runs(number);
        return in_child([=] { return play(number); });
    };
    add_round({"growth, for each of so many", variant, std::to_string(number), Peer::name}, round);
}

template <class Peer> void add_all(unsigned number)
{
    if constexpr (requires { typename Peer::Thread; })
        add<Peer>("threads: start, live together, join", number, threads<Peer>);
    if constexpr (requires { typename Peer::Condition; })
        add<Peer>("condition: waiters woken together", number, waiters<Peer>);
    if constexpr (requires { typename Peer::Lock; }) {
        if constexpr (!requires { Peer::Lock::spins; }) // so many that spin would take for ever
            add<Peer>("lock: waiters let through", number, queuers<Peer>);
        add<Peer>("locks: make and use once", number, locks<Peer>);
    }
    if constexpr (requires { typename Peer::Local; }) {
        if constexpr (!requires { Peer::Local::is_static; })
            add<Peer>("locals: make and use once", number, locals<Peer>);
    }
}

} // namespace

void add_growth()
{
    for (const unsigned number : {1U, 10U, 100U, 1000U, 10000U})
        each_peer([=]<class Peer>() { add_all<Peer>(number); });
}

} // namespace bench
