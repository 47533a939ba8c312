// SPDX-License-Identifier: MIT
#include "results.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace report
{

namespace
{

using Fields = std::vector<std::string>;

Fields split(const std::string &line)
{
    Fields fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, '\t');)
        fields.push_back(field);
    return fields;
}

template <class T> void add_once(std::vector<T> &list, const T &value)
{
    if (std::find(list.begin(), list.end(), value) == list.end())
        list.push_back(value);
}

void add_fact(std::vector<std::pair<std::string, std::string>> &facts, const Fields &fields)
{
    const std::string value = fields.size() > 2 ? fields[2] : "";
    for (const auto &fact : facts)
        if (fact.first == fields[1])
            return; // the first program's will do
    facts.emplace_back(fields[1], value);
}

Table &table_for(Results &results, const std::string &group, const std::string &variant,
                 const std::string &measure)
{
    for (Table &table : results.tables)
        if (table.group == group && table.variant == variant && table.measure == measure)
            return table;
    results.tables.push_back({group, variant, measure, {}, {}, {}});
    return results.tables.back();
}

// Fields: "result", group, variant, x, peer, measure, value.
void add_result(Results &results, const Fields &fields)
{
    const bool by_number = !fields[3].empty();
    const std::string &peer = fields[4];
    const bool failed = fields[5] == "error";
    Table &table = table_for(results, fields[1], by_number ? fields[2] : "", failed ? "time" : fields[5]);
    const std::string &column = by_number ? fields[3] : fields[2];
    add_once(table.columns, column);
    add_once(table.peers, peer);
    Cell &cell = table.cells[{peer, column}];
    if (failed)
        cell.error = fields[6];
    else
        cell.repeats.push_back(std::stod(fields[6]));
}

std::string scaled(double value, double step, const std::vector<std::string> &units)
{
    size_t unit = 0;
    while (std::fabs(value) >= step && unit + 1 < units.size()) {
        value /= step;
        unit++;
    }
    return rounded(value) + " " + units[unit];
}

bool is_spin_lock(const std::string &peer)
{
    return peer.size() > 5 && peer.compare(peer.size() - 5, 5, " spin") == 0;
}

// The fastest of those that a column has and that are wanted, or empty.
template <class Wanted> std::string fastest(const Table &table, const std::string &column, Wanted wanted)
{
    std::string best;
    for (const std::string &peer : table.peers)
        if (wanted(peer) && table.has(peer, column) &&
            (best.empty() || table.median(peer, column) < table.median(best, column)))
            best = peer;
    return best;
}

} // namespace

const Cell *Table::cell(const std::string &peer, const std::string &column) const
{
    auto found = cells.find({peer, column});
    return found == cells.end() ? nullptr : &found->second;
}

bool Table::has(const std::string &peer, const std::string &column) const
{
    const Cell *found = cell(peer, column);
    return found != nullptr && !found->repeats.empty();
}

double Table::median(const std::string &peer, const std::string &column) const
{
    std::vector<double> sorted = cell(peer, column)->repeats;
    std::sort(sorted.begin(), sorted.end());
    const size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::string Table::fastest_peer(const std::string &column) const
{
    return fastest(*this, column, [](const std::string &peer) { return !is_own(peer); });
}

std::string Table::fastest_without_spin_locks(const std::string &column) const
{
    return fastest(*this, column,
                   [](const std::string &peer) { return !is_own(peer) && !is_spin_lock(peer); });
}

double Table::ratio(const std::string &peer, const std::string &other, const std::string &column) const
{
    if (other.empty() || median(other, column) <= 0)
        return 0;
    return median(peer, column) / median(other, column);
}

double Table::ratio(const std::string &peer, const std::string &column) const
{
    return ratio(peer, fastest_peer(column), column);
}

size_t Results::place(const std::string &peer) const
{
    size_t place = 0;
    while (place < peers.size() && peers[place].first != peer)
        place++;
    return place;
}

std::string Table::slug() const
{
    std::string text = group.substr(0, group.find(',')) + " " + variant + " " + measure;
    std::string slug;
    for (const unsigned char letter : text)
        if (std::isalnum(letter))
            slug += static_cast<char>(std::tolower(letter));
        else if (!slug.empty() && slug.back() != '-')
            slug += '-';
    return slug;
}

bool is_own(const std::string &peer)
{
    return peer.rfind("threading", 0) == 0;
}

bool read(const std::string &file, Results &results)
{
    std::ifstream lines(file);
    if (!lines)
        return false;
    for (std::string line; std::getline(lines, line);) {
        const Fields fields = split(line);
        if (fields.size() >= 7 && fields[0] == "result")
            add_result(results, fields);
        else if (fields.size() >= 2 && fields[0] == "machine")
            add_fact(results.machine, fields);
        else if (fields.size() >= 2 && fields[0] == "peer")
            add_fact(results.peers, fields);
    }
    for (Table &table : results.tables) // they came in a random order
        std::sort(table.peers.begin(), table.peers.end(), [&](const std::string &a, const std::string &b) {
            return results.place(a) < results.place(b);
        });
    return true;
}

std::string rounded(double value)
{
    char text[32];
    const int digits = value == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
    std::snprintf(text, sizeof text, "%.*f", std::clamp(3 - digits, 0, 2), value);
    return text;
}

std::string with_unit(double value, const std::string &measure)
{
    if (measure == "memory")
        return scaled(value, 1024, {"B", "KiB", "MiB", "GiB"});
    return scaled(value, 1000, {"ns", "µs", "ms", "s"});
}

} // namespace report
