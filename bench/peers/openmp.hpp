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
};

} // namespace bench

#endif
