// SPDX-License-Identifier: Apache-2.0
//
// Two results, row by row: the step's time in B over that in A, with an interval.
//
// A run comes to each row several times, and the median of each visit is one sample. What is
// compared is chosen for each pair of rows:
//
//   over_bytes      if bytes bind: the step's time over the time in which its bytes move, taken in
//                   the same rounds. The speed of memory jumps between runs on shared machines, and
//                   this ratio does not jump with it.
//   over_chain      if arithmetic binds: the step's time over that of a chain of operations, which
//   is
//                   in proportion to cycles. The clock of the CPU may differ between runs.
//   ns_per_element  the time itself, if the CPUs are of two models or a visit lacks the others.
//
// The ratio is the quotient of the geometric means of the visits. Its interval is a two-sided 99 %
// interval of Welch's t test on the logarithms, with two additions:
//
//   Few visits tell little of a row's variance. So it is moderated as by limma (Smyth 2004): it is
//   the mean of the row's own variance, weighted by its degrees of freedom, and the median variance
//   of that file's rows that the same binds, weighted by `prior_degrees`. A row
//   with one visit has the latter alone. If no row of a file has two visits, the rows' own
//   intervals stand for it.
//
//   A machine may be busy during one visit. A visit farther than `farthest_sample` typical standard
//   deviations from the row's median counts as if it lay there.
//
//   Two runs of one program differ by more than visits within a run do: by where memory lies, for
//   one. So each run adds the variance of `between_runs`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

/// Of the intervals of ratios.
inline constexpr double ratio_confidence = 0.99;
/// How many degrees of freedom the median variance of a file counts as.
inline constexpr double prior_degrees = 4;
/// The standard deviation of a row's time between runs of one program, as a fraction of it.
inline constexpr double between_runs = 0.007;
/// An interval that reaches farther than this fraction to each side tells nothing.
inline constexpr double widest_half = 0.08;
/// See above: a visit farther from the median counts as if it lay there.
inline constexpr double farthest_sample = 2.5;
/// Smaller changes are no difference, however certain. In percent.
inline constexpr double default_smallest_percent = 2;

enum class change { none, slower, faster, too_busy };

/// "no difference", "slower", "faster", "too busy"
std::string in_words(change verdict);

/// B's time over A's. Above 1: B is slower.
struct ratio_interval {
  double ratio;
  double low;
  double high;
};

/// slower, faster: the interval excludes 1 and the change is at least the smallest one that counts.
/// too_busy: neither, and the interval is wide.
change judge(const ratio_interval& r, double smallest_percent);

struct row_name {
  std::string name;
  std::string contender;
};

struct compared_row {
  row_name row;
  std::string measure;  ///< over_bytes, over_chain or ns_per_element
  ratio_interval ratio;
  change verdict;
};

struct comparison {
  std::vector<compared_row> rows;  ///< those of both results, in the order of A
  std::vector<row_name> only_a;
  std::vector<row_name> only_b;
};

/// Compares two valid results (result_file.hpp).
comparison compare_results(const nlohmann::json& a, const nlohmann::json& b,
                           double smallest_percent = default_smallest_percent);

/// How many rows have that verdict.
std::size_t count_of(const comparison& c, change verdict);

/// Whether a row is slower by at least that many percent.
bool has_slower_row(const comparison& c, double percent);

}  // namespace bench
