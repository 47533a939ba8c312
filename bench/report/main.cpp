// SPDX-License-Identifier: MIT
// Makes the page, the JSON and the plots. Usage: bench_report FOLDER RESULTS…
#include "output.hpp"

#include <fstream>
#include <iostream>

namespace
{

// Writes one file in the folder; false when that fails.
template <class Write> bool write_file(const std::string &folder, const std::string &name, Write write)
{
    std::ofstream out(folder + "/" + name);
    write(out);
    out.close();
    if (!out)
        std::cerr << "cannot write " << folder << '/' << name << '\n';
    return bool(out);
}

bool write_all(const std::string &folder, const report::Results &results)
{
    bool good =
        write_file(folder, "README.md", [&](std::ostream &out) { report::write_markdown(out, results); });
    good &= write_file(folder, "results.json", [&](std::ostream &out) { report::write_json(out, results); });
    good &=
        write_file(folder, "overview.svg", [&](std::ostream &out) { report::write_overview(out, results); });
    for (const report::Table &table : results.tables)
        good &= write_file(folder, table.slug() + ".svg",
                           [&](std::ostream &out) { report::write_svg(out, results, table); });
    return good;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 3) {
        std::cerr << "usage: bench_report FOLDER RESULTS...\n";
        return 2;
    }
    report::Results results;
    for (int at = 2; at < argc; at++)
        if (!report::read(argv[at], results)) {
            std::cerr << "cannot read " << argv[at] << '\n';
            return 2;
        }
    return write_all(argv[1], results) ? 0 : 1;
}
