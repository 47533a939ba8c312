// SPDX-License-Identifier: MIT
#include "bench.hpp"
#include "machine.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>

namespace bench
{

namespace
{

struct Entry {
    Name name;
    std::function<void(benchmark::State &)> function;
    bool is_round;
};

std::vector<Entry> &entries()
{
    static std::vector<Entry> all;
    return all;
}

// The peers of a batch are compared with each other.
std::string batch_of(const Name &name)
{
    return name.group + "/" + name.variant + "/" + name.x;
}

std::string joined(const Name &name)
{
    return batch_of(name) + "/" + name.peer;
}

struct Options {
    std::string results = "results.tsv";
    double load = 1;
} options;

// Writes each repetition of a benchmark as soon as all of them are done, so that a run that was cut short has
// something to show.
class Reporter : public benchmark::BenchmarkReporter
{
    std::ofstream &file;
    std::map<std::string, Name> names;

    void write(const Name &name, const std::string &measure, const std::string &value)
    {
        file << "result\t" << name.group << '\t' << name.variant << '\t' << name.x << '\t' << name.peer
             << '\t' << measure << '\t' << value << '\n';
    }

    void write(const Name &name, const Run &run)
    {
        if (run.error_occurred)
            write(name, "error", run.error_message);
        else
            write(name, "time", std::to_string(time_of(run))); // first, so that its table is the first
        for (const auto &[measure, counter] : run.counters)
            if (measure != "time")
                write(name, measure, std::to_string(counter.value));
    }

    static double time_of(const Run &run)
    {
        auto counter = run.counters.find("time");
        return counter == run.counters.end() ? run.GetAdjustedRealTime() : counter->second.value;
    }

    static void show(const std::string &name, const std::vector<Run> &runs)
    {
        if (runs.front().error_occurred) {
            std::printf("%-60s %s\n", name.c_str(), runs.front().error_message.c_str());
            return;
        }
        std::vector<double> times;
        for (const Run &run : runs)
            times.push_back(time_of(run));
        std::sort(times.begin(), times.end());
        std::printf("%-60s %14.1f ns  (%.1f to %.1f)\n", name.c_str(), times[times.size() / 2], times.front(),
                    times.back());
        std::fflush(stdout);
    }

  public:
    explicit Reporter(std::ofstream &results) : file(results)
    {
        for (const Entry &entry : entries())
            names[joined(entry.name)] = entry.name;
    }

    bool ReportContext(const Context &) override
    {
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        std::vector<Run> repetitions;
        for (const Run &run : runs)
            if (run.run_type == Run::RT_Iteration)
                repetitions.push_back(run);
        if (repetitions.empty())
            return;
        const std::string &name = repetitions.front().run_name.function_name;
        for (const Run &run : repetitions)
            write(names.at(name), run);
        file.flush();
        show(name, repetitions);
    }
};

// Takes our own options out of what Google Benchmark left.
bool parse(int argc, char **argv)
{
    for (int at = 1; at < argc; at++) {
        const std::string arg = argv[at];
        if (arg.rfind("--results=", 0) == 0)
            options.results = arg.substr(10);
        else if (arg.rfind("--load=", 0) == 0)
            options.load = std::stod(arg.substr(7));
        else {
            std::cerr << "unknown option " << arg << "; known are --results=FILE, --load=NUMBER and --help\n";
            return false;
        }
    }
    return true;
}

bool is_wanted(const Entry &entry)
{
    const std::string filter = benchmark::GetBenchmarkFilter();
    return filter.empty() || filter == "all" || std::regex_search(joined(entry.name), std::regex(filter));
}

// Gives how many are registered.
size_t register_batch(const std::string &batch)
{
    size_t count = 0;
    for (const Entry &entry : entries()) {
        if (batch_of(entry.name) != batch || !is_wanted(entry))
            continue;
        auto *registered = benchmark::RegisterBenchmark(joined(entry.name).c_str(), entry.function);
        if (entry.is_round)
            registered->Iterations(1)->UseManualTime();
        else
            registered->UseRealTime();
        count++;
    }
    return count;
}

std::vector<std::string> batches()
{
    std::vector<std::string> found;
    for (const Entry &entry : entries())
        if (std::find(found.begin(), found.end(), batch_of(entry.name)) == found.end())
            found.push_back(batch_of(entry.name));
    return found;
}

} // namespace

void add_loop(Name name, std::function<void(benchmark::State &)> loop)
{
    auto guarded = [loop](benchmark::State &state) {
        try {
            loop(state);
        } catch (const std::exception &error) {
            state.SkipWithError(error.what());
        }
    };
    entries().push_back({std::move(name), guarded, false});
}

void add_round(Name name, std::function<std::vector<Measure>()> round)
{
    auto once = [round](benchmark::State &state) {
        for (auto _ : state) {
            try {
                const auto measures = round();
                state.SetIterationTime(measures.front().value * 1e-9);
                for (const Measure &measure : measures)
                    state.counters[measure.name] = measure.value;
            } catch (const std::exception &error) {
                state.SkipWithError(error.what());
                break;
            }
        }
    };
    entries().push_back({std::move(name), once, true});
}

unsigned scaled(unsigned usual)
{
    return std::max(1U, static_cast<unsigned>(usual * options.load));
}

double load()
{
    return options.load;
}

int run(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (!parse(argc, argv))
        return 2;
    std::ofstream results(options.results);
    if (!results) {
        std::cerr << "cannot write " << options.results << '\n';
        return 2;
    }
    write_machine(results);
    Reporter reporter(results);
    for (const std::string &batch : batches()) {
        benchmark::ClearRegisteredBenchmarks();
        if (register_batch(batch) > 0)
            benchmark::RunSpecifiedBenchmarks(&reporter, ".");
    }
    benchmark::Shutdown();
    return results.good() ? 0 : 1;
}

} // namespace bench
