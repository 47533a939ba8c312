// SPDX-License-Identifier: MIT
// One plot of a case or two of each kind, for pages that have room for no more: wins and losses.
#include "output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace report
{

namespace
{

struct Case {
    const char *label;
    const char *group; // what the group begins with
    const char *variant;
    const char *number; // empty where the columns are variants
    const char *measure;
};

constexpr Case cases[] = {
    {"Lock, free", "lock: acquire", "a second thread lives", "", "time"},
    {"Lock, 4 threads want it", "lock: contended", "50 ns inside and outside", "4", "time"},
    {"… wait, 99.9th percentile", "lock: contended", "50 ns inside and outside", "4",
     "wait, 99.9th percentile"},
    {"RLock, free", "rlock: acquire", "first level, a second thread lives", "", "time"},
    {"RWLock, 8 readers", "rwlock: several", "acquire and release", "8", "time"},
    {"Semaphore, free", "semaphore: acquire", "a second thread lives", "", "time"},
    {"Local, get", "local: get", "a second thread lives", "", "time"},
    {"Event, there and back", "ping-pong", "event (made of a mutex and a condition where there is none)", "",
     "time"},
    {"Condition, there and back", "ping-pong", "condition", "", "time"},
    {"Barrier, 2 threads", "barrier", "one meeting of all", "2", "time"},
    {"Barrier, 8 threads", "barrier", "one meeting of all", "8", "time"},
    {"Queue, 4 threads to 4", "queue: one item", "4 to 4", "", "time"},
    {"Thread, start and join", "thread: start", "one at a time", "", "time"},
    {"Executor, one task", "executor", "one submitter", "", "time"},
    {"Executor, tasks of tasks", "executor", "tree of tasks that submit tasks", "", "time"},
    {"Executor, map", "executor", "map", "", "time"},
};

constexpr double width = 760;
constexpr double left = 214;  // where the plot begins
constexpr double right = 600; // where it ends and the figures begin
constexpr double top = 92;    // above the first row
constexpr double row = 24;

// It has a ground of its own, so that it can be read on any page.
const char *const style =
    "<style>\n"
    "text{font:13px system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif;fill:#1c2430}\n"
    ".ground{fill:#fff;stroke:#d9dfe7}.title{font-size:16px;font-weight:600}.faint{fill:#5b6675;font-size:12px}\n"
    ".line{stroke:#e3e8ee}.one{stroke:#5b6675;stroke-dasharray:3 3}.peer{fill:#8a94a3;fill-opacity:.65}\n"
    ".faster{fill:#0b66c3}.slower{fill:#c2540a}.ratio{font-weight:600}\n"
    "@media (prefers-color-scheme:dark){text{fill:#dfe5ec}.ground{fill:#161b22;stroke:#333c47}\n"
    ".faint{fill:#9aa7b5}.line{stroke:#2a323c}.one{stroke:#9aa7b5}.faster{fill:#63b0ff}.slower{fill:#f0954f}}\n"
    "</style>\n";

const Table *table_of(const Results &results, const Case &wanted)
{
    const bool by_number = *wanted.number != '\0';
    for (const Table &table : results.tables)
        if (table.group.rfind(wanted.group, 0) == 0 && table.measure == wanted.measure &&
            table.variant == (by_number ? wanted.variant : ""))
            return &table;
    return nullptr;
}

// A case that was measured, for this library and at least one peer.
struct Row {
    const char *label;
    const Table *table;
    std::string column;
};

std::vector<Row> rows_of(const Results &results)
{
    std::vector<Row> rows;
    for (const Case &wanted : cases) {
        const Table *table = table_of(results, wanted);
        const std::string column = *wanted.number != '\0' ? wanted.number : wanted.variant;
        if (table != nullptr && table->has("threading", column) && table->ratio("threading", column) > 0)
            rows.push_back({wanted.label, table, column});
    }
    return rows;
}

// Powers of ten around all ratios.
struct Scale {
    double low = 0;
    double high = 0;

    explicit Scale(const std::vector<Row> &rows)
    {
        for (const Row &each : rows)
            for (const std::string &peer : each.table->peers)
                if (each.table->has(peer, each.column))
                    add(each.table->ratio(peer, each.column));
    }
    void add(double ratio)
    {
        low = std::min(low, std::floor(std::log10(ratio)));
        high = std::max(high, std::ceil(std::log10(ratio)));
    }
    double x(double ratio) const
    {
        return left + 8 + (right - left - 24) * (std::log10(ratio) - low) / std::max(1.0, high - low);
    }
};

void write_text(std::ostream &out, double x, double y, const char *anchor, const char *kind,
                const std::string &text)
{
    out << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\" class=\"" << kind
        << "\">" << escaped(text) << "</text>\n";
}

void write_line(std::ostream &out, double x1, double y1, double x2, double y2, const char *kind)
{
    out << "<path d=\"M" << x1 << ' ' << y1 << 'L' << x2 << ' ' << y2 << "\" class=\"" << kind << "\"/>\n";
}

void write_dot(std::ostream &out, double x, double y, double radius, const char *kind)
{
    out << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"" << radius << "\" class=\"" << kind
        << "\"/>\n";
}

void write_grid(std::ostream &out, const Scale &scale, double bottom)
{
    for (double power = scale.low; power <= scale.high; power++) {
        const double x = scale.x(std::pow(10, power));
        write_line(out, x, top - 16, x, bottom, power == 0 ? "one" : "line");
        char text[32];
        std::snprintf(text, sizeof text, "%g ×", std::pow(10, power));
        write_text(out, x, top - 22, "middle", "faint", text);
    }
}

void write_row(std::ostream &out, const Row &each, const Scale &scale, double y)
{
    const double ratio = each.table->ratio("threading", each.column);
    const char *const kind = ratio < 1 ? "faster" : "slower";
    write_line(out, left, y, right, y, "line");
    write_text(out, left - 10, y + 4.5, "end", "", each.label);
    for (const std::string &peer : each.table->peers)
        if (!is_own(peer) && each.table->has(peer, each.column))
            write_dot(out, scale.x(each.table->ratio(peer, each.column)), y, 4, "peer");
    write_dot(out, scale.x(ratio), y, 6.5, kind);
    write_text(out, right + 78, y + 4.5, "end", "",
               with_unit(each.table->median("threading", each.column), each.table->measure));
    write_text(out, width - 20, y + 4.5, "end", (std::string("ratio ") + kind).c_str(), rounded(ratio));
}

std::string machine_of(const Results &results)
{
    std::string text;
    for (const auto &[what, value] : results.machine)
        if (what == "CPU" || what == "Date")
            text += (text.empty() ? "" : ", ") + value;
        else if (what == "Cores")
            text += ", " + value + " cores";
    return text;
}

void write_heading(std::ostream &out)
{
    write_text(out, 20, 32, "start", "title", "Time, as a multiple of the fastest peer's");
    write_dot(out, 30, 48, 6.5, "faster");
    write_text(out, 42, 52.5, "start", "faint", "faster than all peers");
    write_dot(out, 192, 48, 6.5, "slower");
    write_text(out, 204, 52.5, "start", "faint", "slower than the fastest");
    write_dot(out, 370, 48, 4, "peer");
    write_text(out, 380, 52.5, "start", "faint", "a peer");
    write_text(out, right + 78, top - 22, "end", "faint", "time");
    write_text(out, width - 20, top - 22, "end", "faint", "ratio");
}

} // namespace

void write_overview(std::ostream &out, const Results &results)
{
    const std::vector<Row> rows = rows_of(results);
    const Scale scale(rows);
    const double bottom = top + row * double(rows.size()) - 8;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << bottom + 36
        << "\" width=\"" << width << "\" height=\"" << bottom + 36 << "\" role=\"img\">\n"
        << "<title>threading beside its peers</title>\n"
        << style << "<rect x=\".5\" y=\".5\" width=\"" << width - 1 << "\" height=\"" << bottom + 35
        << "\" rx=\"8\" class=\"ground\"/>\n";
    write_heading(out);
    write_grid(out, scale, bottom);
    double y = top;
    for (const Row &each : rows) {
        write_row(out, each, scale, y);
        y += row;
    }
    write_text(out, 20, bottom + 20, "start", "faint",
               "To the left is faster; each line is ten times the one before. " + machine_of(results));
    out << "</svg>\n";
}

} // namespace report
