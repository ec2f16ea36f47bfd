// SPDX-License-Identifier: Apache-2.0
//
// CHECK_FINITE: a gradient that is not finite lets the whole step be skipped, and is counted.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class skipped_step : public testing::TestWithParam<std::string> {
 protected:
  /// Two tensors with every kind of array, after one step.
  std::vector<stored_parameter> make_list(const storage& how) const {
    std::vector<stored_parameter> list;
    list.emplace_back(rule_.get(), GetParam(), how, 600, 1);
    list.emplace_back(rule_.get(), GetParam(), how, 333, 2);
    apply_stored(serial_.get(), rule_.get(), list, apply_options(how.flags | other_flags));
    return list;
  }

  /// Puts `number` at one place of the list's gradients. Expects a skip, with and without zeroed
  /// gradients, serial and on threads.
  void expect_skip(const std::vector<stored_parameter>& start, const storage& how,
                   std::size_t tensor, std::size_t place, double number) const {
    SCOPED_TRACE("tensor " + std::to_string(tensor) + ", element " + std::to_string(place) +
                 " is " + std::to_string(number));
    for (const auto* context : {serial_.get(), split_.get()}) {
      for (const std::uint64_t zero : {std::uint64_t{0}, std::uint64_t{GRADSTEP_APPLY_ZERO_GRAD}}) {
        auto list = start;
        put(list[tensor].grad, place, number);
        auto wanted = list;
        const auto result = apply_stored(context, rule_.get(), list,
                                         apply_options(how.flags | other_flags | zero, 2));
        EXPECT_EQ(result.is_skipped, 1);
        EXPECT_EQ(result.non_finite_count, 1U);
        EXPECT_FALSE(std::isfinite(result.grad_norm) && !std::isfinite(number));
        for (std::size_t i = 0; i < list.size(); ++i) {
          auto& grad = wanted[i].grad;
          if (zero != 0) std::memset(grad.data.data(), 0, grad.data.bytes());
          EXPECT_TRUE(list[i].bytes() == wanted[i].bytes()) << "tensor " << i << " has changed";
        }
      }
    }
  }

  static void put(stored_array& grad, std::size_t place, double number) {
    std::vector<double> values(grad.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = grad.widen(i);
    values[place] = number;
    grad.narrow(values);
  }

  // Every option but ZERO_GRAD. A skipped step does not clip either.
  static constexpr std::uint64_t other_flags = GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_MAX_NORM |
                                               GRADSTEP_APPLY_MAX_VALUE | GRADSTEP_APPLY_AVERAGE |
                                               GRADSTEP_APPLY_CHECK_FINITE;
  context_handle serial_ = make_serial_context();
  context_handle split_ = make_context(split_options(4));
  rule_handle rule_ = make_rule(GetParam(), richest_options(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(rules, skipped_step, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(skipped_step, changes_nothing) {
  for (storage how : full_storages()) {
    for (const std::int32_t grad : float_dtypes) {
      how.grad = grad;
      SCOPED_TRACE(to_text(how));
      const auto start = make_list(how);
      for (const double number : {nan_value, infinite, -infinite}) {
        expect_skip(start, how, 0, 0, number);    // the first
        expect_skip(start, how, 0, 599, number);  // in a tail
        expect_skip(start, how, 1, 300, number);
        expect_skip(start, how, 1, 332, number);  // the last
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(skipped_step, float64_gradient_that_float32_cannot_hold) {
  for (storage how : full_storages()) {
    how.grad = GRADSTEP_FLOAT64;
    SCOPED_TRACE(to_text(how));
    const auto start = make_list(how);
    const double least_too_large =
        std::nextafter(0x1.ffffffp127, 0);  // rounds down to the largest float32
    if (how.param != GRADSTEP_FLOAT64) {
      expect_skip(start, how, 1, 7, 1e39);
      expect_skip(start, how, 1, 7, -0x1.ffffffp127);
    }
    for (const double number : {least_too_large, how.param == GRADSTEP_FLOAT64 ? 1e39 : 1.0}) {
      auto list = start;
      put(list[1].grad, 7, number);
      const auto result =
          apply_stored(serial_.get(), rule_.get(), list, apply_options(how.flags | other_flags, 2));
      EXPECT_EQ(result.is_skipped, 0) << number;
      EXPECT_EQ(result.non_finite_count, 0U) << number;
    }
  }
}

// ---- Which gradients are not finite -------------------------------------------------------------

/// The result of one sgd step over these gradients, with CHECK_FINITE and a scale.
gradstep_apply_result check_gradients(std::int32_t param_dtype, std::int32_t grad_dtype,
                                      const std::vector<double>& gradients, double scale,
                                      const char* isa = nullptr) {
  const auto rule = make_rule("sgd", {{"lr", 0}});
  std::vector<stored_parameter> list;
  list.emplace_back(
      rule.get(), "sgd",
      storage{.param = param_dtype,
              .grad = grad_dtype,
              .slot = param_dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32},
      gradients.size());
  list[0].grad.narrow(gradients);
  auto options = apply_options(GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_GRAD_SCALE);
  options.grad_scale = scale;
  return apply_stored(make_serial_context(isa).get(), rule.get(), list, options);
}

TEST(finite_check, counts_elements) {
  std::vector<double> gradients(1000, 1);
  for (std::size_t i = 0; i < 1000; i += 7) gradients[i] = i % 2 == 0 ? nan_value : infinite;
  for (const std::int32_t dtype : float_dtypes) {
    const auto result = check_gradients(GRADSTEP_FLOAT32, dtype, gradients, 1);
    EXPECT_EQ(result.non_finite_count, 143U) << dtype_text(dtype);
    EXPECT_EQ(result.is_skipped, 1);
  }
}

TEST(finite_check, checks_scaled_gradients) {
  for (const std::int32_t dtype : float_dtypes) {
    if (dtype == GRADSTEP_FLOAT16) continue;  // its largest number is 65504
    SCOPED_TRACE(dtype_text(dtype));
    EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, dtype, {1, 3e38, 1}, 1).is_skipped, 0);
    EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, dtype, {1, 3e38, 1}, 2).non_finite_count, 1U);
    EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, dtype, {1, -3e38, 1}, -2).non_finite_count, 1U);
    EXPECT_EQ(check_gradients(GRADSTEP_FLOAT64, dtype, {1, 3e38, 1}, 2).is_skipped, 0);
    EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, dtype, {1, infinite, 1}, 1e-60).is_skipped, 1);
  }
  EXPECT_EQ(check_gradients(GRADSTEP_FLOAT64, GRADSTEP_FLOAT64, {1, 1e308}, 2).is_skipped, 1);
}

