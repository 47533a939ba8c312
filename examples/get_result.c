/* SPDX-License-Identifier: MIT */
/*
 * What a thread's function gave, in two ways.
 *
 *     class MyThread(threading.Thread):
 *         def run(self): self.res = self.func(*self.args)
 *         def getResult(self): return self.res
 *
 * First as in Python, by hand: `run` keeps the result in the object. Then the short way: a target returns
 * a pointer, and threading_thread_result() gives it once the thread has ended.
 */
#include "example.h"

struct my_thread {
    const char *name;
    long (*func)(long n);
    long arg;
    long res;
    threading_thread_t *thread;
};

static void *run(void *arg)
{
    struct my_thread *self = arg;
    printf("starting %s at: %s\n", self->name, ctime_now().text);
    self->res = self->func(self->arg);
    printf("%s finished at: %s\n", self->name, ctime_now().text);
    return NULL;
}

/* Join first: only then is the result sure to be there. */
static long get_result(const struct my_thread *self)
{
    THREADING_MUST(threading_thread_join(self->thread));
    return self->res;
}

static long factorial(long n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

static long sum(long n)
{
    return n < 1 ? 0 : n + sum(n - 1);
}

static void by_hand(void)
{
    struct my_thread threads[] = {{"factorial", factorial, 12, 0, NULL}, {"sum", sum, 100, 0, NULL}};
    for (int i = 0; i < 2; i++) {
        threads[i].thread = THREADING_MUST_SPAWN(run, &threads[i], .name = threads[i].name);
    }
    for (int i = 0; i < 2; i++) {
        printf("%s(%ld) = %ld\n", threads[i].name, threads[i].arg, get_result(&threads[i]));
        threading_thread_free(threads[i].thread);
    }
}

static void *double_it(void *arg)
{
    long *number = arg;
    *number *= 2;
    return number;
}

static void by_return(void)
{
    long number = 21;
    void *result;
    threading_thread_t *thread = THREADING_MUST_SPAWN(double_it, &number);
    THREADING_MUST(threading_thread_join(thread));
    THREADING_MUST(threading_thread_result(thread, &result));
    printf("double_it returned %ld\n", *(long *)result);
    threading_thread_free(thread);
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    by_hand();
    by_return();
    return 0;
}
