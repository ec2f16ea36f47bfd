// SPDX-License-Identifier: Apache-2.0
//
// Scales, norms and gradients at the ends of their types' ranges: products act as the exact ones
// do, norms are right wherever the true norm is finite.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "rules/oracle_cases.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = element_count;

context_handle make_flushing_context(const char* isa, bool flushes) {
  auto options = serial_options(isa);
  if (flushes) options.flags |= GRADSTEP_CONTEXT_FLUSH_TO_ZERO;
  return make_context(options);
}

/// body(context) for each instruction set, with and without denormals.
template <class Body>
void for_every_context(const Body& body) {
  for (const std::string& isa : available_isas()) {
    for (const bool flushes : {false, true}) {
      SCOPED_TRACE(isa);
      SCOPED_TRACE(flushes ? "flush to zero" : "denormals");
      body(make_flushing_context(isa.c_str(), flushes).get());
      if (testing::Test::HasFailure()) return;
    }
  }
}

rule_handle plain_descent() { return make_rule("sgd", {{"lr", 1}}); }

/// A param of zeros after one step of plain descent at rate 1: the scaled gradients, negated.
std::vector<double> scaled_gradients(const gradstep_context* context, dtypes types,
                                     const std::vector<double>& grads,
                                     const gradstep_apply_options& options,
                                     gradstep_apply_result* result = nullptr) {
  const auto rule = plain_descent();
  auto target = make_parameter("sgd", rule.get(), grads.size(), types);
  target.param.fill(0);
  for (std::size_t i = 0; i < grads.size(); ++i) target.grad.set(i, grads[i]);
  const auto view = target.view();
  EXPECT_EQ(gradstep_apply(context, rule.get(), &view.tensor, 1, &options, result), GRADSTEP_OK)
      << gradstep_last_error();
  std::vector<double> scaled;
  for (std::size_t i = 0; i < grads.size(); ++i) scaled.push_back(-target.param.get(i));
  return scaled;
}

std::vector<double> random_gradients(double size) {
  std::vector<double> grads;
  for (std::size_t i = 0; i < count; ++i) {
    grads.push_back(static_cast<float>(size * (2.5 + random_value(5, i))));
  }
  return grads;
}

// ---- Scales beyond float32's normal numbers ---------------------------------------------------

/// A scale with the size of gradients whose products are ordinary numbers.
struct scale_case {
  double scale, size;
};
constexpr scale_case scales[] = {
    {0x1p-126, 0x1p110}, {0x1p-127, 0x1p110}, {0x1.8p-127, 0x1p120}, {0x1p-130, 0x1p120},
    {1.7e-41, 1e35},     {3e-45, 1e37},       {0x1p-149, 0x1p125},   {1e-60, 1e37},
    {1e39, 1e-30},       {1e60, 1e-30},       {-0x1.8p-140, 1e37},
};

TEST(scale_range, gradients_are_multiplied_by_the_exact_scale) {
  for_every_context([](const gradstep_context* context) {
    for (const auto& [scale, size] : scales) {
      SCOPED_TRACE(scale);
      const auto grads = random_gradients(size);
      for (const dtypes types : all_dtypes) {
        const auto scaled = scaled_gradients(context, types, grads, scaled_step(1, scale));
        for (std::size_t i = 0; i < count; ++i) {
          const double exact = grads[i] * scale;
          ASSERT_NEAR(scaled[i], exact, std::abs(exact) * 0x1.8p-23) << to_text(types) << i;
        }
      }
    }
  });
}

TEST(scale_range, scale_times_clip_factor_acts_as_the_product) {
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
          if (std::abs(grads[0] * factor) < 1e-37) continue;  // float32's denormals
          for (std::size_t i = 0; i < count; ++i) {
            const double exact = grads[i] * factor;
            ASSERT_NEAR(scaled[i], exact, std::abs(exact) * 1e-6) << to_text(types) << i;
          }
        }
      }
    }
  });
}

