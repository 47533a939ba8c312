// SPDX-License-Identifier: MIT
#include "output.hpp"

#include <cstdio>

namespace report
{

namespace
{

std::string quoted(const std::string &text)
{
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\')
            result += '\\';
        if (static_cast<unsigned char>(letter) >= ' ')
            result += letter;
    }
    return result + "\"";
}

std::string number(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void write_facts(std::ostream &out, const char *name,
                 const std::vector<std::pair<std::string, std::string>> &facts)
{
    out << "  " << quoted(name) << ": {";
    const char *before = "\n";
    for (const auto &[what, value] : facts) {
        out << before << "    " << quoted(what) << ": " << quoted(value);
        before = ",\n";
    }
    out << "\n  },\n";
}

void write_numbers(std::ostream &out, const Table &table, const std::string &peer, const std::string &column)
{
    out << ", \"median\": " << number(table.median(peer, column))
        << ", \"ratio_to_fastest_peer\": " << number(table.ratio(peer, column)) << ", \"repeats\": [";
    const char *before = "";
    for (const double value : table.cell(peer, column)->repeats) {
        out << before << number(value);
        before = ", ";
    }
    out << "]";
}

void write_cell(std::ostream &out, const Table &table, const std::string &peer, const std::string &column)
{
    out << "    {\"group\": " << quoted(table.group)
        << ", \"variant\": " << quoted(table.by_number() ? table.variant : column)
        << ", \"number\": " << (table.by_number() ? column : "null") << ", \"peer\": " << quoted(peer)
        << ", \"measure\": " << quoted(table.measure)
        << ", \"unit\": " << (table.measure == "memory" ? "\"B\"" : "\"ns\"");
    if (table.has(peer, column))
        write_numbers(out, table, peer, column);
    else
        out << ", \"error\": " << quoted(table.cell(peer, column)->error);
    out << "}";
}

} // namespace

void write_json(std::ostream &out, const Results &results)
{
    out << "{\n";
    write_facts(out, "machine", results.machine);
    write_facts(out, "versions", results.peers);
    out << "  \"results\": [";
    const char *before = "\n";
    for (const Table &table : results.tables)
        for (const std::string &peer : table.peers)
            for (const std::string &column : table.columns)
                if (table.cell(peer, column) != nullptr) {
                    out << before;
                    write_cell(out, table, peer, column);
                    before = ",\n";
                }
    out << "\n  ]\n}\n";
}

} // namespace report
