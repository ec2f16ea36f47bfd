// SPDX-License-Identifier: Apache-2.0
//
// Parts of a step: together they have the bits of the step, each writes its own elements alone, and
// wrong arguments change nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "step/gapped_parameter.hpp"
#include "step/mixed_list.hpp"
#include "step/parted_steps.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// Everything that needs no knowledge of all gradients.
constexpr std::uint64_t local_flags =
    all_flags & ~(GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE);

class parts_of : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, parts_of, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(parts_of, a_step_are_the_step_or_refused) {
  const auto rule = make_rule(GetParam(), richest_options(GetParam()));
  const auto whole = make_context(split_options(3));
  const bool is_possible = has_parts(GetParam(), rule.get());
  for (const storage& how : full_storages()) {
    SCOPED_TRACE(to_text(how));
    const auto options = apply_options(how.flags | local_flags, 2);
    const auto start =
        make_stored_list(rule.get(), GetParam(), how, {1, 300, 0, 64, 5000, 63, 512});
    auto wanted = start;
    if (is_possible) apply_stored(whole.get(), rule.get(), wanted, options);
    for (const std::size_t part_count : {1U, 2U, 3U, 7U, 1024U}) {
      auto got = start;
      if (is_possible) {
        apply_in_parts(serial_context(), rule.get(), got, options, part_count);
      } else {
        const tensor_list_view list(got);
        const auto with_scalars = with_scalars_of(got[0], options);
        expect_failure(
            gradstep_apply_part(serial_context(), rule.get(), list.tensors.data(),
                                list.tensors.size(), &with_scalars, 0, part_count, nullptr),
            GRADSTEP_UNSUPPORTED, {GetParam(), "part"});
      }
      EXPECT_TRUE(bytes_of(got) == bytes_of(wanted)) << part_count;
    }
    if (HasFailure()) return;
  }
}

TEST(parts, of_rows_with_gaps) {
  const auto rule = make_rule("adamw");
  stored_parameter wanted(rule.get(), "adamw", {}, 840, 1, 0, {40, 7});
  for (const std::size_t part_count : {2U, 5U}) {
    stored_parameter got = wanted, whole = wanted;
    apply_stored(serial_context(), rule.get(), whole, apply_options(local_flags));
    gapped_parameter gapped("adamw", got);
    const auto view = gapped.view();
    for (std::size_t part = 0; part < part_count; ++part) {
      apply_part(serial_context(), rule.get(), {view.tensor}, apply_options(local_flags), part,
                 part_count);
    }
    gapped.copy_out();
    expect_same_bits(got.snapshot(), whole.snapshot());
    EXPECT_TRUE(gapped.gaps_are_untouched());
  }
}

TEST(parts, run_at_the_same_time) {
  const auto rule = make_rule("adamw");
  auto wanted = make_stored_list(rule.get(), "adamw", {}, {100'000, 33, 0, 70'001, 1, 5});
  auto got = wanted;
  const tensor_list_view list(got);
  constexpr std::size_t thread_count = 4;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    const auto options = apply_options(local_flags & ~GRADSTEP_APPLY_ZERO_GRAD, step);
    apply_stored(serial_context(), rule.get(), wanted, options);
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < thread_count; ++part) {
      threads.emplace_back([&, part] {
        EXPECT_EQ(
            apply_part(serial_context(), rule.get(), list.tensors, options, part, thread_count)
                .piece_count,
            1U);
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(bytes_of(got) == bytes_of(wanted));
  }
}

/// The params that the part changes are one run. Together the runs are the list.
TEST(parts, are_of_almost_the_same_size) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  constexpr std::size_t part_count = 5, total = 30'000 + 90 + 9'910;
  std::size_t all = 0;
  for (std::size_t part = 0; part < part_count; ++part) {
    auto list = make_stored_list(rule.get(), "sgd", {}, {30'000, 90, 9'910});
    std::vector<double> before;
    for (auto& each : list) {
      each.grad.narrow(std::vector<double>(each.size(), 1e3));
      for (std::size_t i = 0; i < each.size(); ++i) before.push_back(each.param.widen(i));
    }
    apply_part(serial_context(), rule.get(), tensor_list_view(list).tensors, apply_options(0), part,
               part_count);
    std::size_t place = 0, first = total, last = 0, changed = 0;
    for (auto& each : list) {
      for (std::size_t i = 0; i < each.size(); ++i, ++place) {
        if (each.param.widen(i) == before[place]) continue;
        first = std::min(first, place);
        last = place;
        ++changed;
      }
    }
    EXPECT_EQ(changed, last - first + 1);
    EXPECT_NEAR(static_cast<double>(changed), static_cast<double>(total) / part_count, 64);
    EXPECT_EQ(first, all);
    all += changed;
  }
  EXPECT_EQ(all, total);
}

TEST(parts, may_be_empty) {
  const auto rule = make_rule("sgd");
  auto list = make_stored_list(rule.get(), "sgd", {}, {10});
  const auto results = apply_in_parts(serial_context(), rule.get(), list, apply_options(0), 3);
  EXPECT_EQ(results[0].piece_count + results[1].piece_count + results[2].piece_count, 1U);
  std::vector<stored_parameter> none;
  EXPECT_EQ(apply_in_parts(serial_context(), rule.get(), none, apply_options(0), 2)[1].piece_count,
            0U);
}

