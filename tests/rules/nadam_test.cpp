// SPDX-License-Identifier: Apache-2.0
//
// What follows from NAdam's formula in special cases.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 70;
constexpr std::uint64_t steps = 6;

/// Without momentum, the step is adam's.
TEST(nadam, without_beta1_has_the_bits_of_adam) {
  const option_values values = {{"lr", 0.01}, {"beta1", 0}, {"weight_decay", 0.1}};
  const auto nadam = make_rule("nadam", values), adam = make_rule("adam", values);
  for (const dtypes types : same_dtypes) {
    auto target = make_parameter("nadam", nadam.get(), count, types);
    auto wanted = make_parameter("adam", adam.get(), count, types);
    run_steps(serial_context(), nadam.get(), target, steps);
    run_steps(serial_context(), adam.get(), wanted, steps);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(target.param.bits(i), wanted.param.bits(i)) << to_text(types) << " element " << i;
    }
  }
}

/// mu_product after `steps` steps.
double product_after_steps(double beta1, double momentum_decay) {
  const auto rule = make_rule("nadam", {{"beta1", beta1}, {"momentum_decay", momentum_decay}});
  auto target = make_parameter("nadam", rule.get(), 3, {});
  run_steps(serial_context(), rule.get(), target, steps);
  return target.scalars.at(0);
}

TEST(nadam, mu_product_is_the_product_of_the_momenta) {
  // 0.96^0 = 1, so every mu is beta1 / 2.
  EXPECT_NEAR(product_after_steps(0.9, 0) / std::pow(0.45, 6), 1, 1e-14);
  double wanted = 1;
  for (std::uint64_t t = 1; t <= steps; ++t) {
    wanted *= 0.9 * (1 - std::pow(0.96, static_cast<double>(t) * 0.5) / 2);
  }
  EXPECT_NEAR(product_after_steps(0.9, 0.5) / wanted, 1, 1e-14);
  // mu soon is beta1.
  EXPECT_NEAR(product_after_steps(0.9, 1e6) / std::pow(0.9, 6), 1, 1e-14);
}

/// With momentum_decay = 0 and a constant gradient the averages are g and g^2 after correction.
TEST(nadam, first_step_of_a_constant_momentum) {
  const auto rule = make_rule("nadam", {{"lr", 0.5}, {"momentum_decay", 0}, {"eps", 1e-30}});
  auto target = make_parameter("nadam", rule.get(), 1, {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64});
  target.param.fill(0);
  target.grad.fill(3);
  apply_one(serial_context(), rule.get(), target, at_step(1));
  // g / sqrt(v / c2) = 1, and m = 0.1 g.
  const double mu = 0.45, of_gradient = (1 - mu) / (1 - mu), of_average = mu / (1 - mu * mu);
  EXPECT_NEAR(target.param.get(0), -0.5 * (of_gradient + of_average * 0.1), 1e-15);
}

TEST(nadam, decay_is_coupled_unless_it_is_decoupled) {
  const double lr = 0.25, weight_decay = 0.5;
  for (const bool is_decoupled : {false, true}) {
    const auto rule = make_rule("nadam", {{"lr", lr},
                                          {"weight_decay", weight_decay},
                                          {"beta1", 0},
                                          {"eps", 1e-30},
                                          {"decoupled_weight_decay", is_decoupled ? 1 : 0}});
    auto target = make_parameter("nadam", rule.get(), 2, {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64});
    target.param.fill(4);
    target.grad.fill(0);
    apply_one(serial_context(), rule.get(), target, at_step(1));
    // Coupled: the gradient is weight_decay p, and its first step is of the size lr.
    const double wanted = is_decoupled ? 4 * (1 - lr * weight_decay) : 4 - lr;
    EXPECT_NEAR(target.param.get(1), wanted, 1e-14);
    EXPECT_EQ(target.slots[0]->get(1), is_decoupled ? 0 : weight_decay * 4);
  }
}

}  // namespace
}  // namespace gradstep_test
