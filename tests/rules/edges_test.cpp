// SPDX-License-Identifier: Apache-2.0
//
// Special numbers, bounds, guard pages, the gradient norm, and defects that others' kernels had.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/guarded_memory.hpp"
#include "support/number_array.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class edges : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, edges, testing::ValuesIn(rule_names()), rule_as_test_name);

const gradstep_context* serial() {
  static const context_handle context = make_serial_context();
  return context.get();
}

bool has_nan(const parameter& target) {
  const auto bits = target.snapshot();
  return std::find(bits.begin(), bits.end(), ~std::uint64_t{0}) != bits.end();
}

void multiply(number_array& numbers, double factor) {
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers.set(i, numbers.get(i) * factor);
}

// ---- Special numbers --------------------------------------------------------------------------

/// Puts `special` into some elements' gradient or param; all other elements must not notice.
void check_isolation(const variant& v, double special, bool in_param) {
  constexpr std::size_t count = 67;
  auto wanted = v.make(count);
  apply_one(serial(), v.rule.get(), wanted, at_step(1));
  auto target = v.make(count);
  const std::size_t places[] = {0, 7, 31, 64, 66};
  for (const std::size_t i : places) (in_param ? target.param : target.grad).set(i, special);
  apply_one(serial(), v.rule.get(), target, at_step(1));
  for (std::size_t i = 0; i < count; ++i) {
    if (std::find(std::begin(places), std::end(places), i) == std::end(places)) {
      ASSERT_EQ(target.param.bits(i), wanted.param.bits(i)) << "element " << i;
    } else if (std::isnan(special)) {
      ASSERT_TRUE(std::isnan(target.param.get(i))) << "element " << i;
    }
  }
}

TEST_P(edges, special_numbers_stay_in_their_element) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    for (const double special : {nan_value, infinite, -infinite}) {
      check_isolation(v, special, false);
      check_isolation(v, special, true);
    }
  });
}

TEST_P(edges, denormal_and_zero_gradients_give_no_nan) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    const double tiny = v.types.grad == GRADSTEP_FLOAT32 ? 1e-43 : 1e-320;
    for (const double gradient : {0.0, -0.0, tiny, -tiny}) {
      auto target = v.make(70);
      target.grad.fill(gradient);
      for (std::size_t i = 0; i < 70; i += 2) target.param.set(i, 0);
      for (std::uint64_t step = 1; step <= 5; ++step) {
        apply_one(serial(), v.rule.get(), target, at_step(step));
      }
      EXPECT_FALSE(has_nan(target)) << "gradient " << gradient;
    }
  });
}

TEST_P(edges, late_steps) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    for (const int exponent : {0, 31, 32, 40, 53}) {
      auto target = v.make(70);
      apply_one(serial(), v.rule.get(), target, at_step(std::uint64_t{1} << exponent));
      EXPECT_FALSE(has_nan(target)) << "step 2^" << exponent;
    }
  });
}

// ---- Bounds of hyper-parameters ---------------------------------------------------------------

std::vector<double> bounds_of(const gradstep_hyperparameter_info& info) {
  if (info.kind == GRADSTEP_FLAG) return {};
  std::vector<double> bounds = {info.minimum};
  if (info.flags & GRADSTEP_MINIMUM_EXCLUDED) bounds[0] = std::nextafter(info.minimum, infinite);
  if (info.maximum < infinite) {
    const bool excluded = (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0;
    bounds.push_back(excluded ? std::nextafter(info.maximum, -infinite) : info.maximum);
  }
  return bounds;
}

void check_bound(const variant& v, const char* name, double value) {
  SCOPED_TRACE(std::string(name) + " = " + testing::PrintToString(value));
  auto values = v.values;
  std::erase_if(values, [&](const auto& option) { return option.first == name; });
  values.emplace_back(name, value);
  const auto rule = make_rule(v.rule_name, values);
  if (gradstep_rule_check(rule.get()) != GRADSTEP_OK) return;
  auto target = make_parameter(v.rule_name, rule.get(), 70, v.types);
  for (std::uint64_t step = 1; step <= 4; ++step) {
    target.set_random_gradient(step);
    apply_one(serial(), rule.get(), target, at_step(step));
    EXPECT_FALSE(has_nan(target)) << "step " << step;
  }
}

TEST_P(edges, bounds_of_hyperparameters) {
  const auto all = hyperparameters_of(GetParam());
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    for (const auto& info : all) {
      for (const double bound : bounds_of(info)) check_bound(v, info.name, bound);
    }
  });
}

// ---- Equivalences -----------------------------------------------------------------------------

TEST_P(edges, maximize_is_the_negated_gradient) {
  if (!has_hyperparameter(GetParam(), "maximize")) GTEST_SKIP() << "the rule has no maximize";
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    auto values = v.values;
    for (auto& [name, value] : values) {
      if (name == "maximize") value = 1 - value;
    }
    const auto opposite_rule = make_rule(v.rule_name, values);
    auto target = v.make(70);
    auto opposite = v.make(70);
    multiply(opposite.grad, -1);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      apply_one(serial(), v.rule.get(), target, at_step(step));
      apply_one(serial(), opposite_rule.get(), opposite, at_step(step));
    }
    expect_same_bits(target.snapshot(), opposite.snapshot());
  });
}

