// SPDX-License-Identifier: Apache-2.0
//
// The norm of a list of gradients.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// Gradients of several lengths and of both dtypes. Only grad and count are set.
struct gradient_list {
  explicit gradient_list(double unit = 1) {
    const std::size_t counts[] = {0, 1, 67, 1000, 5, 2500};
    for (std::size_t i = 0; i < std::size(counts); ++i) {
      arrays.emplace_back(i % 2 == 0 ? GRADSTEP_FLOAT32 : GRADSTEP_FLOAT64, counts[i]);
      for (std::size_t j = 0; j < counts[i]; ++j) arrays[i].set(j, unit * random_value(i, j));
    }
    for (auto& array : arrays) {
      tensors.push_back(sized<gradstep_tensor>());
      tensors.back().count = array.size();
      tensors.back().grad = array.view();
    }
  }

  gradstep_norm_result norm(const gradstep_context* context) const {
    auto result = sized<gradstep_norm_result>();
    EXPECT_EQ(gradstep_gradient_norm(context, tensors.data(), tensors.size(), &result), GRADSTEP_OK)
        << gradstep_last_error();
    return result;
  }

  long double reference() const {
    long double sum = 0;
    for (const auto& array : arrays) {
      for (std::size_t i = 0; i < array.size(); ++i) {
        sum += static_cast<long double>(array.get(i)) * array.get(i);
      }
    }
    return std::sqrt(sum);
  }

  std::vector<number_array> arrays;
  std::vector<gradstep_tensor> tensors;
};

TEST(gradient_norm, value) {
  for (const double unit : {1.0, 1e-30, 1e30}) {
    const gradient_list list(unit);
    const auto result = list.norm(serial_context());
    const auto wanted = static_cast<double>(list.reference());
    EXPECT_NEAR(result.norm, wanted, 1e-14 * wanted);
    EXPECT_EQ(result.non_finite_count, 0U);
    EXPECT_EQ(result.piece_count, 1U);
  }
}

TEST(gradient_norm, same_bits_for_every_thread_count_and_instruction_set) {
  const gradient_list list;
  const auto isas = fused_isas();
  const auto first = make_serial_context(isas.empty() ? nullptr : isas[0].c_str());
  const double wanted = list.norm(first.get()).norm;
  for (const auto& isa : isas) {
    for (std::size_t threads = 1; threads <= 8; ++threads) {
      const auto context = make_context(split_options(threads, isa.c_str()));
      EXPECT_EQ(isa_in_use(context.get()), isa);
      const auto result = list.norm(context.get());
      EXPECT_EQ(result.norm, wanted) << isa << ", " << threads << " threads";
      EXPECT_GT(result.piece_count, 1U);
    }
  }
}

TEST(gradient_norm, float32_gives_the_same_bits_on_any_instruction_set) {
  gradient_list list;
  std::erase_if(list.tensors, [](const auto& t) { return t.grad.dtype != GRADSTEP_FLOAT32; });
  const double wanted = list.norm(make_serial_context("baseline").get()).norm;
  for (const auto& isa : available_isas()) {
    EXPECT_EQ(list.norm(make_serial_context(isa.c_str()).get()).norm, wanted) << isa;
  }
}

TEST(gradient_norm, counts_what_is_not_finite) {
  const auto split = make_context(split_options(4));
  for (const double special : {nan_value, infinite, -infinite}) {
    gradient_list list;
    list.arrays[2].set(66, special);
    list.arrays[3].set(0, special);
    list.arrays[5].set(2499, infinite);
    for (const gradstep_context* context :
         {serial_context(), static_cast<const gradstep_context*>(split.get())}) {
      const auto result = list.norm(context);
      EXPECT_EQ(result.non_finite_count, 3U);
      EXPECT_FALSE(std::isfinite(result.norm));
    }
  }
}

TEST(gradient_norm, beyond_double_is_not_a_non_finite_element) {
  gradient_list list;
  list.arrays[1].set(0, 1.5e308);
  list.arrays[3].set(0, 1.5e308);
  const auto result = list.norm(serial_context());
  EXPECT_EQ(result.norm, infinite);
  EXPECT_EQ(result.non_finite_count, 0U);
}

TEST(gradient_norm, of_nothing_is_zero) {
  auto result = sized<gradstep_norm_result>();
  result.norm = 77;
  EXPECT_EQ(gradstep_gradient_norm(serial_context(), nullptr, 0, &result), GRADSTEP_OK);
  EXPECT_EQ(result.norm, 0);
  EXPECT_EQ(result.non_finite_count, 0U);
}

// ---- Norms at the ends of double's range ------------------------------------------------------

double norm_of(const gradstep_context* context, const std::vector<std::vector<double>>& lists) {
  std::vector<gradstep_tensor> tensors;
  for (const auto& list : lists) {
    tensors.push_back(sized<gradstep_tensor>());
    tensors.back().count = list.size();
    tensors.back().grad = array_of(const_cast<double*>(list.data()));
  }
  auto result = sized<gradstep_norm_result>();
  expect_ok(gradstep_gradient_norm(context, tensors.data(), tensors.size(), &result));
  EXPECT_EQ(result.non_finite_count, 0U);
  return result.norm;
}

TEST(gradient_norm, is_right_wherever_it_is_finite) {
  for_every_context([](const gradstep_context* context) {
    EXPECT_NEAR(norm_of(context, {{3e200, -4e200}}), 5e200, 1e186);
    EXPECT_NEAR(norm_of(context, {{3e-200, -4e-200}}), 5e-200, 1e-214);
    EXPECT_NEAR(norm_of(context, {{1e307, 1e-300}, {0}, {2e-160, 1e307}}), std::sqrt(2) * 1e307,
                1e293);
    EXPECT_NEAR(norm_of(context, {{3e-170}, {0, 0}, {4e-170}}), 5e-170, 1e-184);
    EXPECT_NEAR(norm_of(context, {{0, 0}, {1e200}, {5}, {1e200}}), std::sqrt(2) * 1e200, 1e186);
    EXPECT_EQ(norm_of(context, {{1e154 * 1.3}, {1e-200}}), 1e154 * 1.3);
    EXPECT_EQ(norm_of(context, {{0, 0}, {}}), 0);
    // No square overflows, nor does a block's sum of squares. The sum over all blocks overflows.
    const std::vector<double> block(16384, 0x1p504), two(2 * 16384, 0x1p504);
    const std::vector<std::vector<double>> many(16, block);
    EXPECT_EQ(norm_of(context, many), 0x1p513);
    EXPECT_EQ(norm_of(context, {two, two, two, two, two, two, two, two}), 0x1p513);
  });
}

TEST(gradient_norm, smallest_and_largest) {
  const auto context = make_serial_context();
  EXPECT_EQ(norm_of(context.get(), {{0x1p-1074}}), 0x1p-1074);
  EXPECT_EQ(norm_of(context.get(), {{0, 3 * 0x1p-1074}, {0x1p-1072}}), 5 * 0x1p-1074);
  EXPECT_EQ(norm_of(context.get(), {{0x1p1023}, {0x1p1023}, {0x1p1022}}), 0x1p1023 * 1.5);
}

}  // namespace
}  // namespace gradstep_test
