// SPDX-License-Identifier: Apache-2.0
//
// Defects that other libraries' optimizers have had.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

class known_defects_of_rules : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, known_defects_of_rules, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

TEST_P(known_defects_of_rules, every_element_is_stored_at_multiples_of_the_vector_width) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    for (const std::size_t count : {4U, 8U, 16U, 32U, 64U, 128U, 256U}) {
      auto target = v.make(count);
      target.param.multiply(1e-3);  // so that small changes show
      const auto before = target.param;
      apply_one(serial_context(), v.rule.get(), target, at_step(1));
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_NE(target.param.bits(i), before.bits(i)) << "element " << i << " of " << count;
      }
    }
  });
}

/// A rule that sums steps a tensor of up to 65536 elements in one piece.
TEST_P(known_defects_of_rules, one_long_tensor_is_split) {
  const auto rule = make_rule(GetParam());
  const auto context = make_context(split_options(2));
  auto target = make_parameter(GetParam(), rule.get(), 65536 + std::size_t{64}, {});
  EXPECT_GT(apply_one(context.get(), rule.get(), target, at_step(1)), 1U);
}

TEST(known_defects, adam_beta_powers_are_exact_at_step_ten) {
  for (const char* name : {"adam", "adamw"}) {
    if (!has_rule(name)) continue;
    const auto rule = make_rule(name, {{"weight_decay", 0}, {"eps", 1e-30}, {"lr", 1}});
    auto target = make_parameter(name, rule.get(), 9, {});
    target.param.fill(0);
    target.grad.fill(1);
    apply_one(serial_context(), rule.get(), target, at_step(10));
    const double c1 = 1 - std::pow(0.9, 10);
    const double c2 = 1 - std::pow(0.999, 10);
    const double wanted = -(1 - 0.9) / c1 / std::sqrt((1 - 0.999) / c2);
    EXPECT_NEAR(target.param.get(8), wanted, 4e-7 * std::abs(wanted));
  }
}

TEST(known_defects, adam_one_minus_beta2_is_rounded_once) {
  for (const char* name : {"adam", "adamw"}) {
    if (!has_rule(name)) continue;
    const auto rule = make_rule(name);
    auto target = make_parameter(name, rule.get(), 9, {});
    target.grad.fill(1);
    apply_one(serial_context(), rule.get(), target, at_step(1));
    EXPECT_EQ(target.slots[1]->get(8), static_cast<float>(1 - 0.999));
  }
}

TEST(known_defects, adagrad_decay_reaches_the_numerator) {
  if (!has_rule("adagrad")) GTEST_SKIP() << "the library has no adagrad";
  const auto rule = make_rule("adagrad", {{"weight_decay", 1}, {"lr", 0.5}});
  auto target = make_parameter("adagrad", rule.get(), 9, {});
  target.param.fill(2);
  target.grad.fill(-1);
  apply_one(serial_context(), rule.get(), target, at_step(1));  // g = -1 + 2 = 1
  EXPECT_EQ(target.slots[0]->get(8), 1);
  EXPECT_EQ(target.param.get(8), 1.5);
}

TEST(known_defects, learning_rate_keeps_its_precision) {
  if (!has_rule("sgd")) GTEST_SKIP() << "the library has no sgd";
  const auto rule = make_rule("sgd", {{"lr", 1e-3}});
  for (const dtypes types : same_dtypes) {
    auto target = make_parameter("sgd", rule.get(), 9, types);
    target.param.fill(0);
    target.grad.fill(1);
    apply_one(serial_context(), rule.get(), target, at_step(1));
    const double wanted = types.param == GRADSTEP_FLOAT32 ? static_cast<float>(1e-3) : 1e-3;
    EXPECT_EQ(target.param.get(8), -wanted);
  }
}

TEST(known_defects, centered_rmsprop_under_a_constant_gradient) {
  if (!has_rule("rmsprop")) GTEST_SKIP() << "the library has no rmsprop";
  for (const double eps_inside : {0.0, 1.0}) {
    const auto rule = make_rule(
        "rmsprop", {{"centered", 1}, {"alpha", 0.9}, {"eps", 1e-30}, {"eps_inside", eps_inside}});
    for (const dtypes types : same_dtypes) {
      auto target = make_parameter("rmsprop", rule.get(), 200, types);
      for (std::uint64_t step = 1; step <= 1000; ++step) {
        apply_one(serial_context(), rule.get(), target, at_step(step));
      }
      EXPECT_FALSE(target.has_nan()) << to_text(types);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