TEST_P(edges, grad_scale_multiplies_the_gradient) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    for (const double scale : {0.0, 1.0, 0.25, -8.0}) {
      auto scaled = v.make(70);
      auto multiplied = v.make(70);
      multiply(multiplied.grad, scale);
      auto options = at_step(1);
      apply_one(serial(), v.rule.get(), multiplied, options);
      options.flags = GRADSTEP_APPLY_GRAD_SCALE;
      options.grad_scale = scale;
      apply_one(serial(), v.rule.get(), scaled, options);
      expect_same_bits(scaled.snapshot(), multiplied.snapshot());
    }
  });
}

TEST_P(edges, gradient_dtypes_convert) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    const std::int32_t other =
        v.types.grad == GRADSTEP_FLOAT32 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    auto mixed = make_parameter(v.rule_name, v.rule.get(), 70, {v.types.param, other});
    auto same = v.make(70);
    for (std::size_t i = 0; i < 70; ++i) same.grad.set(i, static_cast<float>(mixed.grad.get(i)));
    apply_one(serial(), v.rule.get(), mixed, at_step(1));
    apply_one(serial(), v.rule.get(), same, at_step(1));
    expect_same_bits(mixed.snapshot(), same.snapshot());
  });
}

// ---- Guard pages ------------------------------------------------------------------------------

void move_to(const guarded_memory& memory, bool at_end, const number_array& from, void*& to) {
  to = memory.place(from.bytes(), at_end);
  std::memcpy(to, from.data(), from.bytes());
}

void step_between_guards(const variant& v, const std::vector<guarded_memory>& memory,
                         std::size_t count, bool at_end) {
  auto target = v.make(count);
  auto view = target.view();
  void* grad = nullptr;
  move_to(memory[0], at_end, target.param, view.tensor.param);
  move_to(memory[1], at_end, target.grad, grad);
  view.tensor.grad = grad;
  for (std::size_t i = 0; i < view.slots.size(); ++i) {
    if (target.slots[i]) move_to(memory[i + 2], at_end, *target.slots[i], view.slots[i]);
  }
  apply_list(serial(), v.rule.get(), {view.tensor}, at_step(1));
  auto wanted = v.make(count);
  apply_one(serial(), v.rule.get(), wanted, at_step(1));
  EXPECT_EQ(std::memcmp(view.tensor.param, wanted.param.data(), wanted.param.bytes()), 0);
}

TEST_P(edges, nothing_outside_the_arrays_is_touched) {
  const std::vector<guarded_memory> memory(2 + describe_rule(GetParam()).slot_count);
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    for (std::size_t count = 0; count <= 130; ++count) {
      step_between_guards(v, memory, count, false);
      step_between_guards(v, memory, count, true);
    }
  });
}

TEST(gradient_norm, reads_nothing_outside_the_array) {
  const guarded_memory memory;
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
    for (std::size_t count = 0; count <= 130; ++count) {
      for (const bool at_end : {false, true}) {
        auto tensor = sized<gradstep_tensor>();
        tensor.count = count;
        tensor.grad_dtype = dtype;
        number_array ones(dtype, count);
        ones.fill(1);
        void* grad = nullptr;
        move_to(memory, at_end, ones, grad);
        tensor.grad = grad;
        auto result = sized<gradstep_norm_result>();
        ASSERT_EQ(gradstep_gradient_norm(serial(), &tensor, 1, &result), GRADSTEP_OK);
        ASSERT_EQ(result.norm, std::sqrt(static_cast<double>(count)));
      }
    }
  }
}

// ---- The gradient norm ------------------------------------------------------------------------

/// Gradients of several lengths and both dtypes. Nothing but grad, its dtype and count is set.
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
      tensors.back().grad = array.data();
      tensors.back().grad_dtype = array.dtype();
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
    const auto result = list.norm(serial());
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
  std::erase_if(list.tensors, [](const auto& t) { return t.grad_dtype != GRADSTEP_FLOAT32; });
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
         {serial(), static_cast<const gradstep_context*>(split.get())}) {
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
  const auto result = list.norm(serial());
  EXPECT_EQ(result.norm, infinite);
  EXPECT_EQ(result.non_finite_count, 0U);
}

// ---- Empty lists ------------------------------------------------------------------------------

TEST_P(edges, empty_lists_and_tensors) {
  const auto rule = make_rule(GetParam());
  const auto options = at_step(1);
  auto result = sized<gradstep_apply_result>();
  EXPECT_EQ(gradstep_apply(serial(), rule.get(), nullptr, 0, &options, &result), GRADSTEP_OK)
      << gradstep_last_error();
  EXPECT_LE(result.piece_count, 1U);
  auto tensor = sized<gradstep_tensor>();  // count 0: all arrays may be NULL
  tensor.param_dtype = GRADSTEP_FLOAT32;
  tensor.grad_dtype = GRADSTEP_FLOAT32;
  const std::vector<void*> slots(describe_rule(GetParam()).slot_count);
  tensor.slots = slots.data();
  tensor.slot_count = slots.size();
  apply_list(serial(), rule.get(), {tensor, tensor}, options);
}

