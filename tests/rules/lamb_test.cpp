// SPDX-License-Identifier: Apache-2.0
//
// What follows from LAMB's formula: the sizes of its steps, and where it is adam.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 70;
constexpr dtypes wide = {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64};

double norm_of_difference(const number_array& a, const number_array& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(a.get(i) - b.get(i), 2);
  return std::sqrt(sum);
}
double norm(const number_array& a) {
  number_array zero(a.dtype(), a.size());
  zero.fill(0);
  return norm_of_difference(a, zero);
}

TEST(lamb, without_decay_is_adam) {
  const auto lamb = make_rule("lamb", {{"lr", 0.01}, {"weight_decay", 0}});
  const auto adam = make_rule("adam", {{"lr", 0.01}, {"eps", 1e-6}});
  auto target = make_parameter("lamb", lamb.get(), count, wide);
  auto wanted = make_parameter("adam", adam.get(), count, wide);
  run_steps(serial_context(), lamb.get(), target, 6);
  run_steps(serial_context(), adam.get(), wanted, 6);
  for (std::size_t i = 0; i < count; ++i) {
    // The rate is rounded in another order.
    EXPECT_NEAR(target.param.get(i), wanted.param.get(i), 1e-16) << i;
    EXPECT_EQ(target.slots[0]->bits(i), wanted.slots[0]->bits(i)) << i;
    EXPECT_EQ(target.slots[1]->bits(i), wanted.slots[1]->bits(i)) << i;
  }
}

/// |p' - p| = lr |p| for each tensor by itself, whatever the gradients' size.
TEST(lamb, step_of_each_tensor_has_the_norm_lr_times_its_params) {
  for (const option_values& options : {option_values{{"weight_decay", 0.1}},
                                       option_values{{"weight_decay", 0}, {"always_adapt", 1}}}) {
    auto values = options;
    values.emplace_back("lr", 0.125);
    const auto rule = make_rule("lamb", values);
    std::vector<parameter> list = {make_parameter("lamb", rule.get(), count, wide),
                                   make_parameter("lamb", rule.get(), 20'000, wide),
                                   make_parameter("lamb", rule.get(), 1, wide)};
    list[1].param.multiply(1e-3);
    list[1].grad.multiply(1e5);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      const auto before = list;
      apply_together(serial_context(), rule.get(), list, at_step(step));
      for (std::size_t i = 0; i < list.size(); ++i) {
        const double size = norm_of_difference(list[i].param, before[i].param);
        EXPECT_NEAR(size / norm(before[i].param), 0.125, 1e-12) << "tensor " << i;
      }
    }
  }
}

/// One step of one tensor.
parameter stepped(const gradstep_rule* rule, double param, double grad) {
  auto target = make_parameter("lamb", rule, count, wide);
  target.param.fill(param);
  target.grad.fill(grad);
  apply_one(serial_context(), rule, target, at_step(1));
  return target;
}

TEST(lamb, does_not_scale_where_a_norm_is_zero) {
  const auto lamb = make_rule("lamb", {{"lr", 0.5}, {"eps", 1e-30}});
  EXPECT_NEAR(stepped(lamb.get(), 0, 3).param.get(0), -0.5, 1e-15);  // adam's first step
  EXPECT_EQ(stepped(lamb.get(), 0, 0).param.get(0), 0);
  const auto without_decay = make_rule("lamb", {{"weight_decay", 0}, {"always_adapt", 1}});
  EXPECT_EQ(stepped(without_decay.get(), 2, 0).param.get(0), 2);
}

/// u = weight_decay p then, so the step is lr |p| / |p| p.
TEST(lamb, zero_gradients_leave_the_decay_scaled_to_lr) {
  const auto lamb = make_rule("lamb", {{"lr", 0.125}, {"weight_decay", 1e-3}});
  EXPECT_NEAR(stepped(lamb.get(), 2, 0).param.get(0), 2 * (1 - 0.125), 1e-15);
}

TEST(lamb, without_grad_averaging_sums_gradients) {
  const auto lamb = make_rule("lamb", {{"grad_averaging", 0}, {"beta1", 0.5}});
  auto target = stepped(lamb.get(), 1, 3);
  EXPECT_EQ(target.slots[0]->get(0), 3);
  apply_one(serial_context(), lamb.get(), target, at_step(2));
  EXPECT_EQ(target.slots[0]->get(0), 4.5);
}

TEST(lamb, matrices_are_as_flat_tensors) {
  const auto lamb = make_rule("lamb");
  auto flat = make_parameter("lamb", lamb.get(), 20'000, {});
  auto matrices = make_parameter("lamb", lamb.get(), 20'000, {}, 0, {50, 40});
  run_steps(serial_context(), lamb.get(), flat);
  run_steps(serial_context(), lamb.get(), matrices);
  expect_same_bits(matrices.snapshot(), flat.snapshot());
}

}  // namespace
}  // namespace gradstep_test
