// SPDX-License-Identifier: MIT
// What one thread pays when no other one wants the same.
#include "../bench.hpp"
#include "../cases.hpp"
#include "../peers.hpp"

namespace bench
{

namespace
{

template <class Lock> void lock(benchmark::State &state)
{
    Lock lock;
    for (auto _ : state) {
        lock.acquire();
        lock.release();
    }
}

template <class RLock> void nested(benchmark::State &state)
{
    RLock rlock;
    rlock.acquire();
    for (auto _ : state) {
        rlock.acquire();
        rlock.release();
    }
    rlock.release();
}

template <class Semaphore> void semaphore(benchmark::State &state)
{
    Semaphore semaphore(1);
    for (auto _ : state) {
        semaphore.acquire();
        semaphore.release();
    }
}

template <class RWLock> void read(benchmark::State &state)
{
    RWLock rwlock;
    for (auto _ : state) {
        rwlock.acquire_read();
        rwlock.release_read();
    }
}

template <class Local> void local_get(benchmark::State &state)
{
    static Local local; // peers have some that can be made, but not given back
    local.touch();
    for (auto _ : state)
        benchmark::DoNotOptimize(local.get());
}

template <class Queue> void put_get(benchmark::State &state)
{
    Queue queue;
    int item = 0;
    for (auto _ : state) {
        queue.put(&item);
        benchmark::DoNotOptimize(queue.get());
    }
}

} // namespace

void add_uncontended(const std::string &process)
{
    each_peer([&]<class Peer>() {
        if constexpr (requires { typename Peer::Lock; })
            add_loop({"lock: acquire and release", process, "", Peer::name}, lock<typename Peer::Lock>);
        if constexpr (requires { typename Peer::RLock; }) {
            const std::string group = "rlock: acquire and release";
            add_loop({group, "first level, " + process, "", Peer::name}, lock<typename Peer::RLock>);
            add_loop({group, "nested, " + process, "", Peer::name}, nested<typename Peer::RLock>);
        }
        if constexpr (requires { typename Peer::Semaphore; })
            add_loop({"semaphore: acquire and release", process, "", Peer::name},
                     semaphore<typename Peer::Semaphore>);
        if constexpr (requires { typename Peer::RWLock; })
            add_loop({"rwlock: acquire and release for reading", process, "", Peer::name},
                     read<typename Peer::RWLock>);
        if constexpr (requires { typename Peer::Local; })
            add_loop({"local: get", process, "", Peer::name}, local_get<typename Peer::Local>);
        if constexpr (requires { typename Peer::Queue; })
            add_loop({"queue: put and get by one thread", process, "", Peer::name},
                     put_get<typename Peer::Queue>);
    });
}

} // namespace bench