/// In double too the product can be smaller than any normal number.
TEST(scale_range, product_below_double) {
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

TEST(scale_range, clips_by_value_after_the_exact_scale) {
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

/// bfloat16 gradients of a loss that is multiplied by the largest scale there is.
TEST(scale_range, largest_loss_scale) {
  for_every_context([](const gradstep_context* context) {
    const auto optimizer = make_optimizer(context);
    add_group(optimizer.get(), "all", plain_descent().get());
    plain_tensor a(count);
    for (std::size_t i = 0; i < count; ++i) {
      a.param.set(i, 0);
      a.grad.set(i, std::ldexp(random_value(2, i), 126));
    }
    add_tensor(optimizer.get(), 0, "a", without_slots(a.tensor()));
    auto scaler = make_loss_scaler();
    scaler.scale = 0x1p127;
    expect_ok(gradstep_optimizer_set_loss_scaler(optimizer.get(), &scaler));
    EXPECT_EQ(step(optimizer.get()).is_skipped, 0);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(a.param.get(i), -std::ldexp(a.grad.get(i), -127)) << i;
    }
  });
}

// ---- Norms of float64 gradients ---------------------------------------------------------------

double norm_of(const gradstep_context* context, const std::vector<std::vector<double>>& lists) {
  std::vector<gradstep_tensor> tensors;
  for (const auto& list : lists) {
    tensors.push_back(sized<gradstep_tensor>());
    tensors.back().count = list.size();
    tensors.back().grad = const_cast<double*>(list.data());
    tensors.back().grad_dtype = GRADSTEP_FLOAT64;
  }
  auto result = sized<gradstep_norm_result>();
  expect_ok(gradstep_gradient_norm(context, tensors.data(), tensors.size(), &result));
  EXPECT_EQ(result.non_finite_count, 0U);
  return result.norm;
}

TEST(scale_range, norm_is_right_wherever_it_is_finite) {
  for_every_context([](const gradstep_context* context) {
    EXPECT_NEAR(norm_of(context, {{3e200, -4e200}}), 5e200, 1e186);
    EXPECT_NEAR(norm_of(context, {{3e-200, -4e-200}}), 5e-200, 1e-214);
    EXPECT_NEAR(norm_of(context, {{1e307, 1e-300}, {0}, {2e-160, 1e307}}), std::sqrt(2) * 1e307,
                1e293);
    EXPECT_NEAR(norm_of(context, {{3e-170}, {0, 0}, {4e-170}}), 5e-170, 1e-184);
    EXPECT_NEAR(norm_of(context, {{0, 0}, {1e200}, {5}, {1e200}}), std::sqrt(2) * 1e200, 1e186);
    EXPECT_EQ(norm_of(context, {{1e154 * 1.3}, {1e-200}}), 1e154 * 1.3);
    EXPECT_EQ(norm_of(context, {{0, 0}, {}}), 0);
    // No square overflows, nor a block's sum of them; that of all does.
    const std::vector<double> block(16384, 0x1p504), two(2 * 16384, 0x1p504);
    const std::vector<std::vector<double>> many(16, block);
    EXPECT_EQ(norm_of(context, many), 0x1p513);
    EXPECT_EQ(norm_of(context, {two, two, two, two, two, two, two, two}), 0x1p513);
  });
}

TEST(scale_range, smallest_and_largest_norms) {
  const auto context = make_serial_context();
  EXPECT_EQ(norm_of(context.get(), {{0x1p-1074}}), 0x1p-1074);
  EXPECT_EQ(norm_of(context.get(), {{0, 3 * 0x1p-1074}, {0x1p-1072}}), 5 * 0x1p-1074);
  EXPECT_EQ(norm_of(context.get(), {{0x1p1023}, {0x1p1023}, {0x1p1022}}), 0x1p1023 * 1.5);
}

TEST(scale_range, clipping_huge_gradients) {
  for_every_context([](const gradstep_context* context) {
    // The norm of the second is beyond double's range; its clip factor is not.
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

/// The sums of an inspected step are those of a step that reads all.
TEST(scale_range, inspected_norm_of_huge_and_tiny_gradients) {
  const auto context = make_context(split_options(2));
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 1;
  const auto optimizer = make_optimizer(context.get(), options);
  add_group(optimizer.get(), "all", plain_descent().get());
  plain_tensor tensors[] = {plain_tensor(700, GRADSTEP_FLOAT64), plain_tensor(1, GRADSTEP_FLOAT64),
                            plain_tensor(40'000, GRADSTEP_FLOAT64)};
  const double sizes[] = {1e-200, 1e200, 1e170};
  for (std::size_t i = 0; i < std::size(tensors); ++i) {
    tensors[i].grad.fill(sizes[i]);
    add_tensor(optimizer.get(), 0, std::to_string(i), without_slots(tensors[i].tensor()));
  }
  for (const std::size_t i : {2, 0, 1}) {
    expect_ok(gradstep_optimizer_inspect(optimizer.get(), i, 1));
  }
  const auto inspected = inspected_step();
  EXPECT_EQ(step(optimizer.get(), inspected).grad_norm, 1e200);
  EXPECT_EQ(step(optimizer.get()).grad_norm, 1e200);
}

TEST(scale_range, infinite_norm_of_finite_gradients_is_refused_from_the_caller) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = std::numeric_limits<double>::infinity();
  EXPECT_EQ(gradstep_optimizer_step(optimizer.get(), &options, nullptr), GRADSTEP_OUT_OF_RANGE);
  EXPECT_NE(std::string(gradstep_last_error()).find("grad_norm = inf"), std::string::npos);
  options.non_finite_count = 1;
  EXPECT_EQ(gradstep_optimizer_step(optimizer.get(), &options, nullptr), GRADSTEP_OK);
}

}  // namespace
}  // namespace gradstep_test
