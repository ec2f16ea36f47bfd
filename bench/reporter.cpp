// SPDX-License-Identifier: Apache-2.0
#include "reporter.hpp"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <sstream>

#include "interleave.hpp"

namespace bench {
namespace {

/// "step/adamw/float32/64M/threads:2/isa:avx512" into its parts, without "threads:" and "isa:".
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, '/');) {
    parts.push_back(part.substr(part.find(':') + 1));
  }
  parts.resize(6);
  return parts;
}

/// The counter with that many decimals; "-" if the row does not have it.
std::string cell(const row& r, const char* counter, int decimals) {
  if (!r.has(counter)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, r.counters.at(counter));
  return text;
}

/// The ratio to the first rival that has no column of its own, such as "1.041 flat".
std::string other_cell(const row& r) {
  const std::string prefix = "over_", interval = "_low";
  for (const auto& counter : r.counters) {
    const std::string& name = counter.first;
    if (name.compare(0, prefix.size(), prefix) != 0 || !r.has(name + interval)) continue;
    if (name == "over_careful" || name == "over_scalar") continue;
    return cell(r, name.c_str(), 3) + " " + name.substr(prefix.size());
  }
  return "-";
}

bool is_unsteady(const row& r) {
  const std::string name = "percent_of_roof";
  return r.has(name) && is_wide({r.counters.at(name), r.counters.at(name + "_low"),
                                 r.counters.at(name + "_high")});
}

constexpr const char* table_notes = R"(
n counts elements. The last columns: the step's time over that of the careful loop, of the scalar
loop, and of another: the same elements as one tensor (flat), the same without the option (plain),
the same work in separate passes, other dtypes, or, for the optimizer's step, one gradstep_apply for
each of its groups (apply). A missing dtype is that of the arithmetic.

)";

constexpr const char* line_format = "%-23s %-24s %10s %7s %-8s %10s %6s %9s %8s %7s  %s\n";

std::string format_line(const std::vector<std::string>& p, const std::vector<std::string>& cells) {
  char text[256];
  std::snprintf(text, sizeof text, line_format, p[1].c_str(), p[2].c_str(), p[3].c_str(),
                p[4].c_str(), p[5].c_str(), cells[0].c_str(), cells[1].c_str(), cells[2].c_str(),
                cells[3].c_str(), cells[4].c_str(), cells[5].c_str());
  return text;
}

std::string format_row(const row& r) {
  return format_line(parts_of(r.name), {cell(r, "ns_per_element", 4), cell(r, "gb_per_second", 1),
                                        cell(r, "percent_of_roof", 1), cell(r, "over_careful", 3),
                                        cell(r, "over_scalar", 3), other_cell(r)});
}

/// Why a run failed; empty: it did not. Google Benchmark 1.8 has renamed the fields.
template <class Run>
std::string failure_of(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    return run.error_occurred ? run.error_message : "";
  } else {
    return static_cast<int>(run.skipped) != 0 ? run.skip_message : "";
  }
}

}  // namespace

bool table_reporter::ReportContext(const Context&) {
  std::ostream& out = GetOutputStream();
  for (const auto& [key, value] : machine_.context) out << key << ": " << value << "\n";
  out << table_notes
      << format_line({"", "rule", "dtype", "n", "threads", "isa"},
                     {"ns/element", "GB/s", "% of roof", "/careful", "/scalar", "/other"})
      << std::flush;
  return true;
}

void table_reporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    row r{run.run_name.function_name, {}};
    if (const std::string failure = failure_of(run); !failure.empty()) {
      GetOutputStream() << r.name << ": " << failure << std::endl;
      continue;
    }
    for (const auto& [name, counter] : run.counters) r.counters[name] = counter.value;
    GetOutputStream() << format_row(r) << std::flush;
    rows_.push_back(std::move(r));
  }
}

bool brief_reporter::ReportContext(const Context&) { return true; }

void brief_reporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration || !failure_of(run).empty()) continue;
    row r{run.run_name.function_name, {}};
    for (const auto& [name, counter] : run.counters) r.counters[name] = counter.value;
    const std::vector<std::string> p = parts_of(r.name);
    GetOutputStream() << p[1] << " on " << p[3] << " elements of " << p[2] << ", " << p[4]
                      << (p[4] == "1" ? " thread, " : " threads, ") << p[5] << ": "
                      << cell(r, "ns_per_element", 3) << " ns an element, "
                      << cell(r, "gb_per_second", 0) << " GB/s, " << cell(r, "percent_of_roof", 0)
                      << " % of the roof"
                      << (is_unsteady(r) ? " (unsteady: the machine is busy)" : "") << std::endl;
  }
}

void json_reporter::ReportRuns(const std::vector<Run>& runs) {
  std::vector<Run> tidied = runs;
  for (Run& run : tidied) {
    run.run_name.iterations.clear();
    run.run_name.time_type.clear();
    run.cpu_accumulated_time = 0;
  }
  JSONReporter::ReportRuns(tidied);
}

}  // namespace bench
