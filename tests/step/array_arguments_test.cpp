// SPDX-License-Identifier: Apache-2.0
//
// Calls that take arrays as arguments have the bits of those that take structs, and their sentences
// name the arguments.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

/// The arguments of gradstep_apply_arrays.
struct step_arguments {
  const gradstep_context* context = serial_context();
  const gradstep_rule* rule = nullptr;
  std::uint64_t step = 1, count = 0, rows = 0, columns = 0;
  gradstep_array param = {}, grad = {};
  std::int32_t slot_dtype = 0;
  std::array<void*, 8> slots = {};
  double* scalars = nullptr;
  const gradstep_apply_options* options = nullptr;
  gradstep_apply_result* result = nullptr;

  gradstep_status apply() const {
    return gradstep_apply_arrays(context, rule, step, count, rows, columns, param.dtype, param.data,
                                 grad.dtype, grad.data, slot_dtype, slots[0], slots[1], slots[2],
                                 slots[3], slots[4], slots[5], slots[6], slots[7], scalars, options,
                                 result);
  }
};

/// The arguments for the tensor of a parameter. `scalars`: of both scopes; empty for none.
step_arguments arguments_for(const gradstep_rule* rule, stored_parameter& target,
                             std::vector<double>& scalars) {
  const auto view = target.view();
  const gradstep_tensor& t = view.tensor;
  step_arguments a;
  a.rule = rule;
  a.count = t.count;
  a.rows = t.rows;
  a.columns = t.columns;
  a.param = t.param;
  a.grad = t.grad;
  for (std::size_t s = 0; s < t.slot_count; ++s) a.slots[s] = view.slots[s].data;
  a.scalars = scalars.empty() ? nullptr : scalars.data();
  return a;
}

class array_arguments_of : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, array_arguments_of, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

/// Three steps with structs and with arguments.
void expect_same_steps(const std::string& rule_name, const gradstep_rule* rule, const storage& how,
                       matrix_shape shape, std::uint64_t flags) {
  stored_parameter wanted(rule, rule_name, how, 210, 1, 0, shape);
  stored_parameter got = wanted;
  std::vector<double> scalars = got.scalars;
  scalars.insert(scalars.end(), got.shared_scalars.begin(), got.shared_scalars.end());
  auto arguments = arguments_for(rule, got, scalars);
  arguments.slot_dtype = how.slot == how.param ? 0 : how.slot;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    wanted.set_gradient(step);
    got.set_gradient(step);
    auto options = apply_options(flags, step);
    const auto with_struct = apply_stored(serial_context(), rule, wanted, options);
    auto result = sized<gradstep_apply_result>();
    arguments.step = step;
    options.step = step == 2 ? 0 : step;           // both are allowed
    const bool is_random = how.slot != how.param;  // then the seed counts
    arguments.options = flags == 0 && step == 1 && !is_random ? nullptr : &options;
    arguments.result = &result;
    expect_ok(arguments.apply());
    EXPECT_EQ(result.grad_norm, with_struct.grad_norm);
    EXPECT_EQ(result.clip_factor, with_struct.clip_factor);
    EXPECT_EQ(result.piece_count, with_struct.piece_count);
    const auto own = got.scalars.size();
    got.scalars.assign(scalars.begin(), scalars.begin() + static_cast<std::ptrdiff_t>(own));
    got.shared_scalars.assign(scalars.begin() + static_cast<std::ptrdiff_t>(own), scalars.end());
    EXPECT_TRUE(got.bytes() == wanted.bytes());
  }
}

TEST_P(array_arguments_of, a_step_give_the_bits_of_the_structs) {
  const auto rule = make_rule(GetParam(), richest_options(GetParam()));
  constexpr std::int32_t f64 = GRADSTEP_FLOAT64;
  const std::vector<storage> storages = {
      {},
      {.param = f64, .grad = f64, .slot = f64},
      {.param = GRADSTEP_BFLOAT16, .grad = GRADSTEP_FLOAT16, .slot = GRADSTEP_FLOAT16},
      {.grad = GRADSTEP_BFLOAT16, .slot = GRADSTEP_FLOAT16}};
  for (const storage& how : storages) {
    for (const matrix_shape shape : {matrix_shape{}, matrix_shape{5, 7}}) {
      for (const std::uint64_t flags :
           {std::uint64_t{0}, all_flags & ~std::uint64_t{GRADSTEP_APPLY_ZERO_GRAD}}) {
        SCOPED_TRACE(to_text(how) + ", columns " + std::to_string(shape.columns));
        expect_same_steps(GetParam(), rule.get(), how, shape, flags);
        if (HasFailure()) return;
      }
    }
  }
}

