// SPDX-License-Identifier: MIT
#include "machine.hpp"
#include "peers.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sys/utsname.h>
#include <unistd.h>

namespace bench
{

namespace
{

std::string cpu_model()
{
    std::ifstream cpus("/proc/cpuinfo");
    for (std::string line; std::getline(cpus, line);)
        if (line.rfind("model name", 0) == 0)
            return line.substr(line.find(':') + 2);
    return "unknown";
}

std::string memory()
{
    const double bytes = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGESIZE));
    return std::to_string(static_cast<long>(bytes / (1 << 20))) + " MiB";
}

std::string kernel()
{
    utsname names;
    uname(&names);
    return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

// How busy the machine is, the measuring apart: a table from a busy machine must show it.
std::string load_average()
{
    double loads[3] = {};
    char text[64];
    if (getloadavg(loads, 3) != 3)
        return "unknown";
    snprintf(text, sizeof text, "%.2f, %.2f, %.2f", loads[0], loads[1], loads[2]);
    return text;
}

std::string today()
{
    const time_t now = time(nullptr);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%d", gmtime(&now));
    return text;
}

} // namespace

void write_machine(std::ostream &out)
{
    auto fact = [&out](const char *what, const std::string &value) {
        out << "machine\t" << what << '\t' << value << '\n';
    };
    fact("Date", today());
    fact("CPU", cpu_model());
    fact("Cores", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
    fact("Memory", memory());
    fact("Kernel", kernel());
    fact("C library", Posix::version());
    fact("Compiler", BENCH_COMPILER);
    fact("Load average before the run", load_average());
    each_peer([&out]<class Peer>() { out << "peer\t" << Peer::name << '\t' << Peer::version() << '\n'; });
}

} // namespace bench
