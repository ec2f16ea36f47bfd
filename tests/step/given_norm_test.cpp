// SPDX-License-Identifier: Apache-2.0
//
// Steps whose caller gives the norm of the gradients: GRADSTEP_APPLY_GRAD_NORM.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "step/parted_steps.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class given_norm : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, given_norm, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(given_norm, gives_the_bits_of_the_norm_that_is_read) {
  const auto rule = make_rule(GetParam());
  const auto context = make_context(split_options(3));
  auto wanted = make_stored_list(rule.get(), GetParam(), {}, {1000, 300});
  auto got = wanted;
  for (std::uint64_t step = 1; step <= 2; ++step) {
    auto options = apply_options(all_flags & ~GRADSTEP_APPLY_ZERO_GRAD, step);
    options.max_norm = 0.5;
    const auto read = apply_stored(context.get(), rule.get(), wanted, options);
    ASSERT_LT(read.clip_factor, 1);
    options.flags |= GRADSTEP_APPLY_GRAD_NORM;
    options.grad_norm = read.grad_norm;
    const auto given = apply_stored(context.get(), rule.get(), got, options);
    EXPECT_EQ(given.grad_norm, read.grad_norm);
    EXPECT_EQ(given.clip_factor, read.clip_factor);
    EXPECT_EQ(given.piece_count, read.piece_count);
    EXPECT_TRUE(bytes_of(got) == bytes_of(wanted));
  }
}

/// The gradients may be part of a larger model, and are not read.
TEST(given_norms, are_taken_at_their_word) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  auto list = make_stored_list(rule.get(), "sgd", {}, {10});
  list[0].param.narrow(std::vector<double>(10, 3));
  list[0].grad.narrow(std::vector<double>(10, 8));
  auto options = apply_options(GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE |
                               GRADSTEP_APPLY_GRAD_NORM);
  options.max_norm = 1;
  options.grad_norm = 4 - 1e-6;
  auto result = apply_stored(serial_context(), rule.get(), list, options);
  EXPECT_EQ(result.clip_factor, 0.25);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(list[0].param.widen(i), 1);
  const auto before = bytes_of(list);
  for (const double norm : {1.0, infinite, nan_value, -nan_value}) {
    options.grad_norm = norm;
    options.non_finite_count = 3;
    result = apply_stored(serial_context(), rule.get(), list, options);
    EXPECT_EQ(result.is_skipped, 1);
    EXPECT_EQ(result.non_finite_count, 3U);
    EXPECT_TRUE(bytes_of(list) == before);
  }
}

TEST(given_norms, are_reported_even_if_nothing_needs_them) {
  const auto rule = make_rule("sgd");
  auto list = make_stored_list(rule.get(), "sgd", {}, {10});
  auto options = apply_options(GRADSTEP_APPLY_GRAD_NORM);
  options.grad_norm = 7;
  const auto result = apply_stored(serial_context(), rule.get(), list, options);
  EXPECT_EQ(result.grad_norm, 7);
  EXPECT_EQ(result.clip_factor, 1);
}

TEST(given_norms, that_are_impossible_are_refused) {
  const auto rule = make_rule("sgd");
  auto list = make_stored_list(rule.get(), "sgd", {}, {10});
  const auto before = bytes_of(list);
  const tensor_list_view view(list);
  for (const double norm : {-1.0, nan_value, infinite, -infinite}) {
    auto options = apply_options(GRADSTEP_APPLY_GRAD_NORM);
    options.grad_norm = norm;
    expect_failure(
        gradstep_apply(serial_context(), rule.get(), view.tensors.data(), 1, &options, nullptr),
        GRADSTEP_OUT_OF_RANGE, {"options.grad_norm", "non_finite_count = 0"});
    expect_failure(gradstep_apply_part(serial_context(), rule.get(), view.tensors.data(), 1,
                                       &options, 0, 1, nullptr),
                   GRADSTEP_OUT_OF_RANGE, {"options.grad_norm"});
    options.flags = 0;  // then the field does not count
    expect_ok(
        gradstep_apply(serial_context(), rule.get(), view.tensors.data(), 0, &options, nullptr));
  }
  EXPECT_TRUE(bytes_of(list) == before);
}

TEST(given_norms, belong_to_no_optimizer) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_GRAD_NORM;
  gradstep_optimizer* made = nullptr;
  expect_failure(gradstep_optimizer_create(serial_context(), &options, &made),
                 GRADSTEP_INVALID_ARGUMENT, {"options.flags = 0x200"});
  EXPECT_EQ(made, nullptr);
}

}  // namespace
}  // namespace gradstep_test
