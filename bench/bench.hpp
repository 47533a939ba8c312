// SPDX-License-Identifier: MIT
// The list of what is measured, and the run through it.
#ifndef BENCH_BENCH_HPP
#define BENCH_BENCH_HPP

#include <benchmark/benchmark.h>
#include <functional>
#include <string>
#include <vector>

namespace bench
{

// What the results are sorted by: a group is a heading, a peer is a row; the column is `x` where that is not
// empty, and then each variant is a table of its own, else the variant.
struct Name {
    std::string group;
    std::string variant;
    std::string x;
    std::string peer;
};

// One number of one repetition. Nanoseconds, but "memory" is bytes.
struct Measure {
    std::string name;
    double value;
};

// A short operation: the function loops over the state, and Google Benchmark chooses how often.
void add_loop(Name name, std::function<void(benchmark::State &)> loop);

// A longer play with several threads, once in each repetition. The first measure is "time".
void add_round(Name name, std::function<std::vector<Measure>()> round);

// How much of the usual work a round shall do; less in a quick run. At least 1.
unsigned scaled(unsigned usual);

// The option --load=…, 1 unless given.
double load();

// Runs all that was added: one case after the other, and of each the peers' repetitions in a random order, so
// that whatever else the machine does meets all of them alike. Returns main's result.
int run(int argc, char **argv);

} // namespace bench

#endif
