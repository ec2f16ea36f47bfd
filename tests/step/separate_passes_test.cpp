// SPDX-License-Identifier: Apache-2.0
//
// A step with every storage and option has the bits of the same passes one after another in plain
// scalar code, on every instruction set.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "step/separate_passes.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class separate_passes_of : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, separate_passes_of, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

/// A rule whose constants do not depend on the dtype of the param, which is another one in the
/// plain step. adafactor's eps1 is the dtype's epsilon unless it is set.
rule_handle make_settled_rule(const std::string& rule_name, option_values values = {}) {
  if (has_hyperparameter(rule_name, "eps1")) values.emplace_back("eps1", 1e-3);
  return make_rule(rule_name, values);
}

/// The flags of a step, and the dtype of the copy that it writes (0: no copy).
struct option_choice {
  const char* name;
  std::uint64_t flags;
  std::int32_t copy;
};

constexpr std::uint64_t equal_average = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;

std::vector<option_choice> option_choices() {
  std::vector<option_choice> all = {{"no option", 0, 0},
                                    {"grad_scale", GRADSTEP_APPLY_GRAD_SCALE, 0},
                                    {"max_norm", GRADSTEP_APPLY_MAX_NORM, 0},
                                    {"max_value", GRADSTEP_APPLY_MAX_VALUE, 0},
                                    {"average", GRADSTEP_APPLY_AVERAGE, 0},
                                    {"equal weights", equal_average, 0},
                                    {"check_finite", GRADSTEP_APPLY_CHECK_FINITE, 0},
                                    {"zero_grad", GRADSTEP_APPLY_ZERO_GRAD, 0}};
  for (const std::int32_t dtype : copy_dtypes) {
    all.push_back({"copy", 0, dtype});
    all.push_back({"all options", all_flags, dtype});
  }
  return all;
}

storage with_options(storage how, const option_choice& choice) {
  how.copy = choice.copy;
  how.has_average = (choice.flags & GRADSTEP_APPLY_AVERAGE) != 0;
  how.flags |= choice.flags;
  return how;
}

void expect_norm_and_factor(const gradstep_apply_result& result, const storage& how,
                            std::vector<stored_parameter>& parameters,
                            const gradstep_apply_options& options) {
  const bool is_scaled = (how.flags & GRADSTEP_APPLY_GRAD_SCALE) != 0;
  const bool is_clipped = (how.flags & GRADSTEP_APPLY_MAX_NORM) != 0;
  EXPECT_EQ(result.non_finite_count, 0U);
  EXPECT_EQ(result.is_skipped, 0);
  if (is_clipped || (how.flags & GRADSTEP_APPLY_CHECK_FINITE) != 0) {
    const auto norm =
        static_cast<double>(reference_norm(parameters, is_scaled ? options.grad_scale : 1));
    EXPECT_NEAR(result.grad_norm, norm, 1e-12 * norm);
  } else {
    EXPECT_EQ(result.grad_norm, 0);
  }
  const double factor = std::min(1.0, options.max_norm / (result.grad_norm + 1e-6));
  EXPECT_EQ(result.clip_factor, is_clipped ? factor : 1);
}

/// got: a list of parameters that are stored like this.
void check_against_separate_passes(const gradstep_context* context, const gradstep_rule* rule,
                                   const storage& how, std::vector<stored_parameter> got) {
  SCOPED_TRACE(to_text(how));
  auto wanted = got;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    for (auto* list : {&got, &wanted}) {
      for (auto& each : *list) each.set_gradient(step);
    }
    const auto options = apply_options(how.flags, step);
    const auto result = apply_stored(context, rule, got, options);
    expect_norm_and_factor(result, how, wanted, options);
    apply_separately(context, rule, wanted, options, result.clip_factor);
    for (std::size_t i = 0; i < got.size(); ++i) {
      SCOPED_TRACE("tensor " + std::to_string(i));
      expect_same_bits(got[i].snapshot(), wanted[i].snapshot());
    }
    if (testing::Test::HasFailure()) return;
  }
}

void check_against_separate_passes(const gradstep_context* context, const gradstep_rule* rule,
                                   const std::string& rule_name, const storage& how,
                                   const std::vector<std::size_t>& counts) {
  check_against_separate_passes(context, rule, how, make_stored_list(rule, rule_name, how, counts));
}

