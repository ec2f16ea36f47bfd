// SPDX-License-Identifier: Apache-2.0
//
// bfloat16 params with lower halves train as float32 params do.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

class split_params : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, split_params, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(split_params, train_as_float32) {
  for (const auto& values : option_combinations(GetParam())) {
    SCOPED_TRACE(to_text(values));
    const auto rule = make_rule(GetParam(), values);
    for (const auto& isa : available_isas()) {
      const auto context = make_serial_context(isa.c_str());
      const storage split{.param = GRADSTEP_BFLOAT16, .grad = GRADSTEP_BFLOAT16, .is_split = true};
      stored_parameter wanted(rule.get(), GetParam(), {.grad = GRADSTEP_BFLOAT16}, 300);
      stored_parameter target(rule.get(), GetParam(), split, 300);
      for (std::uint64_t step = 1; step <= 50; ++step) {
        for (auto* each : {&wanted, &target}) {
          each->set_gradient(step);
          apply_stored(context.get(), rule.get(), *each, apply_options(0, step));
        }
        expect_same_bits(target.snapshot(), wanted.snapshot());
        if (HasFailure()) return;
      }
    }
  }
}

/// The upper half is the float32 param with its lower 16 bits cut off. A model that runs in
/// bfloat16 reads the upper half alone.
TEST_P(split_params, have_upper_halves_that_are_cut_off) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  const storage split{.param = GRADSTEP_BFLOAT16, .is_split = true};
  stored_parameter target(rule.get(), GetParam(), split, 300);
  run_stored(context.get(), rule.get(), target, 0);
  for (std::size_t i = 0; i < 300; ++i) {
    const auto whole = static_cast<float>(target.param.widen(i));
    const auto upper = target.param.data.read<std::uint16_t>(i);
    ASSERT_EQ(upper, std::bit_cast<std::uint32_t>(whole) >> 16);
  }
}

}  // namespace
}  // namespace gradstep_test
