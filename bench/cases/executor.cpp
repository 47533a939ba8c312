// SPDX-License-Identifier: MIT
// What a task costs that does next to nothing, in a pool with as many workers as there are cores.
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

// The task: notes that it was run, in a place of its own.
void mark(void *arg)
{
    *static_cast<char *>(arg) = 1;
}

template <class Play> double timed(Play play)
{
    const auto start = Clock::now();
    play();
    return nanoseconds(Clock::now() - start);
}

bool all_marked(const std::vector<char> &marks)
{
    for (const char mark : marks)
        if (mark != 1)
            return false;
    return true;
}

// Calls `play` twice, each time with fresh marks: the first time, threads are started.
template <class Play> std::vector<Measure> second_time(unsigned tasks, Play play)
{
    double time = 0;
    for (int turn = 0; turn < 2; turn++) {
        std::vector<char> marks(tasks, 0);
        time = timed([&] { play(marks); });
        must(all_marked(marks), "running all tasks");
    }
    return {{"time", time / tasks}};
}

template <class Peer> std::vector<Measure> submit()
{
    typename Peer::template Executor<mark> executor(workers());
    return second_time(scaled(10000), [&](std::vector<char> &marks) {
        auto submit_all = [&] {
            for (char &mark : marks)
                executor.submit(&mark);
        };
        executor.run_all(submit_all, static_cast<unsigned>(marks.size()));
    });
}

template <class Peer> std::vector<Measure> map()
{
    typename Peer::template Executor<mark> executor(workers());
    return second_time(scaled(10000), [&](std::vector<char> &marks) {
        std::vector<void *> items;
        for (char &mark : marks)
            items.push_back(&mark);
        executor.map(items);
    });
}

// A tree of tasks: each submits two more, until it is deep enough.
template <class Peer> struct Tree {
    static void grow(void *arg)
    {
        const auto height = reinterpret_cast<uintptr_t>(arg);
        if (height == 1)
            return;
        pool->submit(reinterpret_cast<void *>(height - 1));
        pool->submit(reinterpret_cast<void *>(height - 1));
    }

    using Executor = typename Peer::template Executor<grow>;
    static inline Executor *pool = nullptr;
};

unsigned tree_height()
{
    unsigned height = 1;
    while ((2U << height) - 1 <= scaled(10000))
        height++;
    return height;
}

template <class Peer> std::vector<Measure> tree()
{
    const uintptr_t height = tree_height();
    const unsigned tasks = (1U << height) - 1;
    typename Tree<Peer>::Executor executor(workers());
    Tree<Peer>::pool = &executor;
    auto plant = [&] { executor.submit(reinterpret_cast<void *>(height)); };
    executor.run_all(plant, tasks); // the first time, threads are started
    return {{"time", timed([&] { executor.run_all(plant, tasks); }) / tasks}};
}

} // namespace

void add_executor()
{
    const std::string group = "executor: one task";
    each_peer([&]<class Peer>() {
        if constexpr (requires { typename Peer::template Executor<mark>; }) {
            using Executor = typename Peer::template Executor<mark>;
            add_round({group, "one submitter", "", Peer::name}, submit<Peer>);
            if constexpr (!requires { Executor::one_submitter; })
                add_round({group, "tree of tasks that submit tasks", "", Peer::name}, tree<Peer>);
            if constexpr (requires { &Executor::map; })
                add_round({group, "map", "", Peer::name}, map<Peer>);
        }
    });
}

} // namespace bench
