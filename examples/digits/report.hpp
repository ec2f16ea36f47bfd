// SPDX-License-Identifier: Apache-2.0
//
// What is printed and written after the training.
#ifndef GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP
#define GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "methods.hpp"
#include "training.hpp"

namespace digits {

/// A method and how it did.
struct outcome {
  method how;
  training_result result;
};

/// A row per method; update is the time that a step spends in the library.
inline void print_table(const std::vector<outcome>& outcomes) {
  std::size_t name_width = 6;
  std::size_t settings_width = 8;
  for (const outcome& o : outcomes) {
    name_width = std::max(name_width, o.how.name.size());
    settings_width = std::max(settings_width, describe_settings(o.how).size());
  }
  const auto names = static_cast<int>(name_width);
  const auto settings = static_cast<int>(settings_width);
  std::printf("%-*s  %-*s  training loss  test accuracy  update, us\n", names, "method", settings,
              "settings");
  for (const outcome& o : outcomes) {
    const training_result& r = o.result;
    std::printf("%-*s  %-*s  %13.6f  %11.2f %%  %10.2f\n", names, o.how.name.c_str(), settings,
                describe_settings(o.how).c_str(), r.losses.back(), 100 * r.accuracy,
                1e6 * r.update_seconds);
  }
}

/// Says on standard error which methods lost their way.
inline void warn_of_divergence(const std::vector<outcome>& outcomes) {
  for (const outcome& o : outcomes) {
    for (std::size_t epoch = 0; epoch < o.result.losses.size(); ++epoch) {
      if (std::isfinite(o.result.losses[epoch])) continue;
      std::fprintf(stderr, "train_digits: %s diverged in epoch %zu; try a lower lr\n",
                   o.how.name.c_str(), epoch);
      break;
    }
  }
}

/// The loss on the training part: a row per epoch from 0, the start; a column per method.
inline void write_losses(std::ostream& csv, const std::vector<outcome>& outcomes) {
  csv << "epoch";
  for (const outcome& o : outcomes) csv << ',' << o.how.name;
  csv << '\n';
  for (std::size_t epoch = 0; epoch < outcomes.front().result.losses.size(); ++epoch) {
    csv << epoch;
    for (const outcome& o : outcomes) csv << ',' << o.result.losses[epoch];
    csv << '\n';
  }
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_REPORT_HPP
