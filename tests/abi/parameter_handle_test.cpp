// SPDX-License-Identifier: Apache-2.0
//
// The C++ handle of a parameter.
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <vector>

#include "support/plain_steps.hpp"
#include "support/reference_16_bits.hpp"

namespace gradstep_test {
namespace {

TEST(parameter_handle, holds_float16_slots) {
  const gradstep::context context;
  const gradstep::rule adamw("adamw", {{"lr", 0.25}});
  std::vector<gradstep::float16> param(9, {0x3c00}), grad(9, {0x3800});  // 1 and 0.5
  gradstep::parameter<gradstep::float16> weights(adamw, param.data(), grad.data(), 9,
                                                 GRADSTEP_FLOAT16);
  EXPECT_EQ(weights.slot_bytes(), 2U * 2 * 9);
  auto options = at_step(1);
  options.flags = GRADSTEP_APPLY_STOCHASTIC_PARAM;
  weights.step(context, adamw, options);
  EXPECT_EQ(weights.slot_array(0).dtype, GRADSTEP_FLOAT16);
  for (const double m : weights.slot(0)) EXPECT_NEAR(m, 0.05, 0x1p-15);
  for (const double v : weights.slot(1)) EXPECT_NEAR(v, 0.00025, 0x1p-22);
  for (const auto p : param) EXPECT_NEAR(float16_to_float(p.bits), 0.7475, 0x1p-11);
}

}  // namespace
}  // namespace gradstep_test
