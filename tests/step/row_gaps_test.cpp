// SPDX-License-Identifier: Apache-2.0
//
// Arrays with gaps between rows. Every rule gives the bits that it gives without gaps, and the gaps
// keep their bytes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "step/gapped_parameter.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

class row_gaps : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, row_gaps, testing::ValuesIn(rule_names()), rule_as_test_name);

/// Steps of a parameter without gaps on one thread, and of one with gaps on any context with the
/// same instruction set.
void expect_same_steps(const gradstep_context* context, const gradstep_rule* rule,
                       const std::string& rule_name, const storage& how, std::size_t count,
                       matrix_shape shape, std::uint64_t flags) {
  SCOPED_TRACE(to_text(how) + ", columns " + std::to_string(shape.columns));
  const auto serial = make_serial_context(isa_in_use(context).c_str());
  stored_parameter wanted(rule, rule_name, how, count, 1, 0, shape);
  stored_parameter got = wanted;
  gapped_parameter gapped(rule_name, got);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    wanted.set_gradient(step);
    const auto options = apply_options(how.flags | flags, step);
    const auto result = apply_stored(serial.get(), rule, wanted, options);
    got.set_gradient(step);
    gapped.copy_in();
    const auto view = gapped.view();
    const auto with_gaps = apply_list(context, rule, {view.tensor}, with_scalars_of(got, options));
    EXPECT_EQ(with_gaps.grad_norm, result.grad_norm);
    EXPECT_EQ(with_gaps.clip_factor, result.clip_factor);
    EXPECT_EQ(with_gaps.is_skipped, result.is_skipped);
    gapped.copy_out();
    expect_same_bits(got.snapshot(), wanted.snapshot());
    EXPECT_TRUE(gapped.gaps_are_untouched());
    if (testing::Test::HasFailure()) return;
  }
}

TEST_P(row_gaps, do_not_change_the_bits_of_any_storage) {
  const auto split = make_context(split_options(3));
  const auto rule = make_rule(GetParam(), richest_options(GetParam()));
  for (const storage& how : full_storages()) {
    // Beside 8-bit slots a row is whole blocks.
    const matrix_shape shape = is_blocked(how.slot) ? matrix_shape{5, 256} : matrix_shape{5, 131};
    for (const auto* context :
         {serial_context(), static_cast<const gradstep_context*>(split.get())}) {
      expect_same_steps(context, rule.get(), GetParam(), how, 2 * shape.rows * shape.columns, shape,
                        all_flags);
    }
    if (HasFailure()) return;
  }
}

TEST_P(row_gaps, do_not_change_the_bits_of_any_shape) {
  const auto split = make_context(split_options(2));
  const auto rule = make_rule(GetParam());
  const matrix_shape shapes[] = {{1, 1}, {7, 1}, {1, 70}, {3, 5}, {70, 33}, {2, 5000}, {130, 600}};
  for (const auto& shape : shapes) {
    for (const std::size_t matrices : {1U, 3U}) {
      for (const storage& how : {storage{}, storage{.param = GRADSTEP_FLOAT64,
                                            .grad = GRADSTEP_FLOAT64,
                                            .slot = GRADSTEP_FLOAT64}}) {
        expect_same_steps(split.get(), rule.get(), GetParam(), how,
                          matrices * shape.rows * shape.columns, shape, 0);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(row_gaps, do_not_change_the_bits_on_any_instruction_set) {
  const auto rule = make_rule(GetParam(), richest_options(GetParam()));
  for (const auto& isa : fused_isas()) {
    const auto context = make_serial_context(isa.c_str());
    expect_same_steps(context.get(), rule.get(), GetParam(), {.grad = GRADSTEP_BFLOAT16},
                      4 * 3 * 77, {3, 77}, all_flags);
  }
}

/// In a skipped step too, the gradient is zeroed between the gaps alone.
TEST_P(row_gaps, of_a_skipped_step) {
  const auto rule = make_rule(GetParam());
  stored_parameter target(rule.get(), GetParam(), {}, 6 * 10, 1, 0, {6, 10});
  gapped_parameter gapped(GetParam(), target);
  std::vector<double> grad(60, 1.0);
  grad[59] = INFINITY;
  target.grad.narrow(grad);
  gapped.copy_in();
  auto options = apply_options(GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD);
  const auto view = gapped.view();
  const auto result =
      apply_list(serial_context(), rule.get(), {view.tensor}, with_scalars_of(target, options));
  EXPECT_EQ(result.is_skipped, 1);
  auto wanted = target;
  wanted.grad.narrow(std::vector<double>(60, 0.0));
  gapped.copy_out();
  expect_same_bits(target.snapshot(), wanted.snapshot());
  EXPECT_TRUE(gapped.gaps_are_untouched());
}

/// Two params as columns of one table, each in the other's gaps.
TEST_P(row_gaps, that_hold_another_tensor) {
  const auto rule = make_rule(GetParam());
  constexpr std::size_t rows = 40, columns = 30;
  const matrix_shape shape{rows, columns};
  const auto split = make_context(split_options(3));
  std::vector<stored_parameter> wanted = make_stored_list(rule.get(), GetParam(), {}, {});
  for (std::uint64_t i = 0; i < 2; ++i) {
    wanted.emplace_back(rule.get(), GetParam(), storage{}, rows * columns, i + 1, 0, shape);
  }
  auto got = wanted;
  std::vector<float> params(rows * 64, 7), grads(rows * 64, 7);
  for (std::uint64_t step = 1; step <= 2; ++step) {
    std::vector<stored_view> views;
    for (std::size_t i = 0; i < 2; ++i) {
      wanted[i].set_gradient(step);
      got[i].set_gradient(step);
      views.push_back(got[i].view());
      gradstep_tensor& t = views.back().tensor;
      for (std::size_t r = 0; r < rows; ++r) {
        std::memcpy(&params[r * 64 + i * 32], got[i].param.data.data(r * columns), columns * 4);
        std::memcpy(&grads[r * 64 + i * 32], got[i].grad.data.data(r * columns), columns * 4);
      }
      t.param = array_of(params.data() + i * 32);
      t.grad = array_of(grads.data() + i * 32);
      t.param.pitch = t.grad.pitch = 64;
    }
    apply_stored(serial_context(), rule.get(), wanted, apply_options(0, step));
    apply_views(split.get(), rule.get(), views, with_scalars_of(got[0], apply_options(0, step)));
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t r = 0; r < rows; ++r) {
        std::memcpy(got[i].param.data.data(r * columns), &params[r * 64 + i * 32], columns * 4);
      }
      got[i].shared_scalars = got[0].shared_scalars;
      expect_same_bits(got[i].snapshot(), wanted[i].snapshot());
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (const std::size_t gap : {30U, 31U, 62U, 63U}) EXPECT_EQ(params[r * 64 + gap], 7);
  }
}

TEST(row_gaps_of_the_norm, do_not_change_it) {
  for (const std::int32_t dtype : float_dtypes) {
    for (const std::size_t columns : {1U, 31U, 300U, 5000U}) {
      const auto rule = make_rule("sgd");
      const storage how{.param = dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32,
                        .grad = dtype,
                        .slot = dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32};
      stored_parameter target(rule.get(), "sgd", how, 9 * columns, 1, 0, {9, columns});
      gapped_parameter gapped("sgd", target);
      gapped.copy_in();
      auto with = sized<gradstep_norm_result>(), without = with;
      const auto split = make_context(split_options(2));
      const auto with_gaps = gapped.view(), plain = target.view();
      expect_ok(gradstep_gradient_norm(split.get(), &with_gaps.tensor, 1, &with));
      expect_ok(gradstep_gradient_norm(serial_context(), &plain.tensor, 1, &without));
      EXPECT_EQ(with.norm, without.norm) << dtype << ", columns " << columns;
      EXPECT_GT(with.norm, 0);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