TEST(array_arguments, of_an_empty_tensor) {
  const auto rule = make_rule("adamw");
  step_arguments arguments;
  arguments.rule = rule.get();
  arguments.param.dtype = arguments.grad.dtype = GRADSTEP_FLOAT32;
  expect_ok(arguments.apply());
}

// ---- Misuse -------------------------------------------------------------------------------------

class array_argument_misuse : public testing::Test {
 protected:
  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = target.bytes();
    auto result = sized<gradstep_apply_result>();
    result.piece_count = 77;
    if (arguments.result == nullptr) arguments.result = &result;
    expect_failure(arguments.apply(), status, words);
    const std::string sentence = gradstep_last_error();
    EXPECT_EQ(sentence.find("tensor"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('.'), sentence.find("options.") == 0 ? 7 : std::string::npos)
        << sentence;
    EXPECT_TRUE(target.bytes() == before);
    EXPECT_EQ(result.piece_count, 77U);
    arguments = good;
  }

  rule_handle rule = make_rule("adamw");
  stored_parameter target{rule.get(), "adamw", {}, 40};
  std::vector<double> none;
  const step_arguments good = arguments_for(rule.get(), target, none);
  step_arguments arguments = good;
  gradstep_apply_options options = apply_options(0);
};

TEST_F(array_argument_misuse, null) {
  arguments.context = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"context is NULL"});
  arguments.rule = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"rule is NULL"});
  arguments.param.data = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param is NULL"});
  arguments.grad.data = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad is NULL"});
  arguments.slots[1] = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot1 is NULL"});
}

TEST_F(array_argument_misuse, slots) {
  arguments.slots[3] = arguments.slots[0];
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot3 is set", "adamw has 3 slots"});
  arguments.slots[1] = arguments.slots[0];
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"overlap", "slot0 at", "slot1 at"});
  arguments.slots[0] = static_cast<char*>(arguments.slots[0]) + 2;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot0 = ", "aligned"});
  arguments.grad.data = arguments.param.data;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"overlap", "param at", "grad at"});
}

TEST_F(array_argument_misuse, dtypes) {
  for (const std::int32_t wrong : {0, 5, 99, -1}) {
    arguments.param.dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param_dtype = " + std::to_string(wrong)});
    arguments.grad.dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad_dtype = " + std::to_string(wrong)});
  }
  for (const std::int32_t wrong : {GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256}) {
    arguments.slot_dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT,
                   {"slot_dtype = " + std::to_string(wrong), "8-bit", "gradstep_apply"});
  }
  for (const std::int32_t wrong : {7, 99, -1}) {
    arguments.slot_dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot_dtype = " + std::to_string(wrong)});
  }
  arguments.slot_dtype = GRADSTEP_FLOAT64;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot_dtype = 2", "exp_avg", "param_dtype = 1"});
}

TEST_F(array_argument_misuse, counts_and_shapes) {
  arguments.count = SIZE_MAX / 4;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"count = "});
  arguments.rows = 3;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"rows = 3 and columns = 0"});
  arguments.rows = arguments.columns = 3;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"count = 40 is no multiple of rows = 3"});
  arguments.rows = arguments.columns = SIZE_MAX;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"rows = ", "2^64"});
}

TEST_F(array_argument_misuse, options) {
  for (const std::uint64_t wrong : {std::uint64_t{0}, (std::uint64_t{1} << 53) + 1}) {
    arguments.step = wrong;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"step = " + std::to_string(wrong)});
  }
  arguments.options = &options;
  arguments.step = 2;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"options.step = 1", "step = 2"});
  double scalar = 0;
  options.scalars = &scalar;
  options.scalar_count = 1;
  arguments.options = &options;
  expect_refused(GRADSTEP_INVALID_ARGUMENT,
                 {"options.scalars or options.scalar_count is set", "scalars"});
  options = apply_options(std::uint64_t{1} << 50);
  arguments.options = &options;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"options.flags"});
  auto wrong_result = sized<gradstep_apply_result>();
  wrong_result.struct_size = 1;
  arguments.result = &wrong_result;
  expect_failure(arguments.apply(), GRADSTEP_INVALID_ARGUMENT, {"result.struct_size"});
}

TEST_F(array_argument_misuse, scalars) {
  double scalar = 1;
  arguments.scalars = &scalar;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"scalars is set", "adamw has no scalars"});
  for (const std::string name : {"nadam", "prodigy"}) {
    const auto other = make_rule(name);
    stored_parameter its_target(other.get(), name, {}, 40);
    arguments = arguments_for(other.get(), its_target, none);
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"scalars is NULL"});
    arguments = arguments_for(other.get(), its_target, none);
    arguments.scalars = reinterpret_cast<double*>(reinterpret_cast<char*>(&scalar) + 1);
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"scalars = ", "aligned"});
  }
}

