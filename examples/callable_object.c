/* SPDX-License-Identifier: MIT */
/*
 * A callable object as the target: a struct that carries a function and its arguments.
 *
 *     t = threading.Thread(target=ThreadFunc(loop, (i, loops[i]), loop.__name__))
 *
 * Look at call(): it is Python's __call__. The library passes one pointer, so one such function lets a
 * thread run any function with any arguments.
 */
#include "example.h"

enum { NLOOPS = 2 };

struct thread_func {
    const char *name;
    void (*func)(int nloop, int nsec);
    int nloop;
    int nsec;
};

static void *call(void *arg)
{
    const struct thread_func *self = arg;
    self->func(self->nloop, self->nsec);
    return NULL;
}

static void loop(int nloop, int nsec)
{
    printf("start loop %d at: %s\n", nloop, ctime_now().text);
    pause_for(nsec);
    printf("loop %d done at: %s\n", nloop, ctime_now().text);
}

int main(int argc, char **argv)
{
    struct thread_func funcs[NLOOPS] = {{"loop", loop, 0, 4}, {"loop", loop, 1, 2}};
    threading_thread_t *threads[NLOOPS];
    example_begin(argc, argv);
    printf("starting at: %s\n", ctime_now().text);
    for (int i = 0; i < NLOOPS; i++) {
        threads[i] = THREADING_MUST_SPAWN(call, &funcs[i], .name = funcs[i].name);
    }
    for (int i = 0; i < NLOOPS; i++) {
        THREADING_MUST(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
    }
    printf("all done at: %s\n", ctime_now().text);
    return 0;
}
