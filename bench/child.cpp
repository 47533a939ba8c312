// SPDX-License-Identifier: MIT
#include "child.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench
{

namespace
{

constexpr unsigned seconds_limit = 120;

// The child's part: lines of "name value", or "! what went wrong".
std::string play(const std::function<std::vector<Measure>()> &function)
{
    std::ostringstream text;
    try {
        for (const Measure &measure : function())
            text << measure.name << ' ' << measure.value << '\n';
    } catch (const std::exception &error) {
        text << "! " << error.what() << '\n';
    }
    return text.str();
}

[[noreturn]] void child(int out, const std::function<std::vector<Measure>()> &function)
{
    alarm(seconds_limit);
    (void)memory_used(); // what reading it takes is taken before it counts
    const std::string text = play(function);
    const bool written = write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1); // not exit(): the parent's files and threads are not this process's
}

std::string all_of(int in)
{
    std::string text;
    char part[4096];
    for (ssize_t got; (got = read(in, part, sizeof part)) > 0;)
        text.append(part, static_cast<size_t>(got));
    return text;
}

std::vector<Measure> parsed(const std::string &text)
{
    if (text.rfind("! ", 0) == 0)
        throw std::runtime_error(text.substr(2, text.size() - 3));
    std::vector<Measure> measures;
    std::istringstream lines(text);
    for (Measure measure; lines >> measure.name >> measure.value;)
        measures.push_back(measure);
    return measures;
}

// The number in kB after a name in one of the files in /proc/self.
double kilobytes(const char *file, const std::string &name)
{
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(name + ":", 0) == 0)
            return std::stod(line.substr(name.size() + 1));
    return 0;
}

} // namespace

std::vector<Measure> in_child(const std::function<std::vector<Measure>()> &function)
{
    int ends[2];
    if (pipe(ends) != 0)
        throw std::runtime_error("pipe failed");
    const pid_t process = fork();
    if (process == 0)
        child(ends[1], function);
    close(ends[1]);
    const std::string text = all_of(ends[0]);
    close(ends[0]);
    int status = 0;
    if (process < 0 || waitpid(process, &status, 0) != process)
        throw std::runtime_error("fork failed");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        throw std::runtime_error("not done after " + std::to_string(seconds_limit) + " s");
    if (status != 0)
        throw std::runtime_error("the process crashed");
    return parsed(text);
}

double memory_used()
{
    return 1024 *
           (kilobytes("/proc/self/smaps_rollup", "Private_Dirty") + kilobytes("/proc/self/status", "VmPTE"));
}

} // namespace bench
