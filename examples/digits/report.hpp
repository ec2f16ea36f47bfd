// SPDX-License-Identifier: Apache-2.0
//
// The results of the trainings: tables, notes, and the CSV file of losses.
#ifndef GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP
#define GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "methods.hpp"
#include "training.hpp"

namespace digits {

/// A training and its result.
struct outcome {
  std::string name;  ///< of the method or the precision, whichever differs
  method how;
  training_result result;
};

/// Prints a row per outcome. "update" is a step's time in the library, "B/param" the bytes that are
/// kept per parameter, "of average" the accuracy of the averaged weights.
inline void print_table(const std::vector<outcome>& outcomes, const char* what_differs,
                        bool has_averages) {
  std::size_t name_width = std::strlen(what_differs);
  std::size_t settings_width = 8;
  for (const outcome& o : outcomes) {
    name_width = std::max(name_width, o.name.size());
    settings_width = std::max(settings_width, describe_settings(o.how).size());
  }
  const auto names = static_cast<int>(name_width);
  const auto settings = static_cast<int>(settings_width);
  std::printf("%-*s  %-*s  training loss  test accuracy%s  update, us  B/param\n", names,
              what_differs, settings, "settings", has_averages ? "  of average" : "");
  for (const outcome& o : outcomes) {
    const training_result& r = o.result;
    std::printf("%-*s  %-*s  %13.6f  %11.2f %%", names, o.name.c_str(), settings,
                describe_settings(o.how).c_str(), r.losses.back(), 100 * r.accuracy);
    if (has_averages) std::printf("  %8.2f %%", 100 * r.average_accuracy);
    std::printf("  %10.2f  %7.2f\n", 1e6 * r.update_seconds, r.bytes_per_param);
  }
}

/// Prints what clipping and the loss scale did: a line per outcome that used one of them.
inline void print_notes(const std::vector<outcome>& outcomes, bool has_clipping) {
  for (const outcome& o : outcomes) {
    const training_result& r = o.result;
    if (!has_clipping && !r.loss_scale) continue;
    std::printf("%s: of %llu steps", o.name.c_str(), static_cast<unsigned long long>(r.batches));
    if (has_clipping) std::printf(" %llu clipped", static_cast<unsigned long long>(r.clipped));
    if (r.loss_scale) {
      std::printf("%s %llu skipped; loss scale %g at the end", has_clipping ? "," : "",
                  static_cast<unsigned long long>(r.skipped), *r.loss_scale);
    }
    std::printf("\n");
  }
}

/// Names on standard error the trainings that diverged.
inline void warn_of_divergence(const std::vector<outcome>& outcomes) {
  for (const outcome& o : outcomes) {
    for (std::size_t epoch = 0; epoch < o.result.losses.size(); ++epoch) {
      if (std::isfinite(o.result.losses[epoch])) continue;
      std::fprintf(stderr, "train_digits: %s diverged in epoch %zu; try a lower lr\n",
                   o.name.c_str(), static_cast<std::size_t>(o.result.first_epoch) + epoch);
      break;
    }
  }
}

inline std::string losses_header(const std::vector<outcome>& outcomes) {
  std::string header = "epoch";
  for (const outcome& o : outcomes) header += "," + o.name;
  return header;
}

/// For a resumed run: the file's rows before the first epoch of these outcomes. None if the file
/// is of other trainings.
inline std::vector<std::string> earlier_rows(const std::string& path,
                                             const std::vector<outcome>& outcomes) {
  std::vector<std::string> rows;
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line != losses_header(outcomes)) return rows;
  while (rows.size() < outcomes.front().result.first_epoch && std::getline(file, line)) {
    if (line.rfind(std::to_string(rows.size()) + ",", 0) != 0) break;
    rows.push_back(line);
  }
  return rows;
}

/// Writes the losses on the training part: a row per epoch, a column per outcome. The rows of
/// `earlier` come first.
inline void write_losses(std::ostream& csv, const std::vector<outcome>& outcomes,
                         const std::vector<std::string>& earlier) {
  csv << losses_header(outcomes) << '\n';
  for (const std::string& row : earlier) csv << row << '\n';
  for (std::size_t epoch = 0; epoch < outcomes.front().result.losses.size(); ++epoch) {
    csv << outcomes.front().result.first_epoch + epoch;
    for (const outcome& o : outcomes) csv << ',' << o.result.losses[epoch];
    csv << '\n';
  }
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP
