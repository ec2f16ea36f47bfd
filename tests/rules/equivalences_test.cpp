// SPDX-License-Identifier: Apache-2.0
//
// Options and dtypes that must give the same bits as a change of the gradient: maximize,
// grad_scale, and the gradient's conversion.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

class equivalences : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, equivalences, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(equivalences, maximize_is_the_negated_gradient) {
  if (!has_hyperparameter(GetParam(), "maximize")) GTEST_SKIP() << "the rule has no maximize";
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    auto values = v.values;
    for (auto& [name, value] : values) {
      if (name == "maximize") value = 1 - value;
    }
    const auto opposite_rule = make_rule(v.rule_name, values);
    auto target = v.make(70);
    auto opposite = v.make(70);
    opposite.grad.multiply(-1);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      apply_one(serial_context(), v.rule.get(), target, at_step(step));
      apply_one(serial_context(), opposite_rule.get(), opposite, at_step(step));
    }
    expect_same_bits(target.snapshot(), opposite.snapshot());
  });
}

TEST_P(equivalences, grad_scale_multiplies_the_gradient) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    for (const double scale : {0.0, 1.0, 0.25, -8.0}) {
      auto scaled = v.make(70);
      auto multiplied = v.make(70);
      multiplied.grad.multiply(scale);
      auto options = at_step(1);
      apply_one(serial_context(), v.rule.get(), multiplied, options);
      options.flags = GRADSTEP_APPLY_GRAD_SCALE;
      options.grad_scale = scale;
      apply_one(serial_context(), v.rule.get(), scaled, options);
      expect_same_bits(scaled.snapshot(), multiplied.snapshot());
    }
  });
}

TEST_P(equivalences, gradient_dtypes_convert) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    const std::int32_t other =
        v.types.grad == GRADSTEP_FLOAT32 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    auto converted = make_parameter(v.rule_name, v.rule.get(), 70, {v.types.param, other});
    auto same = v.make(70);
    for (std::size_t i = 0; i < 70; ++i)
      same.grad.set(i, static_cast<float>(converted.grad.get(i)));
    apply_one(serial_context(), v.rule.get(), converted, at_step(1));
    apply_one(serial_context(), v.rule.get(), same, at_step(1));
    expect_same_bits(converted.snapshot(), same.snapshot());
  });
}

}  // namespace
}  // namespace gradstep_test