TEST(parts, of_a_clipped_step_get_its_norm) {
  const auto rule = make_rule("adamw");
  auto wanted = make_stored_list(rule.get(), "adamw", {}, {1000, 300});
  auto got = wanted;
  auto options = apply_options(all_flags);
  options.max_norm = 0.5;
  const auto whole = apply_stored(serial_context(), rule.get(), wanted, options);
  ASSERT_LT(whole.clip_factor, 1);
  options.flags |= GRADSTEP_APPLY_GRAD_NORM;
  options.grad_norm = whole.grad_norm;
  for (const auto& result : apply_in_parts(serial_context(), rule.get(), got, options, 4)) {
    EXPECT_EQ(result.grad_norm, whole.grad_norm);
    EXPECT_EQ(result.clip_factor, whole.clip_factor);
    EXPECT_EQ(result.is_skipped, 0);
  }
  EXPECT_TRUE(bytes_of(got) == bytes_of(wanted));
}

TEST(parts, of_a_skipped_step_zero_their_own_gradients) {
  const auto rule = make_rule("adamw");
  auto start = make_stored_list(rule.get(), "adamw", {}, {1000, 300});
  for (auto& each : start) each.grad.narrow(std::vector<double>(each.size(), 1));
  for (const bool zeroes : {false, true}) {
    auto list = start;
    auto options = apply_options(GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_GRAD_NORM |
                                 (zeroes ? GRADSTEP_APPLY_ZERO_GRAD : 0));
    options.grad_norm = nan_value;
    options.non_finite_count = 2;
    const auto result =
        apply_part(serial_context(), rule.get(), tensor_list_view(list).tensors, options, 1, 2);
    EXPECT_EQ(result.is_skipped, 1);
    EXPECT_EQ(result.non_finite_count, 2U);
    EXPECT_EQ(result.piece_count, zeroes ? 1U : 0U);
    std::size_t zeros = 0;
    for (std::size_t i = 0; i < 1000; ++i) zeros += list[0].grad.widen(i) == 0;
    EXPECT_EQ(zeros, zeroes ? 1000 - 704U : 0U);  // 650, rounded up to a multiple of 64
    for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(list[1].grad.widen(i), zeroes ? 0 : 1);
    for (auto& each : list) each.grad.narrow(std::vector<double>(each.size(), 1));
    EXPECT_TRUE(bytes_of(list) == bytes_of(start));  // nothing else has changed
  }
}

// ---- Misuse -------------------------------------------------------------------------------------

class part_misuse : public testing::Test {
 protected:
  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bytes_of(list);
    const tensor_list_view view(list);
    result.piece_count = 77;
    expect_failure(gradstep_apply_part(context, rule.get(), view.tensors.data(), 2, &options, part,
                                       part_count, &result),
                   status, words);
    EXPECT_TRUE(bytes_of(list) == before);
    EXPECT_EQ(result.piece_count, 77U);
  }

  const gradstep_context* context = serial_context();
  rule_handle rule = make_rule("adamw");
  std::vector<stored_parameter> list = make_stored_list(rule.get(), "adamw", {}, {500, 300});
  gradstep_apply_options options = apply_options(0);
  gradstep_apply_result result = sized<gradstep_apply_result>();
  std::size_t part = 0, part_count = 2;
};

TEST_F(part_misuse, numbers_of_parts) {
  part = 2;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"part = 2", "part_count = 2"});
  part = SIZE_MAX;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"part = 18446744073709551615"});
  part = 0;
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{1025}, SIZE_MAX}) {
    part_count = wrong;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"part_count = " + std::to_string(wrong), "[1, 1024]"});
  }
}

TEST_F(part_misuse, gradients_of_other_parts) {
  for (const std::uint64_t flag : {GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_CHECK_FINITE}) {
    options.flags = flag;
    expect_refused(GRADSTEP_WRONG_ORDER, {"GRADSTEP_APPLY_GRAD_NORM", "gradstep_gradient_norm"});
  }
}

TEST_F(part_misuse, what_gradstep_apply_refuses) {
  options.step = 0;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"options.step = 0"});
  options = apply_options(std::uint64_t{1} << 50);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"options.flags"});
  options = apply_options(0);
  options.workspace_size = 8;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"options.workspace is NULL"});
  options = apply_options(0);
  double scalar = 0;
  options.scalars = &scalar;
  options.scalar_count = 1;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"options.scalar_count = 1"});
  options = apply_options(0);
  result.struct_size = 1;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"result.struct_size = 1"});
  result = sized<gradstep_apply_result>();
  const tensor_list_view view(list);
  auto tensors = view.tensors;
  tensors[1].param.data = nullptr;
  expect_failure(
      gradstep_apply_part(context, rule.get(), tensors.data(), 2, &options, 0, 2, &result),
      GRADSTEP_INVALID_ARGUMENT, {"tensors[1].param.data is NULL"});
}

TEST_F(part_misuse, null) {
  const tensor_list_view view(list);
  const auto* t = view.tensors.data();
  const auto* r = rule.get();
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_failure(gradstep_apply_part(nullptr, r, t, 2, &options, 0, 1, nullptr), invalid,
                 {"context is NULL"});
  expect_failure(gradstep_apply_part(context, nullptr, t, 2, &options, 0, 1, nullptr), invalid,
                 {"rule is NULL"});
  expect_failure(gradstep_apply_part(context, r, nullptr, 2, &options, 0, 1, nullptr), invalid,
                 {"tensors is NULL"});
  expect_failure(gradstep_apply_part(context, r, t, 2, nullptr, 0, 1, nullptr), invalid,
                 {"options is NULL"});
}

}  // namespace
}  // namespace gradstep_test