/// Gradients around the one whose product with the scale overflows, for many scales.
template <class T>
void check_limit(std::int32_t dtype) {
  for (const auto& isa : available_isas()) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      const double scale = std::ldexp(2.5 + random_value(9, i), static_cast<int>(i % 40));
      const T factor = static_cast<T>(scale);
      T x = std::numeric_limits<T>::max() / factor;
      for (int k = 0; k < 4; ++k) x = std::nextafter(x, T(0));
      for (int k = 0; k < 9; ++k, x = std::nextafter(x, std::numeric_limits<T>::infinity())) {
        if (!std::isfinite(x)) break;
        const bool is_finite = std::isfinite(x * factor);
        const auto result = check_gradients(dtype, dtype, {x, 1}, scale, isa.c_str());
        ASSERT_EQ(result.non_finite_count, is_finite ? 0U : 1U)
            << isa << ": " << x << " times " << factor << " is " << x * factor;
      }
    }
  }
}
TEST(finite_check, begins_where_the_product_overflows_in_float32) {
  check_limit<float>(GRADSTEP_FLOAT32);
}
TEST(finite_check, begins_where_the_product_overflows_in_float64) {
  check_limit<double>(GRADSTEP_FLOAT64);
}

/// CHECK_FINITE looks at the product, not at the scale: float32 cannot hold 1e300.
TEST(finite_check, scale_beyond_float32) {
  EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, {1, 0, 2}, 1e300).non_finite_count,
            2U);
  EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, {0, 0}, 1e300).is_skipped, 0);
  EXPECT_EQ(
      check_gradients(GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, {1e-10, 1e-1}, 1e39).non_finite_count,
      0U);
  EXPECT_EQ(check_gradients(GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, {1e-10, 1}, 1e39).non_finite_count,
            1U);
}

TEST(finite_check, is_needed_to_skip) {
  const auto rule = make_rule("sgd");
  std::vector<stored_parameter> list;
  list.emplace_back(rule.get(), "sgd", storage{}, 300);
  auto values = std::vector<double>(300, 1);
  values[7] = nan_value;
  list[0].grad.narrow(values);
  const auto result = apply_stored(make_serial_context().get(), rule.get(), list, apply_options(0));
  EXPECT_EQ(result.is_skipped, 0);
  EXPECT_EQ(result.non_finite_count, 0U);
  EXPECT_TRUE(std::isnan(list[0].param.widen(7)));
  EXPECT_TRUE(std::isfinite(list[0].param.widen(6)));
}

}  // namespace
}  // namespace gradstep_test
