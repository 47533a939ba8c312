/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads looks for divisors: all numbers in order, one alone, and all as they are done.
 *
 *     with ThreadPoolExecutor(max_workers=4) as pool:
 *         for number in pool.map(find_divisor, numbers): …
 *         future = pool.submit(find_divisor, number)
 *         for future in as_completed(futures): …
 *
 * Look at the difference: map gives the results in the order of the numbers, whichever was done first;
 * as_completed gives whatever is done next, so a slow number does not hold up the others.
 */
#include "example.h"

enum { COUNT = 5 };

struct number {
    unsigned n;
    unsigned divisor; /* its smallest, but for 1 */
};

static struct number numbers[COUNT] = {{2147483647, 0}, {91, 0}, {2147117569, 0}, {65537, 0}, {1000001, 0}};

/* The task: its argument is one of the numbers, its result is the same number, with its divisor. */
static void *find_divisor(void *arg)
{
    struct number *number = arg;
    unsigned d = 2;
    while (d <= number->n / d && number->n % d != 0)
        d++;
    number->divisor = d <= number->n / d ? d : number->n;
    return number;
}

static void print_number(const struct number *number)
{
    if (number->divisor == number->n)
        printf("%u is a prime\n", number->n);
    else
        printf("%u is %u * %u\n", number->n, number->divisor, number->n / number->divisor);
}

static void all_in_order(threading_executor_t *pool)
{
    void *items[COUNT], *results[COUNT];
    for (int i = 0; i < COUNT; i++)
        items[i] = &numbers[i];
    THREADING_MUST(threading_executor_map(pool, find_divisor, items, COUNT, results));
    printf("in order:\n");
    for (int i = 0; i < COUNT; i++)
        print_number(results[i]);
}

/* A future is what will be the result. Meanwhile one can do something else, such as printing this. */
static void one_alone(threading_executor_t *pool)
{
    struct number year = {2027, 0};
    threading_future_t *future;
    void *result;
    THREADING_MUST(threading_executor_submit(pool, find_divisor, &year, &future));
    printf("one alone:\n");
    THREADING_MUST(threading_future_result(future, &result));
    print_number(result);
    threading_future_free(future);
}

static void all_as_they_are_done(threading_executor_t *pool)
{
    threading_future_t *futures[COUNT], *next;
    void *result;
    for (int i = 0; i < COUNT; i++)
        THREADING_MUST(threading_executor_submit(pool, find_divisor, &numbers[i], &futures[i]));
    printf("as they are done:\n");
    threading_completed_t *completed = threading_as_completed(futures, COUNT, THREADING_FOREVER);
    while (threading_completed_next(completed, &next) == THREADING_OK) {
        THREADING_MUST(threading_future_result(next, &result)); /* it is done: no wait */
        print_number(result);
    }
    threading_completed_free(completed);
    for (int i = 0; i < COUNT; i++)
        threading_future_free(futures[i]);
}

int main(void)
{
    threading_executor_t *pool = threading_executor_new(4, NULL);
    all_in_order(pool);
    one_alone(pool);
    all_as_they_are_done(pool);
    THREADING_MUST(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    return 0;
}
