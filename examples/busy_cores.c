/* SPDX-License-Identifier: MIT */
/*
 * One busy loop for each processor: here they really run at the same time.
 *
 *     for i in range(multiprocessing.cpu_count()):
 *         t = threading.Thread(target=loop)
 *         t.start()
 *
 * Look at the last line: four loops in Python used 102 % of four processors; this uses them all, as long as
 * nothing else on the machine wants them.
 */
#include <stdatomic.h>

#include "example.h"

static atomic_bool stop;

static void *loop(void *unused)
{
    volatile unsigned x = 0; /* volatile, or the compiler would leave the work out */
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        x = x ^ 1;
    return NULL;
}

static threading_thread_t *start_loop(void)
{
    threading_thread_t *thread = THREADING_MUST_SPAWN(loop, NULL, .daemon = true);
    return thread;
}

/* How much processor time there was to each second. */
static double measure(double seconds)
{
    double began = threading_monotonic(), used = cpu_seconds();
    pause_for(seconds);
    return (cpu_seconds() - used) / (threading_monotonic() - began);
}

static void stop_all(threading_thread_t **threads, size_t count)
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < count; i++) {
        THREADING_MUST(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
    }
}

int main(int argc, char **argv)
{
    size_t cores = threading_cpu_count();
    threading_thread_t **threads = calloc(cores, sizeof *threads);
    example_begin(argc, argv);
    if (threads == NULL)
        return 1;
    for (size_t i = 0; i < cores; i++)
        threads[i] = start_loop();
    printf("%d cores: about %.2f x 100 %%\n", (int)cores, measure(2));
    stop_all(threads, cores);
    free(threads);
    return 0;
}
