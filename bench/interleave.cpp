// SPDX-License-Identifier: Apache-2.0
#include "interleave.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

double seconds_of(const contender& c, std::size_t calls) {
  const auto begin = clock::now();
  for (std::size_t i = 0; i < calls; ++i) c.run();
  return std::chrono::duration<double>(clock::now() - begin).count();
}

/// For each contender, the number of calls that makes its turn long enough. Warms it up.
std::vector<std::size_t> choose_calls(const std::vector<contender>& contenders,
                                      double turn_seconds) {
  constexpr std::size_t most = std::size_t{1} << 24;
  std::vector<std::size_t> calls;
  for (const contender& c : contenders) {
    std::size_t n = 1;
    while (seconds_of(c, n) < turn_seconds && n < most) n *= 2;
    calls.push_back(n);
  }
  return calls;
}

/// A contender whose turn has many calls is called once before they are timed: what ran before it
/// may have taken its place in the caches.
double seconds_of_turn(const contender& c, std::size_t calls) {
  if (calls > 1) c.run();
  return seconds_of(c, calls) / static_cast<double>(calls);
}

std::vector<double> take_round(const std::vector<contender>& contenders,
                               const std::vector<std::size_t>& calls, bool backwards) {
  std::vector<double> seconds(contenders.size());
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const std::size_t turn = backwards ? contenders.size() - 1 - i : i;
    seconds[turn] = seconds_of_turn(contenders[turn], calls[turn]);
  }
  return seconds;
}

}  // namespace

estimate estimate_median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const std::size_t n = samples.size();
  const double spread = 0.98 * std::sqrt(static_cast<double>(n));  // of the median's rank
  const double middle = static_cast<double>(n) / 2;
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(middle - spread)));
  const auto high = std::min(n - 1, static_cast<std::size_t>(std::ceil(middle + spread)));
  return {(samples[(n - 1) / 2] + samples[n / 2]) / 2, samples[low], samples[high]};
}

bool is_wide(const estimate& e) { return !(e.high - e.low <= widest_interval * e.median); }

void turns::add(const std::vector<double>& seconds) {
  for (std::size_t i = 0; i < seconds_.size(); ++i) {
    seconds_[i].push_back(seconds[i]);
  }
}

double turns::median_seconds(std::size_t contender) const {
  return estimate_median(seconds_[contender]).median;
}

estimate turns::ratio(std::size_t numerator, std::size_t denominator) const {
  std::vector<double> ratios(round_count());
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    ratios[i] = seconds_[numerator][i] / seconds_[denominator][i];
  }
  return estimate_median(ratios);
}

turns take_turns(const std::vector<contender>& contenders, const turn_limits& limits,
                 const std::function<void()>& before_round) {
  turns result(contenders.size());
  const std::vector<std::size_t> calls = choose_calls(contenders, limits.turn_seconds);
  const auto begin = clock::now();
  const auto spent = [&] { return std::chrono::duration<double>(clock::now() - begin).count(); };
  for (std::size_t round = 0; round < limits.fewest_rounds || spent() < limits.seconds; ++round) {
    before_round();
    result.add(take_round(contenders, calls, round % 2 == 1));
  }
  return result;
}

}  // namespace bench