TEST_P(separate_passes_of, every_storage_and_option) {
  const auto rule = make_settled_rule(GetParam(), richest_options(GetParam()));
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    ASSERT_EQ(isa_in_use(context.get()), isa);
    for (const auto& how : all_storages()) {
      for (const auto& choice : option_choices()) {
        SCOPED_TRACE(choice.name);
        check_against_separate_passes(context.get(), rule.get(), GetParam(),
                                      with_options(how, choice), {1, 255, 257, 600});
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(separate_passes_of, every_option_of_the_rule) {
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (const auto& values : option_combinations(GetParam())) {
      SCOPED_TRACE(to_text(values));
      const auto rule = make_settled_rule(GetParam(), values);
      for (storage how : full_storages()) {
        how.flags |= all_flags;
        check_against_separate_passes(context.get(), rule.get(), GetParam(), how, {255, 256});
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(separate_passes_of, any_count) {
  const auto rule = make_settled_rule(GetParam());
  const auto context = make_serial_context();
  for (storage how : full_storages()) {
    how.flags |= all_flags;
    check_against_separate_passes(context.get(), rule.get(), GetParam(), how,
                                  {0,  1,  2,  3,   4,   7,   8,   9,   15,  16,  17,   31,
                                   33, 63, 65, 127, 255, 256, 257, 511, 512, 513, 1000, 5003});
    if (HasFailure()) return;
  }
}

/// Tensors with rows and columns, for rules that treat these in their own way.
TEST_P(separate_passes_of, matrices) {
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (const auto& values : {option_values{}, richest_options(GetParam())}) {
      const auto rule = make_settled_rule(GetParam(), values);
      for (storage how : full_storages()) {
        how.flags |= all_flags;
        std::vector<stored_parameter> list;
        for (const matrix_shape shape : {matrix_shape{7, 5}, {3, 100}, {70, 9}, {1, 1}}) {
          const std::size_t count = 3 * shape.rows * shape.columns;
          list.emplace_back(rule.get(), GetParam(), how, count, list.size(), 0, shape);
        }
        check_against_separate_passes(context.get(), rule.get(), how, std::move(list));
        if (HasFailure()) return;
      }
    }
  }
}

/// A slot that is never negative can have signed codes too.
TEST_P(separate_passes_of, signed_slots) {
  const auto rule = make_settled_rule(GetParam(), richest_options(GetParam()));
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    check_against_separate_passes(context.get(), rule.get(), GetParam(),
                                  {.slot = GRADSTEP_S1E4M3_B256}, {1, 1000});
  }
}

/// So many elements that each of the random bits decides the rounding of some.
TEST(separate_passes_of_sgd, every_random_bit) {
  const auto rule = make_rule("sgd", {{"momentum", 0.9}});
  const auto context = make_serial_context();
  for (const std::int32_t slot : {GRADSTEP_S1E4M3_B256, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
    check_against_separate_passes(context.get(), rule.get(), "sgd", {.slot = slot}, {1'000'000});
  }
}

/// One list of tensors of every storage, float64 beside float32.
TEST_P(separate_passes_of, lists_of_several_dtypes) {
  const auto rule = make_settled_rule(GetParam(), richest_options(GetParam()));
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    std::vector<stored_parameter> got;
    for (const auto& how : full_storages()) {
      got.emplace_back(rule.get(), GetParam(), how, 300, got.size());
    }
    auto wanted = got;
    for (std::uint64_t step = 1; step <= 3; ++step) {
      const auto options = apply_options(all_flags | GRADSTEP_APPLY_STOCHASTIC_PARAM, step);
      for (auto& each : got) each.set_gradient(step);
      for (auto& each : wanted) each.set_gradient(step);
      const auto result = apply_stored(context.get(), rule.get(), got, options);
      apply_separately(context.get(), rule.get(), wanted, options, result.clip_factor);
    }
    for (std::size_t i = 0; i < got.size(); ++i) {
      expect_same_bits(got[i].snapshot(), wanted[i].snapshot());
    }
  }
}

// ---- Special numbers --------------------------------------------------------------------------

template <class T>
std::vector<double> special_numbers() {
  using limits = std::numeric_limits<T>;
  std::vector<double> all = {limits::quiet_NaN()};
  for (const T value : {T(0), limits::denorm_min(), limits::min(), T(1e-20), T(1), T(1.999999),
                        T(1e20), T(3.3e38), limits::max(), limits::infinity()}) {
    all.insert(all.end(), {static_cast<double>(value), -static_cast<double>(value)});
  }
  return all;
}

/// Every second block has special numbers, in every pair of param and gradient.
void set_special(stored_parameter& target, std::uint64_t step) {
  const auto special = special_numbers<float>();
  std::vector<double> param(target.size()), grad(target.size());
  for (std::size_t i = 0; i < target.size(); ++i) {
    const bool is_special = i / block_size % 2 == 0;
    param[i] = is_special ? special[i / special.size() % special.size()] : varied_value(1, i);
    grad[i] = is_special ? special[i % special.size()] : varied_value(step, i);
  }
  if (step == 1) target.param.narrow(param);
  target.grad.narrow(grad);
}

TEST_P(separate_passes_of, special_numbers) {
  const auto rule = make_settled_rule(GetParam(), richest_options(GetParam()));
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (storage how : full_storages()) {
      how.flags |= GRADSTEP_APPLY_MAX_VALUE | GRADSTEP_APPLY_AVERAGE;
      SCOPED_TRACE(to_text(how));
      auto got = make_stored_list(rule.get(), GetParam(), how, {900});
      auto wanted = got;
      for (std::uint64_t step = 1; step <= 3; ++step) {
        auto options = apply_options(how.flags, step);
        options.max_value = 1e30;
        set_special(got[0], step);
        set_special(wanted[0], step);
        apply_stored(context.get(), rule.get(), got, options);
        apply_separately(context.get(), rule.get(), wanted, options, 1);
        expect_same_bits(got[0].snapshot(), wanted[0].snapshot());
      }
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace gradstep_test
