// SPDX-License-Identifier: MIT
// What people write by hand on libraries that lack it: an event and a queue, of a mutex and a condition.
#ifndef BENCH_BUILT_HPP
#define BENCH_BUILT_HPP

#include <deque>

namespace bench
{

template <class Peer> class BuiltEvent
{
    typename Peer::Lock lock;
    typename Peer::Condition condition{lock};
    bool is_set = false;

  public:
    void set()
    {
        lock.acquire();
        is_set = true;
        condition.notify_all();
        lock.release();
    }
    void clear()
    {
        lock.acquire();
        is_set = false;
        lock.release();
    }
    void wait()
    {
        lock.acquire();
        while (!is_set)
            condition.wait();
        lock.release();
    }
};

template <class Peer> class BuiltQueue
{
    typename Peer::Lock lock;
    typename Peer::Condition not_empty{lock};
    std::deque<void *> items;

  public:
    void put(void *item)
    {
        lock.acquire();
        items.push_back(item);
        not_empty.notify_one();
        lock.release();
    }
    void *get()
    {
        lock.acquire();
        while (items.empty())
            not_empty.wait();
        void *item = items.front();
        items.pop_front();
        lock.release();
        return item;
    }
};

} // namespace bench

#endif
