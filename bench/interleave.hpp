// SPDX-License-Identifier: Apache-2.0
//
// How anything is compared here: in turns. The memory bandwidth of a shared machine jumps between
// levels, so times taken one after the other say nothing about each other. Contenders run in
// rounds, each once a round, and a comparison is the median over rounds of the ratio of neighbours.
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

/// A median, and the 95 % confidence interval of it that the order of the samples gives.
struct estimate {
  double median;
  double low;
  double high;
};

estimate estimate_median(std::vector<double> samples);

/// Of the median: with a wider interval the machine is too busy to judge by it.
inline constexpr double widest_interval = 0.1;
bool is_wide(const estimate& e);

class turns {
 public:
  turns(std::size_t contender_count, std::size_t calls_per_turn);

  /// One round's times, in the contenders' order.
  void add(const std::vector<double>& seconds);

  std::size_t round_count() const { return seconds_.front().size(); }
  std::size_t calls_per_turn() const { return calls_per_turn_; }

  /// Of one call.
  double median_seconds(std::size_t contender) const;
  /// The numerator's time over the denominator's.
  estimate ratio(std::size_t numerator, std::size_t denominator) const;

 private:
  std::vector<std::vector<double>> seconds_;  // by contender, by round, for one call
  std::size_t calls_per_turn_;
};

struct turn_limits {
  double seconds;       // all rounds together, about
  double turn_seconds;  // a turn repeats a short contender until it takes so long
  std::size_t fewest_rounds = 5;
};

/// Every other round goes backwards: a steady drift cancels. What `before_round`
/// does is not timed.
turns take_turns(
    const std::vector<contender>& contenders, const turn_limits& limits,
    const std::function<void()>& before_round = [] {});

}  // namespace bench
