// SPDX-License-Identifier: Apache-2.0
//
// Comparisons in turns. The memory bandwidth of a shared machine jumps between levels, so times
// that were taken far apart cannot be compared. Here contenders run in rounds, each once a round. A
// comparison is a median over rounds: of the ratio of two times of the same round.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

struct contender {
  std::string name;
  std::function<void()> run;
};

/// A median and its 95 % confidence interval, from order statistics.
struct estimate {
  double median;
  double low;
  double high;
};

estimate estimate_median(std::vector<double> samples);

/// As a fraction of the median. A wider interval is no ground for a judgement: the machine is busy.
inline constexpr double widest_interval = 0.1;
bool is_wide(const estimate& e);

class turns {
 public:
  explicit turns(std::size_t contender_count) : seconds_(contender_count) {}

  /// Adds one round's times of one call, in the contenders' order.
  void add(const std::vector<double>& seconds);

  std::size_t round_count() const { return seconds_.front().size(); }
  /// Of one call, round by round.
  const std::vector<double>& seconds(std::size_t contender) const { return seconds_[contender]; }
  /// The median time of one call.
  double median_seconds(std::size_t contender) const;
  /// The numerator's time / the denominator's time.
  estimate ratio(std::size_t numerator, std::size_t denominator) const;

 private:
  std::vector<std::vector<double>> seconds_;  // [contender][round]
};

struct turn_limits {
  double seconds;       // of all rounds together, about
  double turn_seconds;  // a turn repeats a contender until it takes about this long
  std::size_t fewest_rounds = 5;
};

/// Runs the contenders in rounds. Every other round goes backwards, so that a steady drift cancels.
/// before_round() is not timed.
turns take_turns(
    const std::vector<contender>& contenders, const turn_limits& limits,
    const std::function<void()>& before_round = [] {});

}  // namespace bench