TEST_F(array_argument_misuse, a_transformed_param) {
  const auto schedule_free = make_rule("schedule_free_adamw");
  stored_parameter evaluated(schedule_free.get(), "schedule_free_adamw", {}, 40);
  const auto view = evaluated.view();
  expect_ok(gradstep_transform(serial_context(), schedule_free.get(), &view.tensor, 1, "evaluate"));
  arguments = arguments_for(schedule_free.get(), evaluated, evaluated.scalars);
  expect_failure(arguments.apply(), GRADSTEP_WRONG_ORDER, {"scalars[", "is_evaluated"});
  EXPECT_EQ(std::string(gradstep_last_error()).find("tensor"), std::string::npos);
}

// ---- An optimizer -------------------------------------------------------------------------------

TEST(array_arguments, added_to_an_optimizer_give_the_bits_of_the_structs) {
  const auto rule = make_rule("adafactor");
  std::vector<std::vector<std::byte>> bytes;
  for (const bool takes_arrays : {false, true}) {
    stored_parameter target(rule.get(), "adafactor", {.grad = GRADSTEP_BFLOAT16}, 70, 1, 0, {5, 7});
    const auto optimizer = make_optimizer(serial_context());
    add_group(optimizer.get(), "all", rule.get());
    auto tensor = target.view().tensor;
    std::size_t index = 77;
    if (takes_arrays) {
      expect_ok(gradstep_optimizer_add_arrays(optimizer.get(), 0, "weight", 70, 5, 7,
                                              tensor.param.dtype, tensor.param.data,
                                              tensor.grad.dtype, tensor.grad.data, &index));
    } else {
      tensor.slots = nullptr;
      tensor.slot_count = 0;
      tensor.scalars = nullptr;
      tensor.scalar_count = 0;
      expect_ok(gradstep_optimizer_add_tensor(optimizer.get(), 0, "weight", &tensor, &index));
    }
    EXPECT_EQ(index, 0U);
    for (int step = 0; step < 3; ++step) {
      expect_ok(gradstep_optimizer_step(optimizer.get(), nullptr, nullptr));
    }
    bytes.push_back(target.bytes());
  }
  EXPECT_TRUE(bytes[0] == bytes[1]);
}

TEST(array_arguments, added_to_an_optimizer_are_checked) {
  const auto rule = make_rule("sgd");
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", rule.get());
  std::vector<float> param(10), grad(10);
  const auto add = [&](std::size_t group, const char* name, std::uint64_t rows,
                       std::int32_t param_dtype, void* params, std::int32_t grad_dtype,
                       void* grads) {
    return gradstep_optimizer_add_arrays(optimizer.get(), group, name, 10, rows, rows, param_dtype,
                                         params, grad_dtype, grads, nullptr);
  };
  constexpr std::int32_t f32 = GRADSTEP_FLOAT32;
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  const auto expect_arguments = [&](gradstep_status status, const std::string& words) {
    expect_failure(status, invalid, {words});
    EXPECT_EQ(std::string(gradstep_last_error()).find("tensor"), std::string::npos);
  };
  expect_failure(gradstep_optimizer_add_arrays(nullptr, 0, "a", 10, 0, 0, f32, param.data(), f32,
                                               nullptr, nullptr),
                 invalid, {"optimizer is NULL"});
  expect_failure(add(1, "a", 0, f32, param.data(), f32, nullptr), GRADSTEP_OUT_OF_RANGE,
                 {"group = 1"});
  expect_failure(add(0, nullptr, 0, f32, param.data(), f32, nullptr), invalid, {"name"});
  expect_arguments(add(0, "a", 3, f32, param.data(), f32, nullptr), "count = 10");
  expect_arguments(add(0, "a", 0, 9, param.data(), f32, nullptr), "param_dtype = 9");
  expect_arguments(add(0, "a", 0, f32, nullptr, f32, nullptr), "param is NULL");
  expect_arguments(add(0, "a", 0, f32, param.data(), 9, nullptr), "grad_dtype = 9");
  expect_arguments(add(0, "a", 0, f32, param.data(), f32, param.data()), "param at");
  auto info = sized<gradstep_optimizer_info>();
  expect_ok(gradstep_optimizer_describe(optimizer.get(), &info));
  EXPECT_EQ(info.tensor_count, 0U);
  expect_ok(add(0, "a", 0, f32, param.data(), f32, nullptr));
  expect_failure(add(0, "a", 0, f32, grad.data(), f32, nullptr), invalid, {"name", "\"a\""});
  expect_failure(add(0, "b", 0, f32, param.data(), f32, nullptr), invalid, {"overlap"});
}

}  // namespace
}  // namespace gradstep_test
