// SPDX-License-Identifier: MIT
#include "output.hpp"

namespace report
{

namespace
{

void write_facts(std::ostream &out, const char *heading,
                 const std::vector<std::pair<std::string, std::string>> &facts)
{
    out << "| " << heading << " | |\n|---|---|\n";
    for (const auto &[what, value] : facts)
        out << "| " << what << " | " << value << " |\n";
    out << '\n';
}

// What a row of the summary is about; the group without what follows its comma.
std::string full_name(const Table &table, const std::string &column)
{
    return table.group.substr(0, table.group.find(',')) + " | " +
           (table.by_number() ? table.variant + ": " + column : column) +
           (table.measure == "time" ? "" : ", " + table.measure);
}

void write_summary_row(std::ostream &out, const Table &table, const std::string &column)
{
    const std::string fastest = table.fastest_peer(column);
    out << "| " << full_name(table, column) << " | "
        << with_unit(table.median("threading", column), table.measure) << " | "
        << with_unit(table.median(fastest, column), table.measure) << " | " << fastest << " | "
        << rounded(table.ratio("threading", column)) << " | "
        << rounded(table.ratio("threading", table.fastest_without_spin_locks(column), column)) << " |\n";
}

bool can_be_compared(const Table &table, const std::string &column)
{
    return table.has("threading", column) && table.ratio("threading", column) > 0;
}

void write_count(std::ostream &out, const Results &results)
{
    unsigned all = 0;
    unsigned faster = 0;
    for (const Table &table : results.tables)
        for (const std::string &column : table.columns)
            if (table.measure == "time" && can_be_compared(table, column)) {
                all++;
                faster += table.ratio("threading", column) < 1;
            }
    out << "In " << faster << " of " << all << " timings threading was faster than the fastest peer, in "
        << all - faster << " it was not.\n\n";
}

void write_summary(std::ostream &out, const Results &results)
{
    out << "## threading and the fastest peer\n\n";
    write_count(out, results);
    out << "![A case or two of each kind, beside the peers](overview.svg)\n\n"
           "Spin locks burn the processor instead of sleeping, so there is a ratio without them too.\n\n"
           "| | | threading | fastest peer | which | ratio | ratio without spin locks |\n"
           "|---|---|---:|---:|---|---:|---:|\n";
    for (const Table &table : results.tables)
        for (const std::string &column : table.columns)
            if (can_be_compared(table, column))
                write_summary_row(out, table, column);
    out << '\n';
}

bool is_best(const Table &table, const std::string &peer, const std::string &column)
{
    for (const std::string &other : table.peers)
        if (table.has(other, column) && table.median(other, column) < table.median(peer, column))
            return false;
    return true;
}

std::string text_of(const Table &table, const std::string &peer, const std::string &column)
{
    if (!table.has(peer, column)) {
        const Cell *cell = table.cell(peer, column);
        return cell != nullptr ? cell->error : "–";
    }
    const std::string mark = is_best(table, peer, column) ? "**" : "";
    const double ratio = table.ratio(peer, column);
    return mark + with_unit(table.median(peer, column), table.measure) + mark +
           (ratio > 0 ? " (" + rounded(ratio) + ")" : "");
}

void write_table(std::ostream &out, const Table &table)
{
    if (table.by_number())
        out << "### " << table.variant << ": " << table.measure << "\n\n";
    out << "![](" << table.slug() << ".svg)\n\n| |";
    for (const std::string &column : table.columns)
        out << ' ' << column << " |";
    out << "\n|---|";
    for (size_t i = 0; i < table.columns.size(); i++)
        out << "---:|";
    out << '\n';
    for (const std::string &peer : table.peers) {
        out << "| " << peer << " |";
        for (const std::string &column : table.columns)
            out << ' ' << text_of(table, peer, column) << " |";
        out << '\n';
    }
    out << '\n';
}

} // namespace

void write_markdown(std::ostream &out, const Results &results)
{
    out << "# Benchmarks\n\n"
           "Made by `tools/bench`; [benchmarking.md](../benchmarking.md) says what is measured and how. All figures are\n"
           "medians; [results.json](results.json) has every repetition. The number in brackets is the ratio to the\n"
           "fastest peer, which is the fastest that is not this library: below 1 is better. The best is bold.\n\n";
    write_facts(out, "Machine", results.machine);
    write_facts(out, "Version", results.peers);
    write_summary(out, results);
    std::string group;
    for (const Table &table : results.tables) {
        if (table.group != group)
            out << "## " << table.group << "\n\n";
        group = table.group;
        write_table(out, table);
    }
}

} // namespace report