TEST(gradient_norm, of_nothing_is_zero) {
  auto result = sized<gradstep_norm_result>();
  result.norm = 77;
  EXPECT_EQ(gradstep_gradient_norm(serial(), nullptr, 0, &result), GRADSTEP_OK);
  EXPECT_EQ(result.norm, 0);
  EXPECT_EQ(result.non_finite_count, 0U);
}

// ---- Defects of others' kernels ---------------------------------------------------------------

TEST_P(edges, every_element_is_stored_at_multiples_of_the_vector_width) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    for (const std::size_t count : {4U, 8U, 16U, 32U, 64U, 128U, 256U}) {
      auto target = v.make(count);
      multiply(target.param, 1e-3);  // so that small steps show
      const auto before = target.param;
      apply_one(serial(), v.rule.get(), target, at_step(1));
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_NE(target.param.bits(i), before.bits(i)) << "element " << i << " of " << count;
      }
    }
  });
}

TEST_P(edges, one_long_tensor_is_split) {
  const auto rule = make_rule(GetParam());
  const auto context = make_context(split_options(2));
  auto target = make_parameter(GetParam(), rule.get(), std::size_t{64} * 100, {});
  EXPECT_GT(apply_one(context.get(), rule.get(), target, at_step(1)), 1U);
}

TEST(defects, adam_beta_powers_are_exact_at_step_ten) {
  for (const char* name : {"adam", "adamw"}) {
    if (!has_rule(name)) continue;
    const auto rule = make_rule(name, {{"weight_decay", 0}, {"eps", 1e-30}, {"lr", 1}});
    auto target = make_parameter(name, rule.get(), 9, {});
    target.param.fill(0);
    target.grad.fill(1);
    apply_one(serial(), rule.get(), target, at_step(10));
    const double c1 = 1 - std::pow(0.9, 10);
    const double c2 = 1 - std::pow(0.999, 10);
    const double wanted = -(1 - 0.9) / c1 / std::sqrt((1 - 0.999) / c2);
    EXPECT_NEAR(target.param.get(8), wanted, 4e-7 * std::abs(wanted));
  }
}

TEST(defects, adam_one_minus_beta2_is_rounded_once) {
  for (const char* name : {"adam", "adamw"}) {
    if (!has_rule(name)) continue;
    const auto rule = make_rule(name);
    auto target = make_parameter(name, rule.get(), 9, {});
    target.grad.fill(1);
    apply_one(serial(), rule.get(), target, at_step(1));
    EXPECT_EQ(target.slots[1]->get(8), static_cast<float>(1 - 0.999));
  }
}

TEST(defects, adagrad_decay_reaches_the_numerator) {
  if (!has_rule("adagrad")) GTEST_SKIP() << "the library has no adagrad";
  const auto rule = make_rule("adagrad", {{"weight_decay", 1}, {"lr", 0.5}});
  auto target = make_parameter("adagrad", rule.get(), 9, {});
  target.param.fill(2);
  target.grad.fill(-1);
  apply_one(serial(), rule.get(), target, at_step(1));  // g = -1 + 2 = 1
  EXPECT_EQ(target.slots[0]->get(8), 1);
  EXPECT_EQ(target.param.get(8), 1.5);
}

TEST(defects, learning_rate_keeps_its_precision) {
  if (!has_rule("sgd")) GTEST_SKIP() << "the library has no sgd";
  const auto rule = make_rule("sgd", {{"lr", 1e-3}});
  for (const dtypes types : same_dtypes) {
    auto target = make_parameter("sgd", rule.get(), 9, types);
    target.param.fill(0);
    target.grad.fill(1);
    apply_one(serial(), rule.get(), target, at_step(1));
    const double wanted = types.param == GRADSTEP_FLOAT32 ? static_cast<float>(1e-3) : 1e-3;
    EXPECT_EQ(target.param.get(8), -wanted);
  }
}

TEST(defects, centered_rmsprop_under_a_constant_gradient) {
  if (!has_rule("rmsprop")) GTEST_SKIP() << "the library has no rmsprop";
  for (const double eps_inside : {0.0, 1.0}) {
    const auto rule = make_rule(
        "rmsprop", {{"centered", 1}, {"alpha", 0.9}, {"eps", 1e-30}, {"eps_inside", eps_inside}});
    for (const dtypes types : same_dtypes) {
      auto target = make_parameter("rmsprop", rule.get(), 200, types);
      for (std::uint64_t step = 1; step <= 1000; ++step) {
        apply_one(serial(), rule.get(), target, at_step(step));
      }
      EXPECT_FALSE(has_nan(target)) << to_text(types);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
