// SPDX-License-Identifier: MIT
// OpenMP's tasks. The thread that makes them is one of the workers.
#ifndef BENCH_OPENMP_HPP
#define BENCH_OPENMP_HPP

#include "task.hpp"

#include <vector>

namespace bench
{

struct OpenMp {
    static constexpr const char *name = "OpenMP";
    static std::string version()
    {
#if defined(__clang__)
        return "libomp, OpenMP " + std::to_string(_OPENMP);
#else
        return "libgomp of GCC " + std::to_string(__GNUC__) + ", OpenMP " + std::to_string(_OPENMP);
#endif
    }

    template <Task task> class Executor
    {
        int workers;

      public:
        explicit Executor(unsigned count) : workers(static_cast<int>(count))
        {
        }
        void submit(void *arg)
        {
#pragma omp task firstprivate(arg)
            task(arg);
        }
        // The end of the single region waits for all tasks.
        template <class Root> void run_all(Root root, unsigned)
        {
#pragma omp parallel num_threads(workers)
#pragma omp single
            root();
        }
        void map(std::vector<void *> &items)
        {
#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp taskloop
            for (void *item : items)
                task(item);
        }
    };

    template <void (*item)(std::size_t)> class Loop
    {
        int workers;

      public:
        explicit Loop(unsigned count) : workers(static_cast<int>(count))
        {
        }
        void run(std::size_t count)
        {
#pragma omp parallel for schedule(static) num_threads(workers)
            for (std::size_t i = 0; i < count; i++)
                item(i);
        }
    };

    class Forks
    {
        int workers;

        static void node(unsigned height)
        {
            if (height == 1)
                return;
#pragma omp task
            node(height - 1);
#pragma omp task
            node(height - 1);
#pragma omp taskwait
        }

      public:
        explicit Forks(unsigned count) : workers(static_cast<int>(count))
        {
        }
        void grow(unsigned height)
        {
#pragma omp parallel num_threads(workers)
#pragma omp single
            node(height);
        }
    };
};

// The same with pieces that shrink, for loops whose items take times that differ.
struct OpenMpGuided {
    static constexpr const char *name = "OpenMP guided";
    static std::string version()
    {
        return OpenMp::version();
    }

    template <void (*item)(std::size_t)> class Loop
    {
        int workers;

      public:
        explicit Loop(unsigned count) : workers(static_cast<int>(count))
        {
        }
        void run(std::size_t count)
        {
#pragma omp parallel for schedule(guided) num_threads(workers)
            for (std::size_t i = 0; i < count; i++)
                item(i);
        }
    };
};

} // namespace bench

#endif
