// SPDX-License-Identifier: MIT
// What the programs measured, as tables: peers are the rows.
#ifndef REPORT_RESULTS_HPP
#define REPORT_RESULTS_HPP

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace report
{

struct Cell {
    std::vector<double> repeats;
    std::string error; // why there are none
};

struct Table {
    std::string group;
    std::string variant; // empty when the variants are the columns
    std::string measure;
    std::vector<std::string> columns;
    std::vector<std::string> peers;
    std::map<std::pair<std::string, std::string>, Cell> cells; // by peer and column

    // The columns are numbers of something.
    bool by_number() const
    {
        return !variant.empty();
    }
    const Cell *cell(const std::string &peer, const std::string &column) const;
    bool has(const std::string &peer, const std::string &column) const;
    double median(const std::string &peer, const std::string &column) const;

    // The fastest that is not this library, or empty.
    std::string fastest_peer(const std::string &column) const;
    std::string fastest_without_spin_locks(const std::string &column) const;
    // The median, divided by that of another one; 0 when there is no other one.
    double ratio(const std::string &peer, const std::string &other, const std::string &column) const;
    // The same with the fastest peer.
    double ratio(const std::string &peer, const std::string &column) const;

    // A name for a file.
    std::string slug() const;
};

struct Results {
    std::vector<std::pair<std::string, std::string>> machine; // what, value
    std::vector<std::pair<std::string, std::string>> peers;   // name, version
    std::vector<Table> tables;

    // Where a peer stands in the list of peers, which is the order of rows and decides on colours.
    size_t place(const std::string &peer) const;
};

// The rows of this library, which are not peers of themselves.
bool is_own(const std::string &peer);

// Adds what a program wrote; false if the file cannot be read.
bool read(const std::string &file, Results &results);

// "12.3 ns", "4.00 KiB".
std::string with_unit(double value, const std::string &measure);

// Three digits that count.
std::string rounded(double value);

} // namespace report

#endif
