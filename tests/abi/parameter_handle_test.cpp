// SPDX-License-Identifier: Apache-2.0
//
// The C++ handle of a parameter.
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <string>
#include <utility>
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

TEST(parameter_handle, sets_a_delta) {
  const gradstep::context context;
  const gradstep::rule sgd("sgd", {{"lr", 0.5}});
  std::vector<float> param{1, 2}, grad{0.5F, -1}, delta{7, 7};
  gradstep::parameter<float> weights(sgd, param.data(), grad.data(), 2);
  weights.set_delta(delta.data());
  weights.step(context, sgd, 1);
  EXPECT_EQ(delta, (std::vector<float>{-0.25F, 0.5F}));
  EXPECT_EQ(param, (std::vector<float>{1, 2}));
  weights.set_delta(grad.data());
  weights.step(context, sgd, 2);
  EXPECT_EQ(grad, delta);
  std::vector<double> wide(2);
  weights.set_delta(wide.data());
  EXPECT_THROW(weights.step(context, sgd, 3), gradstep::error);
  weights.set_delta(static_cast<float*>(nullptr));
  weights.step(context, sgd, 3);
  EXPECT_EQ(param, (std::vector<float>{1 + 0.125F, 2 - 0.25F}));
}

TEST(parameter_handle, keeps_the_scalars_of_its_tensor) {
  const gradstep::context context;
  const gradstep::rule nadam("nadam", {{"momentum_decay", 0}});
  std::vector<float> param{1, 2}, grad{0.5F, -0.5F};
  gradstep::parameter<float> weights(nadam, param.data(), grad.data(), 2);
  EXPECT_EQ(weights.scalars(), std::vector<double>{1});
  weights.step(context, nadam, 1);
  EXPECT_EQ(weights.scalars(), std::vector<double>{0.45});  // beta1 (1 - 1 / 2)
  gradstep::parameter<float> moved = std::move(weights);
  apply(context, nadam, {moved.tensor()}, 2);
  EXPECT_EQ(moved.scalars(), std::vector<double>{0.45 * 0.45});
}

TEST(parameter_handle, steps_alone_with_scalars_of_all_tensors) {
  const gradstep::context context;
  const gradstep::rule prodigy("prodigy", {{"d0", 0.25}});
  EXPECT_EQ(prodigy.scalar_count(), 3U);
  EXPECT_EQ(prodigy.initial_scalars(GRADSTEP_SCOPE_ALL), (std::vector<double>{0.25, 0.25, 0}));
  EXPECT_TRUE(prodigy.initial_scalars(GRADSTEP_SCOPE_TENSOR).empty());
  std::vector<float> param{1, 2}, grad{0, 0};
  gradstep::parameter<float> weights(prodigy, param.data(), grad.data(), 2);
  EXPECT_EQ(weights.slot(3), (std::vector<double>{1, 2}));  // p0
  EXPECT_EQ(weights.step(context, prodigy, 1).is_stopped, 1);
  grad = {1, 1};
  for (int t = 1; t <= 3; ++t) EXPECT_EQ(weights.step(context, prodigy, t).is_stopped, 0);
  EXPECT_NE(weights.shared_scalars()[2], 0);

  std::vector<double> scalars = weights.shared_scalars();
  auto options = at_step(4);
  options.scalars = scalars.data();
  options.scalar_count = scalars.size();
  weights.step(context, prodigy, options);
  EXPECT_NE(scalars, weights.shared_scalars());
}

TEST(parameter_handle, has_a_shape) {
  const gradstep::context context;
  const gradstep::rule adafactor("adafactor");
  std::vector<float> param(12, 1), grad(12, 1);
  gradstep::parameter<float> weights(adafactor, param.data(), grad.data(), {2, 3, 2});
  EXPECT_EQ(weights.slot_size(0), 4U);  // row_var of two matrices
  EXPECT_EQ(weights.slot_size(1), 6U);  // col_var
  EXPECT_EQ(weights.slot_size(2), 0U);  // variance, for flat tensors
  EXPECT_GT(gradstep::workspace_size(adafactor, {weights.tensor()}), 0U);
  weights.step(context, adafactor, 1);
  EXPECT_EQ(weights.slot(0), std::vector<double>(4, 1));
}

TEST(parameter_handle, steps_in_parts) {
  const gradstep::context context;
  const gradstep::rule sgd("sgd", {{"lr", 1}});
  std::vector<float> param(1000, 3), grad(1000, 1);
  const gradstep::parameter<float> weights(sgd, param.data(), grad.data(), param.size());
  for (std::size_t part = 0; part < 3; ++part) {
    EXPECT_EQ(apply_part(context, sgd, {weights.tensor()}, at_step(1), part, 3).piece_count, 1U);
  }
  EXPECT_EQ(param, std::vector<float>(1000, 2));
  EXPECT_THROW(apply_part(context, sgd, {weights.tensor()}, at_step(1), 3, 3), gradstep::error);
}

TEST(parameter_handle, makes_transforms) {
  const gradstep::context context;
  const gradstep::rule rule("schedule_free_adamw", {{"lr", 0.25}});
  EXPECT_EQ(rule.transforms(), (std::vector<std::string>{"evaluate", "train"}));
  std::vector<double> param{1, 2}, grad{0.5, -0.5};
  gradstep::parameter<double> weights(rule, param.data(), grad.data(), 2);
  for (int t = 1; t <= 2; ++t) weights.step(context, rule, t);
  const std::vector<double> trained = param;
  weights.transform(context, rule, "evaluate");
  EXPECT_NE(param, trained);
  EXPECT_THROW(weights.step(context, rule, 3), gradstep::error);
  transform(context, rule, {weights.tensor()}, "train");
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(param[i], trained[i], 1e-15);
}

}  // namespace
}  // namespace gradstep_test
