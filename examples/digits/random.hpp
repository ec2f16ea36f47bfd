// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same with every standard library. The standard specifies the engine
// to the bit, but not std::shuffle and the distributions, so these are not used.
#ifndef GRADSTEP_EXAMPLES_DIGITS_RANDOM_HPP
#define GRADSTEP_EXAMPLES_DIGITS_RANDOM_HPP

#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace digits {

/// What random numbers are used for. Each use has its own sequence, independent of the others.
enum class random_use : std::uint32_t { split = 1, weights = 2, batches = 3 };

class random_source {
 public:
  random_source(std::uint64_t seed, random_use use) {
    std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                           static_cast<std::uint32_t>(use)};
    engine_.seed(sequence);
  }

  /// A float in [-1, 1).
  float symmetric() { return static_cast<float>(engine_() >> 40) * 0x1p-23F - 1; }

  /// 0 to count - 1 in random order. Taking the remainder favours no number by more than
  /// count / 2^64.
  std::vector<int> permutation(int count) {
    std::vector<int> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t left = order.size(); left > 1; --left) {
      std::swap(order[left - 1], order[engine_() % left]);
    }
    return order;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_RANDOM_HPP
