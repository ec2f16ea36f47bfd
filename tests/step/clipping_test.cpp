// SPDX-License-Identifier: Apache-2.0
//
// Clipping by norm and by value.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "step/scaled_gradients.hpp"
#include "step/separate_passes.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

TEST(clipping, by_norm_reports_factor_and_norm) {
  const auto rule = make_rule("sgd");
  const auto split = make_context(split_options(4));
  const auto serial = make_serial_context();
  std::vector<stored_parameter> list;
  for (const std::int32_t dtype : float_dtypes) {
    list.emplace_back(rule.get(), "sgd", storage{.grad = dtype}, 40'000 + list.size(), list.size());
  }
  for (const double scale : {1.0, 1 / 65536.0, -3.0, 0.0}) {
    const auto norm = static_cast<double>(reference_norm(list, scale));
    for (const double max_norm : {norm / 3 + 1e-9, norm * 0.999 + 1e-9, norm + 1.1e-6, 1e300}) {
      for (const auto* context : {serial.get(), split.get()}) {
        auto copy = list;
        auto options = apply_options(GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_GRAD_SCALE);
        options.grad_scale = scale;
        options.max_norm = max_norm;
        const auto result = apply_stored(context, rule.get(), copy, options);
        EXPECT_NEAR(result.grad_norm, norm, 1e-12 * norm);
        const double ratio = max_norm / (norm + 1e-6);
        if (ratio > 1) {
          EXPECT_EQ(result.clip_factor, 1);
        } else {
          EXPECT_NEAR(result.clip_factor, ratio, 1e-12 * ratio);
        }
      }
    }
  }
}

/// A NaN and an infinite gradient do not become factors either.
TEST(clipping, by_an_infinite_norm_only_reports_the_norm) {
  const auto rule = make_rule("adamw");
  const auto context = make_context(split_options(4));
  for (const double first : {0.5, 1e30, infinite, nan_value}) {
    std::vector<stored_parameter> plain;
    plain.emplace_back(rule.get(), "adamw", storage{}, 40'000, 0);
    std::vector<double> gradient(40'000, 0.25);
    gradient[0] = first;
    plain[0].grad.narrow(gradient);
    auto clipped = plain;
    auto options = apply_options(0);
    EXPECT_EQ(apply_stored(context.get(), rule.get(), plain, options).grad_norm, 0);
    options = apply_options(GRADSTEP_APPLY_MAX_NORM);
    options.max_norm = infinite;
    const auto result = apply_stored(context.get(), rule.get(), clipped, options);
    EXPECT_EQ(result.clip_factor, 1);
    EXPECT_EQ(result.is_skipped, 0);
    EXPECT_EQ(result.non_finite_count, std::isfinite(first) ? 0U : 1U);
    if (std::isnan(first)) {
      EXPECT_TRUE(std::isnan(result.grad_norm));
    } else {
      const auto norm = static_cast<double>(reference_norm(clipped, 1));
      EXPECT_TRUE(result.grad_norm == norm || std::abs(result.grad_norm - norm) < 1e-12 * norm);
    }
    expect_same_bits(clipped[0].snapshot(), plain[0].snapshot());
  }
}

TEST(clipping, by_norm_brings_the_norm_of_the_change_down) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  std::vector<stored_parameter> list;
  list.emplace_back(rule.get(), "sgd", storage{.param = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64},
                    1000);
  list[0].param.narrow(std::vector<double>(1000, 0));
  auto options = apply_options(GRADSTEP_APPLY_MAX_NORM);
  options.max_norm = 0.5;
  apply_stored(make_serial_context().get(), rule.get(), list, options);
  double sum = 0;
  for (std::size_t i = 0; i < 1000; ++i) sum += list[0].param.widen(i) * list[0].param.widen(i);
  EXPECT_NEAR(std::sqrt(sum), 0.5, 1e-6);
}

// ---- Scales and gradients at the ends of their ranges -------------------------------------------

TEST(clipping, by_norm_multiplies_scale_and_factor_exactly) {
  for_every_context([](const gradstep_context* context) {
    for (const auto& [scale, size] : scales) {
      SCOPED_TRACE(scale);
      const auto grads = random_gradients(size);
      double squares = 0;
      for (const double g : grads) squares += g * g;
      const double norm = std::sqrt(squares) * std::abs(scale);
      for (const double part : {0.75, 1e-3, 1e-30}) {
        auto options = scaled_step(1, scale);
        options.flags |= GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE;
        options.max_norm = part * norm;
        auto result = sized<gradstep_apply_result>();
        for (const dtypes types : all_dtypes) {
          const auto scaled = scaled_gradients(context, types, grads, options, &result);
          ASSERT_NEAR(result.grad_norm, norm, norm * 1e-6);
          const double factor = options.max_norm / (norm + 1e-6) * scale;
          if (std::abs(grads[0] * factor) < 1e-37) continue;  // a denormal in float32
          for (std::size_t i = 0; i < gradient_count; ++i) {
            const double exact = grads[i] * factor;
            ASSERT_NEAR(scaled[i], exact, std::abs(exact) * 1e-6) << to_text(types) << i;
          }
        }
      }
    }
  });
}

/// The product of scale and clip factor can be smaller than any normal double.
TEST(clipping, by_norm_with_a_product_below_doubles_normal_numbers) {
  for_every_context([](const gradstep_context* context) {
    const std::vector<double> grads = {3e305, -4e305};
    auto options = scaled_step(1, 1e-295);
    options.flags |= GRADSTEP_APPLY_MAX_NORM;
    options.max_norm = 1e-15;
    const auto scaled =
        scaled_gradients(context, {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}, grads, options);
    EXPECT_NEAR(scaled[0], 0.6e-15, 1e-27);
    EXPECT_NEAR(scaled[1], -0.8e-15, 1e-27);
  });
}

TEST(clipping, by_value_comes_after_the_exact_scale) {
  for_every_context([](const gradstep_context* context) {
    auto options = scaled_step(1, 0x1p-130);
    options.flags |= GRADSTEP_APPLY_MAX_VALUE;
    options.max_value = 4;
    const auto scaled =
        scaled_gradients(context, {}, {0x1p130 * 0.125, -0x1p127, 0x1p125}, options);
    EXPECT_EQ(scaled[0], 0.125);
    EXPECT_EQ(scaled[1], -0.125);
    EXPECT_EQ(scaled[2], 0x1p-5);
  });
}

TEST(clipping, by_norm_of_huge_gradients) {
  for_every_context([](const gradstep_context* context) {
    // The norm of the second list overflows in double; its clip factor does not.
    for (const double size : {1e200, 1.5e308}) {
      auto options = at_step(1);
      options.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE;
      options.max_norm = 1;
      auto result = sized<gradstep_apply_result>();
      const std::vector<double> grads(4, size);
      const auto scaled =
          scaled_gradients(context, {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}, grads, options, &result);
      EXPECT_EQ(result.non_finite_count, 0U);
      EXPECT_EQ(result.is_skipped, 0);
      for (const double x : scaled) EXPECT_NEAR(x, 0.5, 1e-9) << size;
    }
  });
}

}  // namespace
}  // namespace gradstep_test
