/* SPDX-License-Identifier: MIT */
/*
 * As many busy threads as can really run at once, in a container too.
 *
 *     with ThreadPoolExecutor(max_workers=os.process_cpu_count()) as pool:
 *         pool.map(search, range(os.process_cpu_count()))
 *
 * The machine may have 64 processors, `taskset` or a cpuset may leave the process 8 of them, and the container's
 * quota (`docker run --cpus 1.5`) the time of one and a half: then two threads use all that there is. 64 would use
 * it up in the first milliseconds of each tenth of a second, and all of them stand still for the rest.
 *
 * Compare the last line with `taskset -c 0`, with THREADING_CPU_COUNT=3, and in a container.
 */
#include <stdatomic.h>

#include "example.h"

#if !defined(_WIN32)
#include <unistd.h>
#endif

static atomic_bool stop;

static size_t cores_of_the_machine(void)
{
#if defined(_WIN32)
    return GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
#else
    return (size_t)sysconf(_SC_NPROCESSORS_ONLN);
#endif
}

static void *search(void *unused)
{
    volatile unsigned x = 0; /* volatile, or the compiler would leave the work out */
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        x = x ^ 1;
    return unused;
}

/* How much processor time there was to each second. */
static double measure(double seconds)
{
    double began = threading_monotonic(), used = cpu_seconds();
    pause_for(seconds);
    return (cpu_seconds() - used) / (threading_monotonic() - began);
}

int main(int argc, char **argv)
{
    size_t threads = threading_available_parallelism();
    threading_executor_t *pool = threading_executor_new(0, NULL); /* as many workers as that */
    example_begin(argc, argv);
    if (pool == NULL)
        return 1;
    printf("the machine has %d cores\n", (int)cores_of_the_machine());
    printf("this process may use %d\n", (int)threading_cpu_count());
    printf("so many threads can run at once: %d\n", (int)threads);
    for (size_t i = 0; i < threads; i++)
        THREADING_MUST(threading_executor_submit(pool, search, NULL, NULL));
    printf("%d threads: about %.2f x 100 %%\n", (int)threads, measure(2));
    atomic_store(&stop, true);
    THREADING_MUST(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    return 0;
}
