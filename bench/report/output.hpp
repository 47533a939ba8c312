// SPDX-License-Identifier: MIT
#ifndef REPORT_OUTPUT_HPP
#define REPORT_OUTPUT_HPP

#include "results.hpp"

#include <ostream>

namespace report
{

// The page: machine, summary, and all tables with links to their plots.
void write_markdown(std::ostream &out, const Results &results);

// Everything, each repetition too.
void write_json(std::ostream &out, const Results &results);

// One table as a plot: lines where the columns are numbers, else dots.
void write_svg(std::ostream &out, const Results &results, const Table &table);

// A case or two of each kind as one plot.
void write_overview(std::ostream &out, const Results &results);

// Text for a plot.
std::string escaped(const std::string &text);

} // namespace report

#endif
