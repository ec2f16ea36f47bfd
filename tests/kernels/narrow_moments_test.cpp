// SPDX-License-Identifier: Apache-2.0
//
// Second moments stored in few bits decay as they should: they are rounded at random.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t decay_count = 25'600;
constexpr std::uint64_t decay_steps = 2000;

/// A second moment that starts between `unit` and 2 `unit`.
struct decay {
  std::int32_t dtype;
  double beta2 = 0.999;
  double unit = 1;
};

/// Each element of adam's exp_avg_sq after `decay_steps` zero gradients, relative to its start.
std::vector<double> decayed(const decay& how, std::uint64_t flags) {
  const auto rule = make_rule("adam", {{"beta2", how.beta2}});
  stored_parameter target(rule.get(), "adam", {.slot = how.dtype}, decay_count);
  target.grad.narrow(std::vector<double>(decay_count, 0));
  std::vector<double> start(decay_count);
  for (std::size_t i = 0; i < decay_count; ++i) {
    start[i] = how.unit * (1 + std::abs(random_value(5, i)));
  }
  stored_array& slot = *target.slots[1];
  slot.narrow(start);
  for (std::size_t i = 0; i < decay_count; ++i) start[i] = slot.widen(i);
  for (std::uint64_t step = 1; step <= decay_steps; ++step) {
    apply_stored(serial_context(), rule.get(), target, apply_options(flags, step));
  }
  for (std::size_t i = 0; i < decay_count; ++i) start[i] = slot.widen(i) / start[i];
  return start;
}

/// The tolerances. A step changes a number near 1 by 0.001. Rounding it at random to a multiple of
/// the gap adds a variance of at most 0.001 gap. After 2000 steps an element's relative deviation,
/// and the deviation of the mean of all elements, are below:
///   bfloat16, gap 0.0078:                variance 8e-6 a step, element 0.13, mean 0.0008
///   8 bits, gap 0.125:                   variance 1.3e-4, element 0.5, mean 0.0032
///   float16 denormals, 2^-24 of 2^-18:   gap 0.016, variance 1.5e-5, mean 0.008
/// The tolerance is five times the mean's deviation. Float16's gap near 1 is 0.001; with
/// beta2 = 0.9999 a step changes less than half of it.
TEST(narrow_second_moments, decay_under_zero_gradients) {
  const struct {
    decay how;
    double tolerance;
  } cases[] = {{{GRADSTEP_BFLOAT16}, 0.004},
               {{GRADSTEP_E5M3_B256}, 0.016},
               {{GRADSTEP_FLOAT16}, 0.004},
               {{GRADSTEP_FLOAT16, 0.9999}, 0.004},
               {{GRADSTEP_FLOAT16, 0.999, 0x1p-18}, 0.04}};
  for (const auto& [how, tolerance] : cases) {
    SCOPED_TRACE(dtype_text(how.dtype) + " of " + std::to_string(how.unit));
    const double wanted = std::pow(how.beta2, decay_steps);
    double sum = 0;
    for (const double ratio : decayed(how, 0)) sum += ratio;
    EXPECT_NEAR(sum / decay_count, wanted, tolerance * wanted);
  }
}

/// Moments that are rounded to nearest do not decay: beta2 takes away less than half a gap per
/// step. So slots are rounded at random by default.
TEST(narrow_second_moments, do_not_decay_when_they_are_rounded_to_nearest) {
  for (const decay& how :
       {decay{GRADSTEP_BFLOAT16}, decay{GRADSTEP_E5M3_B256}, decay{GRADSTEP_FLOAT16, 0.9999},
        decay{GRADSTEP_FLOAT16, 0.999, 0x1p-18}}) {
    SCOPED_TRACE(dtype_text(how.dtype) + " of " + std::to_string(how.unit));
    for (const double ratio : decayed(how, GRADSTEP_APPLY_NEAREST_SLOTS)) ASSERT_EQ(ratio, 1);
  }
}

}  // namespace
}  // namespace gradstep_test
