/* SPDX-License-Identifier: MIT */
/* Queue, LifoQueue, PriorityQueue: items of any type. */
#include <memory>

#include "cxx_support.h"

using namespace threading;

CASE(items_pass_from_thread_to_thread)
{
    static Queue<std::string> queue(4);
    const int count = is_slow() ? 500 : 5000;
    Thread producer = running([count] {
        for (int i = 0; i < count; i++)
            CHECK_STATUS(queue.put("a text that does not fit into the string itself " + std::to_string(i)),
                         THREADING_OK);
        CHECK_STATUS(queue.shutdown(), THREADING_OK);
    });
    std::string item;
    int got = 0;
    while (queue.get(item) == THREADING_OK) {
        CHECK(item == "a text that does not fit into the string itself " + std::to_string(got));
        got++;
        CHECK_STATUS(queue.task_done(), THREADING_OK);
    }
    CHECK_EQUAL(got, count);
    CHECK_STATUS(queue.join(), THREADING_OK);
    CHECK_STATUS(producer.join(), THREADING_OK);
}

CASE(items_need_only_be_movable)
{
    Queue<std::unique_ptr<int>> queue(1);
    std::unique_ptr<int> item(new int(7)), other(new int(8));
    CHECK_STATUS(queue.put(std::move(item)), THREADING_OK);
    CHECK(item == nullptr);
    CHECK_STATUS(queue.try_get(item), THREADING_OK);
    CHECK(item != nullptr && *item == 7);
    CHECK_STATUS(queue.put(std::move(other)), THREADING_OK);
}

CASE(an_item_that_could_not_be_put_is_still_there)
{
    Queue<std::unique_ptr<int>> queue(1);
    std::unique_ptr<int> first(new int(1)), second(new int(2));
    CHECK_STATUS(queue.put(std::move(first)), THREADING_OK);
    CHECK_STATUS(queue.try_put(std::move(second)), THREADING_FULL);
    CHECK(second != nullptr && *second == 2);
    CHECK_STATUS(queue.put(std::move(second), std::chrono::milliseconds(1)), THREADING_TIMEOUT);
    CHECK(second != nullptr && *second == 2);
    CHECK(queue.full());
    CHECK_STATUS(queue.shutdown(), THREADING_OK);
    CHECK_STATUS(queue.put(std::move(second)), THREADING_SHUTDOWN);
    CHECK(second != nullptr && *second == 2);
}

CASE(a_failed_get_leaves_the_variable)
{
    Queue<std::string> queue;
    std::string item = "as before";
    CHECK_STATUS(queue.try_get(item), THREADING_EMPTY);
    CHECK_STATUS(queue.get(item, 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(queue.shutdown(true), THREADING_OK);
    CHECK_STATUS(queue.get(item), THREADING_SHUTDOWN);
    CHECK_TEXT(item.c_str(), "as before");
    CHECK(queue.empty() && queue.is_shutdown());
}

CASE(dropped_items_are_destroyed)
{
    {
        Queue<Counted> queue, stopped;
        Counted item;
        CHECK_STATUS(queue.put(item), THREADING_OK);
        CHECK_STATUS(queue.try_put(item), THREADING_OK);
        CHECK_STATUS(stopped.put(Counted()), THREADING_OK);
        CHECK_EQUAL(Counted::alive().load(), 4);
        CHECK_STATUS(stopped.shutdown(true), THREADING_OK);
        CHECK_EQUAL(Counted::alive().load(), 3);
        CHECK_STATUS(queue.get(item), THREADING_OK);
        CHECK_EQUAL(Counted::alive().load(), 2);
        CHECK_EQUAL(queue.unfinished(), 2);
    }
    CHECK_EQUAL(Counted::alive().load(), 0);
}

CASE(the_newest_comes_first_of_a_lifo)
{
    LifoQueue<int> queue;
    CHECK_STATUS(queue.put(1), THREADING_OK);
    CHECK_STATUS(queue.put(2), THREADING_OK);
    int item = 0;
    CHECK_STATUS(queue.get(item), THREADING_OK);
    CHECK_EQUAL(item, 2);
}

CASE(the_smallest_comes_first_of_a_priority_queue)
{
    PriorityQueue<std::string> queue;
    PriorityQueue<int, std::greater<int>> greatest;
    for (const char *text : {"pear", "apple", "plum", "apple"})
        CHECK_STATUS(queue.put(text), THREADING_OK);
    std::string all, item;
    while (queue.try_get(item) == THREADING_OK)
        all += item + " ";
    CHECK_TEXT(all.c_str(), "apple apple pear plum ");
    int number = 0;
    for (int i : {3, 9, 5})
        CHECK_STATUS(greatest.put(i), THREADING_OK);
    CHECK_STATUS(greatest.get(number), THREADING_OK);
    CHECK_EQUAL(number, 9);
}
