// SPDX-License-Identifier: MIT
// Plots on a logarithmic scale, since peers differ by factors.
#include "output.hpp"

#include <algorithm>
#include <cmath>

namespace report
{

namespace
{

constexpr double width = 860;
constexpr double left = 130;   // room for names or numbers
constexpr double right = 640;  // where the plot ends and the legend begins
constexpr double row = 18;     // height of a line of text
constexpr double heading = 40; // above the plot

// A peer has the same colour in all plots; this library is black.
std::string colour(const Results &results, const std::string &peer)
{
    static const char *const colours[] = {"#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4",
                                          "#008b8b", "#f032e6", "#808000", "#9a6324", "#469990",
                                          "#000075", "#808080", "#d4a017"};
    if (is_own(peer))
        return peer == "threading" ? "#000" : "#555";
    return colours[results.place(peer) % std::size(colours)];
}

// Where values lie between two powers of ten.
struct Scale {
    double low = 1e300;
    double high = 0;

    explicit Scale(const Table &table)
    {
        for (const std::string &peer : table.peers)
            for (const std::string &column : table.columns)
                if (table.has(peer, column))
                    add(table.median(peer, column));
        if (low > high)
            low = high = 1;
        low = std::floor(std::log10(low));
        high = std::max(std::ceil(std::log10(high)), low + 1);
    }
    void add(double value)
    {
        if (value > 0) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    // 0 at the lower end, 1 at the upper; what is not above 0 has no logarithm and lies at the lower end.
    double place(double value) const
    {
        return value > 0 ? (std::log10(value) - low) / (high - low) : 0;
    }
};

void write_text(std::ostream &out, double x, double y, const char *anchor, const std::string &text,
                const std::string &fill = "#000")
{
    out << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\" fill=\"" << fill
        << "\">" << escaped(text) << "</text>\n";
}

void write_line(std::ostream &out, double x1, double y1, double x2, double y2)
{
    out << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2
        << "\" stroke=\"#ddd\"/>\n";
}

void write_dot(std::ostream &out, double x, double y, const std::string &fill)
{
    out << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"4\" fill=\"" << fill << "\"/>\n";
}

void begin(std::ostream &out, double height, const Table &table)
{
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
        << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    const std::string variant = table.by_number() ? "; " + table.variant : "";
    write_text(out, 10, 20, "start", table.group + variant + ": " + table.measure);
}

// Lines ----------------------------------------------------------------------------------------------------

struct Frame {
    const Table &table;
    Scale scale;
    double bottom;

    double x(size_t column) const
    {
        return left + 10 +
               (right - left - 20) * double(column) / double(std::max<size_t>(1, table.columns.size() - 1));
    }
    double y(double value) const
    {
        return bottom - (bottom - heading) * scale.place(value);
    }
};

void write_axes(std::ostream &out, const Frame &frame)
{
    for (double power = frame.scale.low; power <= frame.scale.high; power++) {
        const double y = frame.y(std::pow(10, power));
        write_line(out, left, y, right, y);
        write_text(out, left - 6, y + 4, "end", with_unit(std::pow(10, power), frame.table.measure));
    }
    for (size_t column = 0; column < frame.table.columns.size(); column++)
        write_text(out, frame.x(column), frame.bottom + row, "middle", frame.table.columns[column]);
}

void write_series(std::ostream &out, const Frame &frame, const std::string &peer, const std::string &stroke)
{
    out << "<polyline fill=\"none\" stroke-width=\"" << (is_own(peer) ? 3 : 1.5) << "\" stroke=\"" << stroke
        << "\" points=\"";
    for (size_t column = 0; column < frame.table.columns.size(); column++)
        if (frame.table.has(peer, frame.table.columns[column]))
            out << frame.x(column) << ',' << frame.y(frame.table.median(peer, frame.table.columns[column]))
                << ' ';
    out << "\"/>\n";
}

void write_lines(std::ostream &out, const Results &results, const Table &table)
{
    const double bottom = heading + row * double(std::max<size_t>(18, table.peers.size()));
    const Frame frame{table, Scale(table), bottom};
    begin(out, bottom + 2 * row, table);
    write_axes(out, frame);
    for (auto peer = table.peers.rbegin(); peer != table.peers.rend(); ++peer) // the first one on top
        write_series(out, frame, *peer, colour(results, *peer));
    double y = heading + row / 2;
    for (const std::string &peer : table.peers) {
        write_text(out, right + 20, y, "start", "— " + peer, colour(results, peer));
        y += row;
    }
    out << "</svg>\n";
}

// Dots -----------------------------------------------------------------------------------------------------

std::vector<std::string> sorted_peers(const Table &table, const std::string &column)
{
    std::vector<std::string> peers;
    for (const std::string &peer : table.peers)
        if (table.has(peer, column))
            peers.push_back(peer);
    std::stable_sort(peers.begin(), peers.end(), [&](const std::string &a, const std::string &b) {
        return table.median(a, column) < table.median(b, column);
    });
    return peers;
}

// A column's panel: the peers, the fastest first. Gives where it ends.
double write_panel(std::ostream &out, const Results &results, const Table &table, const std::string &column,
                   const Scale &scale, double y)
{
    write_text(out, left, y, "start", column, "#555");
    for (const std::string &peer : sorted_peers(table, column)) {
        y += row;
        const double value = table.median(peer, column);
        const double x = left + (right - left) * scale.place(value);
        write_text(out, left - 8, y + 4, "end", peer, is_own(peer) ? "#000" : "#555");
        write_line(out, left, y, right, y);
        write_dot(out, x, y, colour(results, peer));
        write_text(out, right + 20, y + 4, "start",
                   with_unit(value, table.measure) + " (" + rounded(table.ratio(peer, column)) + ")");
    }
    return y + 2 * row;
}

void write_dots(std::ostream &out, const Results &results, const Table &table)
{
    double rows = 0;
    for (const std::string &column : table.columns)
        rows += double(sorted_peers(table, column).size()) + 2;
    const double bottom = heading + row * rows;
    const Scale scale(table);
    begin(out, bottom + 2 * row, table);
    for (double power = scale.low; power <= scale.high; power++) {
        const double x = left + (right - left) * (power - scale.low) / (scale.high - scale.low);
        write_line(out, x, heading, x, bottom);
        write_text(out, x, bottom + row, "middle", with_unit(std::pow(10, power), table.measure));
    }
    double y = heading + row;
    for (const std::string &column : table.columns)
        y = write_panel(out, results, table, column, scale, y);
    out << "</svg>\n";
}

} // namespace

std::string escaped(const std::string &text)
{
    std::string result;
    for (const char letter : text) {
        if (letter == '&')
            result += "&amp;";
        else if (letter == '<')
            result += "&lt;";
        else
            result += letter;
    }
    return result;
}

void write_svg(std::ostream &out, const Results &results, const Table &table)
{
    if (table.by_number())
        write_lines(out, results, table);
    else
        write_dots(out, results, table);
}

} // namespace report
