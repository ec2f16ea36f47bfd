// SPDX-License-Identifier: Apache-2.0
//
// The loss scaler follows PyTorch's GradScaler, and stays within the normal float32 numbers.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

void update(gradstep_loss_scaler& scaler, std::int32_t is_skipped) {
  EXPECT_EQ(gradstep_loss_scaler_update(&scaler, is_skipped), GRADSTEP_OK) << gradstep_last_error();
}

TEST(loss_scaler, starts_with_the_defaults_of_pytorch) {
  const auto scaler = make_loss_scaler();
  EXPECT_EQ(scaler.scale, 65536);
  EXPECT_EQ(scaler.growth_factor, 2);
  EXPECT_EQ(scaler.backoff_factor, 0.5);
  EXPECT_EQ(scaler.growth_interval, 2000U);
  EXPECT_EQ(scaler.steps_in_a_row, 0U);
}

TEST(loss_scaler, grows_after_the_interval) {
  auto scaler = make_loss_scaler();
  for (std::uint64_t i = 1; i < 2000; ++i) {
    update(scaler, 0);
    ASSERT_EQ(scaler.scale, 65536);
    ASSERT_EQ(scaler.steps_in_a_row, i);
  }
  update(scaler, 0);
  EXPECT_EQ(scaler.scale, 131072);
  EXPECT_EQ(scaler.steps_in_a_row, 0U);
}

TEST(loss_scaler, backs_off_at_once_and_counts_anew) {
  auto scaler = make_loss_scaler();
  scaler.growth_interval = 3;
  const struct {
    std::int32_t is_skipped;
    double scale;
    std::uint64_t steps_in_a_row;
  } wanted[] = {{0, 65536, 1}, {0, 65536, 2}, {1, 32768, 0}, {7, 16384, 0}, {0, 16384, 1},
                {0, 16384, 2}, {0, 32768, 0}, {0, 32768, 1}, {0, 32768, 2}, {0, 65536, 0}};
  for (const auto& [is_skipped, scale, steps_in_a_row] : wanted) {
    update(scaler, is_skipped);
    ASSERT_EQ(scaler.scale, scale);
    ASSERT_EQ(scaler.steps_in_a_row, steps_in_a_row);
  }
}

TEST(loss_scaler, stays_a_normal_float32) {
  auto scaler = make_loss_scaler();
  for (int i = 0; i < 1000; ++i) update(scaler, 1);
  EXPECT_EQ(scaler.scale, std::numeric_limits<float>::min());
  EXPECT_EQ(scaler.steps_in_a_row, 0U);
  scaler.growth_interval = 1;
  for (int i = 0; i < 1000; ++i) update(scaler, 0);
  EXPECT_EQ(scaler.scale, 0x1p127);
  EXPECT_EQ(scaler.steps_in_a_row, 0U);
}

TEST(loss_scaler, a_factor_of_one_keeps_the_scale) {
  auto scaler = make_loss_scaler();
  scaler.growth_factor = 1;
  scaler.growth_interval = 1;
  for (int i = 0; i < 10; ++i) update(scaler, 0);
  EXPECT_EQ(scaler.scale, 65536);
}

/// A training loop whose gradients overflow until the scale is small enough.
TEST(loss_scaler, finds_a_scale_that_works) {
  auto scaler = make_loss_scaler();
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  auto target = make_parameter("sgd", rule.get(), 70, {});
  target.param.fill(0);
  int skipped = 0, done = 0;
  while (done < 3) {
    target.grad.fill(static_cast<float>(1e35 * scaler.scale));
    const auto view = target.view();
    auto options = at_step(static_cast<std::uint64_t>(done) + 1);
    options.flags = GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_CHECK_FINITE;
    options.grad_scale = 1 / scaler.scale;
    auto result = sized<gradstep_apply_result>();
    ASSERT_EQ(gradstep_apply(context.get(), rule.get(), &view.tensor, 1, &options, &result),
              GRADSTEP_OK);
    ++(result.is_skipped != 0 ? skipped : done);
    update(scaler, result.is_skipped);
  }
  EXPECT_EQ(skipped, 5);  // from 65536 to 2048: 1e35 * 2048 is below 3.4e38
  EXPECT_EQ(scaler.scale, 2048);
  for (std::size_t i = 0; i < 70; ++i) ASSERT_FLOAT_EQ(target.param.get(i), -3e35F);
}

// ---- Wrong arguments --------------------------------------------------------------------------

TEST(loss_scaler_misuse, structs) {
  check_filled_struct<gradstep_loss_scaler>(
      [](auto* scaler) { return gradstep_loss_scaler_init(scaler); });
  expect_failure(gradstep_loss_scaler_update(nullptr, 0), GRADSTEP_INVALID_ARGUMENT, {"scaler"});
  for (const std::size_t size : bad_sizes) {
    auto scaler = make_loss_scaler();
    scaler.struct_size = size;
    expect_failure(gradstep_loss_scaler_update(&scaler, 0), GRADSTEP_INVALID_ARGUMENT,
                   {"struct_size"});
    EXPECT_EQ(scaler.steps_in_a_row, 0U);
  }
  larger<gradstep_loss_scaler> bigger;
  EXPECT_EQ(gradstep_loss_scaler_init(&bigger.known), GRADSTEP_OK);
  EXPECT_EQ(gradstep_loss_scaler_update(&bigger.known, 0), GRADSTEP_OK) << gradstep_last_error();
  bigger.unknown[5] = 1;
  expect_failure(gradstep_loss_scaler_update(&bigger.known, 0), GRADSTEP_INVALID_ARGUMENT,
                 {"scaler"});
  EXPECT_EQ(bigger.known.steps_in_a_row, 1U);
}

void expect_refused(const gradstep_loss_scaler& bad, const std::vector<std::string>& words) {
  for (const std::int32_t is_skipped : {0, 1}) {
    auto scaler = bad;
    expect_failure(gradstep_loss_scaler_update(&scaler, is_skipped), GRADSTEP_OUT_OF_RANGE, words);
    const auto fields = [](const gradstep_loss_scaler& of) {
      const double numbers[] = {of.scale, of.growth_factor, of.backoff_factor};
      std::vector<std::uint64_t> bits = {of.growth_interval, of.steps_in_a_row};
      for (const double x : numbers) bits.push_back(std::bit_cast<std::uint64_t>(x));
      return bits;
    };
    EXPECT_EQ(fields(scaler), fields(bad));
  }
}

TEST(loss_scaler_misuse, values) {
  for (const double bad : {nan_value, infinite, -infinite, 0.0, -1.0, 1e300, 1e-300}) {
    auto scaler = make_loss_scaler();
    scaler.scale = bad;
    expect_refused(scaler, {"scale"});
  }
  for (const double bad : {nan_value, infinite, 0.0, 0.99, -2.0}) {
    auto scaler = make_loss_scaler();
    scaler.growth_factor = bad;
    expect_refused(scaler, {"growth_factor"});
  }
  for (const double bad : {nan_value, infinite, 0.0, 1.0, 2.0, -0.5}) {
    auto scaler = make_loss_scaler();
    scaler.backoff_factor = bad;
    expect_refused(scaler, {"backoff_factor"});
  }
  auto scaler = make_loss_scaler();
  scaler.growth_interval = 0;
  expect_refused(scaler, {"growth_interval", "0"});
}

}  // namespace
}  // namespace gradstep_test
