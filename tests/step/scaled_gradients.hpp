// SPDX-License-Identifier: Apache-2.0
//
// Gradients multiplied by a scale, read from the result of a step of plain descent.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

/// Whole strips and a tail on every instruction set.
inline constexpr std::size_t gradient_count = 163;

/// A step subtracts the scaled gradient from the param.
inline rule_handle plain_descent() { return make_rule("sgd", {{"lr", 1}}); }

/// The scaled gradients: the negated params after one step of plain descent from 0.
inline std::vector<double> scaled_gradients(const gradstep_context* context, dtypes types,
                                            const std::vector<double>& grads,
                                            const gradstep_apply_options& options,
                                            gradstep_apply_result* result = nullptr) {
  const auto rule = plain_descent();
  auto target = make_parameter("sgd", rule.get(), grads.size(), types);
  target.param.fill(0);
  for (std::size_t i = 0; i < grads.size(); ++i) target.grad.set(i, grads[i]);
  const auto view = target.view();
  EXPECT_EQ(gradstep_apply(context, rule.get(), &view.tensor, 1, &options, result), GRADSTEP_OK)
      << gradstep_last_error();
  std::vector<double> scaled;
  for (std::size_t i = 0; i < grads.size(); ++i) scaled.push_back(-target.param.get(i));
  return scaled;
}

inline std::vector<double> random_gradients(double size) {
  std::vector<double> grads;
  for (std::size_t i = 0; i < gradient_count; ++i) {
    grads.push_back(static_cast<float>(size * (2.5 + random_value(5, i))));
  }
  return grads;
}

/// A scale, and a size of gradients whose product with the scale is an ordinary number.
struct scale_case {
  double scale, size;
};
inline constexpr scale_case scales[] = {
    {0x1p-126, 0x1p110}, {0x1p-127, 0x1p110}, {0x1.8p-127, 0x1p120}, {0x1p-130, 0x1p120},
    {1.7e-41, 1e35},     {3e-45, 1e37},       {0x1p-149, 0x1p125},   {1e-60, 1e37},
    {1e39, 1e-30},       {1e60, 1e-30},       {-0x1.8p-140, 1e37},
};

}  // namespace gradstep_test
