// SPDX-License-Identifier: Apache-2.0
//
// State that is handed from one optimizer to another, array by array and number by number.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/schedule_setup.hpp"
#include "support/stored_array.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using doubles = std::vector<double>;

// ---- Runs that go on elsewhere ----------------------------------------------------------------

/// Two tensors under a rule with a schedule: flat, and with rows and columns.
struct small_run {
  small_run(const std::string& rule_name, const option_values& options, std::int32_t dtype,
            std::int32_t slot_dtype)
      : rule_name(rule_name), flat(37, dtype, 1), matrix(60, dtype, 2) {
    const auto rule = make_rule(rule_name, options);
    auto group = group_options("all", rule.get());
    group.schedule = cosine.get();
    group.slot_dtype = slot_dtype;
    add_group(optimizer.get(), group);
    add_tensor(optimizer.get(), 0, "flat", flat.tensor());
    auto shaped = matrix.tensor();
    shaped.rows = 6;
    shaped.columns = 10;
    add_tensor(optimizer.get(), 0, "matrix", shaped);
  }

  void step_to(std::uint64_t last) {
    while (step_count < last) {
      ++step_count;
      flat.set_gradient(step_count);
      matrix.set_gradient(step_count + 500);
      step(optimizer.get());
    }
  }

  /// Takes over the state of another run: params, slots, scalars and counts.
  void continue_from(const small_run& other) {
    for (std::size_t t = 0; t < 2; ++t) {
      for (const auto& name : array_names_of(rule_name)) hand_over(other, t, name);
      for (const auto& info : scalars_of(rule_name)) {
        double value = 0;
        expect_ok(gradstep_optimizer_get_scalar(other.optimizer.get(), t, info.name, &value));
        expect_ok(gradstep_optimizer_set_scalar(optimizer.get(), t, info.name, value));
      }
      const auto count = describe_tensor(other.optimizer.get(), t).step_count;
      expect_ok(gradstep_optimizer_set_tensor_step_count(optimizer.get(), t, count));
    }
    step_count = other.step_count;
    expect_ok(gradstep_optimizer_set_step_count(optimizer.get(),
                                                describe(other.optimizer.get()).step_count));
  }

  void hand_over(const small_run& other, std::size_t tensor, const std::string& name) {
    gradstep_array there{};
    std::size_t count = 0;
    if (gradstep_optimizer_get_array(other.optimizer.get(), tensor, name.c_str(), &there, &count) !=
        GRADSTEP_OK) {
      return;
    }
    number_array between(there.dtype, count);
    const auto array = between.view();
    expect_ok(gradstep_optimizer_export_array(other.optimizer.get(), tensor, name.c_str(), &array,
                                              count));
    expect_ok(
        gradstep_optimizer_import_array(optimizer.get(), tensor, name.c_str(), &array, count));
  }

  std::string rule_name;
  schedule_handle cosine = make_schedule("cosine", {{"total_steps", 30}});
  plain_tensor flat, matrix;
  optimizer_handle optimizer = make_optimizer(serial_context());
  std::uint64_t step_count = 0;
};

/// Every rule, with each combination of its options: 12 steps, the state handed over, 12 more.
TEST(given_run, goes_on_to_the_bit) {
  for (const auto& rule_name : rule_names()) {
    for (const auto& options : option_combinations(rule_name)) {
      for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
        for (const std::int32_t slot_dtype : {0, GRADSTEP_BFLOAT16}) {
          SCOPED_TRACE(rule_name + ", dtype " + std::to_string(dtype));
          small_run whole(rule_name, options, dtype, slot_dtype),
              second(rule_name, options, dtype, slot_dtype);
          whole.step_to(12);
          second.continue_from(whole);
          ASSERT_EQ(everything_in(second.optimizer.get()), everything_in(whole.optimizer.get()));
          whole.step_to(24);
          second.step_to(24);
          ASSERT_EQ(everything_in(second.optimizer.get()), everything_in(whole.optimizer.get()));
          ASSERT_EQ(second.flat.bits(), whole.flat.bits());
          ASSERT_EQ(second.matrix.bits(), whole.matrix.bits());
        }
      }
    }
  }
}

// ---- Counts -----------------------------------------------------------------------------------

using given_state = optimizer_misuse;

TEST_F(given_state, counts_of_steps) {
  expect_ok(gradstep_optimizer_set_step_count(get(), 41));
  EXPECT_EQ(describe(get()).step_count, 41U);
  expect_ok(gradstep_optimizer_set_tensor_step_count(get(), 1, 7));
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 1U);
  EXPECT_EQ(describe_tensor(get(), 1).step_count, 7U);
  expect_ok(gradstep_optimizer_set_tensor_step_count(get(), GRADSTEP_ALL_TENSORS, 9));
  step(get());
  EXPECT_EQ(describe(get()).step_count, 42U);
  for (const std::size_t t : {0U, 1U}) EXPECT_EQ(describe_tensor(get(), t).step_count, 10U);
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  expect_ok(gradstep_optimizer_set_step_count(get(), most));
  expect_ok(gradstep_optimizer_set_tensor_step_count(get(), 0, most));
  before = everything_in(get());
  refused(gradstep_optimizer_set_step_count(get(), most + 1), GRADSTEP_OUT_OF_RANGE,
          {"step_count = 9007199254740993", "2^53"});
  refused(gradstep_optimizer_set_tensor_step_count(get(), 0, UINT64_MAX), GRADSTEP_OUT_OF_RANGE,
          {"step_count = 18446744073709551615", "2^53"});
  refused(gradstep_optimizer_set_tensor_step_count(get(), 2, 1), GRADSTEP_OUT_OF_RANGE,
          {"tensor = 2"});
  refused(gradstep_optimizer_set_step_count(nullptr, 1), GRADSTEP_INVALID_ARGUMENT,
          {"optimizer is NULL"});
  refused(gradstep_optimizer_set_tensor_step_count(nullptr, 0, 1), GRADSTEP_INVALID_ARGUMENT,
          {"optimizer is NULL"});
  refused(gradstep_optimizer_step(get(), nullptr, nullptr), GRADSTEP_OUT_OF_RANGE, {"2^53"});
}

/// Momentum goes on from what the slot holds, with dampening; after 0 it begins with the gradient.
TEST_F(given_state, decides_whether_slots_are_fresh) {
  const auto damped = make_rule("sgd", {{"momentum", 0.5}, {"dampening", 0.5}, {"lr", 0}});
  const auto group = add_group(get(), "damped", damped.get());
  const auto index = add_tensor(get(), group, "d", fresh.tensor());
  const auto buffer = [&] { return read_array(get(), index, "momentum_buffer"); };
  doubles grad;
  for (std::size_t i = 0; i < 20; ++i) grad.push_back(fresh.grad.get(i));
  const auto mixed_with = [&](double start) {
    doubles wanted;
    for (const double g : grad) wanted.push_back(static_cast<float>(0.5 * start + 0.5 * g));
    return wanted;
  };
  expect_ok(gradstep_optimizer_set_tensor_step_count(get(), index, 3));
  step(get());
  EXPECT_EQ(buffer(), mixed_with(0));
  doubles ones(20, 1.0);
  const auto array = array_of(GRADSTEP_FLOAT64, ones.data());
  for (const bool is_count_first : {false, true}) {
    expect_ok(gradstep_optimizer_set_tensor_step_count(get(), index, 0));
    if (is_count_first) expect_ok(gradstep_optimizer_set_tensor_step_count(get(), index, 3));
    expect_ok(gradstep_optimizer_import_array(get(), index, "momentum_buffer", &array, 20));
    if (!is_count_first) expect_ok(gradstep_optimizer_set_tensor_step_count(get(), index, 3));
    step(get());
    EXPECT_EQ(buffer(), mixed_with(1));
  }
  // What the slot holds stays, but there is no dampening.
  doubles zeros(20, 0.0);
  const auto zero = array_of(zeros.data());
  expect_ok(gradstep_optimizer_import_array(get(), index, "momentum_buffer", &zero, 20));
  expect_ok(gradstep_optimizer_set_tensor_step_count(get(), index, 0));
  step(get());
  EXPECT_EQ(buffer(), grad);
}

/// A slot that the rule begins to use late is fresh, unless its contents are imported.
TEST_F(given_state, imported_slots_are_not_fresh) {
  const auto plain = make_rule("sgd", {{"dampening", 0.5}});
  const auto group = add_group(get(), "plain", plain.get());
  plain_tensor other(20);
  const std::size_t tensors[] = {add_tensor(get(), group, "fresh", fresh.tensor()),
                                 add_tensor(get(), group, "imported", other.tensor())};
  step(get());
  expect_ok(gradstep_optimizer_set_hyperparameter(get(), group, "momentum", 0.9));
  doubles zeros(20, 0.0), grad, half;
  const auto from = array_of(zeros.data());
  expect_ok(gradstep_optimizer_import_array(get(), tensors[1], "momentum_buffer", &from, 20));
  for (std::size_t i = 0; i < 20; ++i) {
    grad.push_back(fresh.grad.get(i));
    half.push_back(0.5 * other.grad.get(i));
  }
  step(get());
  EXPECT_EQ(read_array(get(), tensors[0], "momentum_buffer"), grad);
  EXPECT_EQ(read_array(get(), tensors[1], "momentum_buffer"), half);
}

// ---- Arrays -----------------------------------------------------------------------------------

doubles widened(const stored_array& array) {
  doubles values;
  for (std::size_t i = 0; i < array.size(); ++i) values.push_back(array.widen(i));
  return values;
}

/// Import and export round to nearest, as the reference of the tests does.
TEST_F(given_state, converts_between_all_dtypes) {
  constexpr std::size_t count = 5000;
  plain_tensor large(count);
  doubles values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(std::abs(log_uniform_value(3, i)));
  for (const std::int32_t theirs : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64, GRADSTEP_BFLOAT16,
                                    GRADSTEP_FLOAT16, GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256}) {
    for (const std::int32_t ours : slot_dtypes) {
      SCOPED_TRACE(std::to_string(theirs) + " and " + std::to_string(ours));
      auto narrow = group_options("narrow", adam.get());
      narrow.slot_dtype = ours;
      const auto optimizer = make_optimizer(serial_context());
      add_tensor(optimizer.get(), add_group(optimizer.get(), narrow), "t", large.tensor());
      stored_array from(theirs, count), inside(ours, count), to(theirs, count),
          wanted(theirs, count);
      from.narrow(values);
      inside.narrow(widened(from));
      wanted.narrow(widened(inside));
      const auto from_view = from.view(), to_view = to.view();
      expect_ok(
          gradstep_optimizer_import_array(optimizer.get(), 0, "exp_avg_sq", &from_view, count));
      expect_same_array(optimizer.get(), 0, "exp_avg_sq", inside);
      expect_ok(gradstep_optimizer_export_array(optimizer.get(), 0, "exp_avg_sq", &to_view, count));
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(to.bits(i), wanted.bits(i)) << i;
    }
  }
}

/// Equal dtypes keep every bit: NaNs with their payloads, and -0.
TEST_F(given_state, copies_equal_dtypes_to_the_bit) {
  const std::uint32_t bits[] = {0x7F800001, 0xFFC12345, 0x80000000, 0x00000001, 0x7F7FFFFF};
  std::uint32_t values[20] = {}, back[20] = {};
  std::memcpy(values, bits, sizeof bits);
  const auto from = array_of(GRADSTEP_FLOAT32, values), to = array_of(GRADSTEP_FLOAT32, back);
  for (const char* name : {"exp_avg", "param"}) {
    expect_ok(gradstep_optimizer_import_array(get(), 0, name, &from, 20));
    expect_ok(gradstep_optimizer_export_array(get(), 0, name, &to, 20));
    EXPECT_EQ(std::memcmp(values, back, sizeof values), 0);
  }
}

/// Gaps of either array are neither read nor written.
TEST_F(given_state, leaves_gaps_alone) {
  number_array param(GRADSTEP_FLOAT32, 5 * 7);
  auto tensor = fresh.tensor();
  tensor.param = param.view();
  tensor.param.pitch = 7;
  tensor.rows = 5;
  tensor.columns = 4;
  const auto index = add_tensor(get(), 0, "gapped", tensor);
  std::vector<float> theirs(5 * 6, -1.0F);
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    if (i % 6 < 4) theirs[i] = static_cast<float>(i);
  }
  auto from = array_of(theirs.data());
  from.pitch = 6;
  expect_ok(gradstep_optimizer_import_array(get(), index, "param", &from, 20));
  for (std::size_t i = 0; i < 35; ++i) {
    EXPECT_EQ(param.get(i), i % 7 < 4 ? static_cast<double>(i / 7 * 6 + i % 7) : 0) << i;
  }
  std::vector<double> back(5 * 5, -1.0);
  auto to = array_of(back.data());
  to.pitch = 5;
  expect_ok(gradstep_optimizer_export_array(get(), index, "param", &to, 20));
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(back[i], i % 5 < 4 ? static_cast<double>(i / 5 * 6 + i % 5) : -1) << i;
  }
  expect_ok(gradstep_optimizer_import_array(get(), index, "exp_avg", &to, 20));
  EXPECT_EQ(read_array(get(), index, "exp_avg")[5], 7);
}

/// One case per field, so it is long.
TEST_F(given_state, arrays_that_are_refused) {
  auto narrow = group_options("factored", nullptr);
  const auto adafactor = make_rule("adafactor");
  narrow.rule = adafactor.get();
  auto shaped = fresh.tensor();
  shaped.rows = 5;
  shaped.columns = 4;
  const auto index = add_tensor(get(), add_group(get(), narrow), "shaped", shaped);
  before = everything_in(get());
  std::vector<double> values(40);
  std::vector<float> scales(1);
  const auto plain = array_of(values.data());
  const auto with = [&](auto change) {
    auto array = plain;
    change(array);
    return array;
  };
  const struct {
    std::size_t tensor;
    const char* name;
    gradstep_array array;
    std::size_t count;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {3, "exp_avg", plain, 20, GRADSTEP_OUT_OF_RANGE, {"tensor = 3"}},
      {0, "exp_average", plain, 20, GRADSTEP_UNKNOWN_NAME, {"\"exp_average\"", "\"exp_avg\""}},
      {0, "average", plain, 20, GRADSTEP_UNSUPPORTED, {"\"a.weight\"", "no average"}},
      {0, "accumulated_grad", plain, 20, GRADSTEP_UNSUPPORTED, {"no accumulated_grad"}},
      {0,
       "exp_avg",
       plain,
       19,
       GRADSTEP_INVALID_ARGUMENT,
       {"count = 19", "exp_avg", "20 elements"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.data = nullptr; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".data is NULL"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.dtype = 9; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".dtype = 9"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.flags = 1; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".flags = 0x1"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.data = static_cast<char*>(a.data) + 4; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".data", "aligned", "8 bytes"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.pitch = 4; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".pitch = 4", "no rows"}},
      {index,
       "param",
       with([](auto& a) { a.pitch = 3; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".pitch = 3", "columns = 4"}},
      {index,
       "param",
       with([](auto& a) { a.pitch = -4; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".pitch = -4"}},
      {index,
       "param",
       with([](auto& a) { a.pitch = INT64_MAX; }),
       20,
       GRADSTEP_OUT_OF_RANGE,
       {".pitch = 9223372036854775807", "5 rows"}},
      {index,
       "row_var",
       with([](auto& a) { a.pitch = 4; }),
       5,
       GRADSTEP_INVALID_ARGUMENT,
       {".pitch = 4", "one number per element"}},
      {0,
       "exp_avg",
       with([](auto& a) { a.dtype = GRADSTEP_S1E4M3_B256; }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".extra is NULL", "256"}},
      {0,
       "exp_avg",
       with([&](auto& a) {
         a.dtype = GRADSTEP_E5M3_B256;
         a.extra = scales.data();
       }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {"GRADSTEP_E5M3_B256", "exp_avg", "below 0"}},
      {index,
       "param",
       with([&](auto& a) {
         a.dtype = GRADSTEP_S1E4M3_B256;
         a.extra = scales.data();
         a.pitch = 8;
       }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {".pitch = 8", "8-bit"}},
      {0,
       "param",
       with([&](auto& a) {
         a = array_of(GRADSTEP_FLOAT32, a.data);
         a.data = this->a.param.data();
       }),
       20,
       GRADSTEP_INVALID_ARGUMENT,
       {"overlaps param"}},
  };
  for (const auto& [tensor, name, array, count, status, words] : cases) {
    SCOPED_TRACE(words[0]);
    refused(gradstep_optimizer_export_array(get(), tensor, name, &array, count), status, words);
    refused(gradstep_optimizer_import_array(get(), tensor, name, &array, count), status, words);
  }
  for (const char* own : {"exp_avg", "exp_avg_sq"}) {
    gradstep_array array{};
    expect_ok(gradstep_optimizer_get_array(get(), 0, own, &array, nullptr));
    refused(gradstep_optimizer_export_array(get(), 0, "param", &array, 20),
            GRADSTEP_INVALID_ARGUMENT, {"to.data", "overlaps", own});
  }
  refused(gradstep_optimizer_export_array(get(), 0, nullptr, &plain, 20), GRADSTEP_INVALID_ARGUMENT,
          {"array_name is NULL"});
  refused(gradstep_optimizer_export_array(get(), 0, "param", nullptr, 20),
          GRADSTEP_INVALID_ARGUMENT, {"to is NULL"});
  refused(gradstep_optimizer_import_array(get(), 0, "param", nullptr, 20),
          GRADSTEP_INVALID_ARGUMENT, {"from is NULL"});
  refused(gradstep_optimizer_export_array(nullptr, 0, "param", &plain, 20),
          GRADSTEP_INVALID_ARGUMENT, {"optimizer is NULL"});
  refused(gradstep_optimizer_import_array(nullptr, 0, "param", &plain, 20),
          GRADSTEP_INVALID_ARGUMENT, {"optimizer is NULL"});
}

TEST_F(given_state, of_an_accumulated_gradient) {
  expect_ok(gradstep_optimizer_accumulate(get(), 0, 1));
  doubles threes(20, 3.0);
  const auto from = array_of(threes.data());
  expect_ok(gradstep_optimizer_import_array(get(), 0, "accumulated_grad", &from, 20));
  EXPECT_EQ(read_array(get(), 0, "accumulated_grad"), threes);
  EXPECT_EQ(describe_tensor(get(), 0).accumulate_count, 1U);
}

// ---- Scalars ----------------------------------------------------------------------------------

TEST_F(given_state, scalars) {
  const auto nadam = make_rule("nadam"), prodigy = make_rule("prodigy"),
             free = make_rule("schedule_free_adamw");
  plain_tensor other(20), third(20);
  const std::size_t n = add_tensor(get(), add_group(get(), "n", nadam.get()), "n", fresh.tensor());
  const std::size_t p =
      add_tensor(get(), add_group(get(), "p", prodigy.get()), "p", other.tensor());
  const std::size_t f = add_tensor(get(), add_group(get(), "f", free.get()), "f", third.tensor());
  const auto value_of = [&](std::size_t tensor, const char* name) {
    double value = 0;
    expect_ok(gradstep_optimizer_get_scalar(get(), tensor, name, &value));
    return value;
  };
  expect_ok(gradstep_optimizer_set_scalar(get(), n, "mu_product", 0.25));
  EXPECT_EQ(value_of(n, "mu_product"), 0.25);
  const auto shared = read_scalars(get(), p, GRADSTEP_SCOPE_ALL);
  expect_ok(gradstep_optimizer_set_scalar(get(), p, "d", 0.5));
  const auto after = read_scalars(get(), p, GRADSTEP_SCOPE_ALL);
  EXPECT_EQ(after[0], 0.5);
  for (std::size_t i = 1; i < shared.size(); ++i) EXPECT_EQ(after[i], shared[i]) << i;
  expect_ok(gradstep_optimizer_set_scalar(get(), p, "d_max", 0.5));
  step(get());
  EXPECT_GE(value_of(p, "d"), 0.5);
  expect_ok(gradstep_optimizer_set_scalar(get(), f, "is_evaluated", 1));
  expect_failure(gradstep_optimizer_step(get(), nullptr, nullptr), GRADSTEP_WRONG_ORDER,
                 {"\"f\"", "transformed"});
  expect_ok(gradstep_optimizer_set_scalar(get(), f, "is_evaluated", 0));
  step(get());
  before = everything_in(get());
  refused(gradstep_optimizer_set_scalar(get(), f, "is_evaluated", 0.5), GRADSTEP_OUT_OF_RANGE,
          {"value = 0.5", "is_evaluated"});
  for (const double value : {nan_value, infinite, -infinite}) {
    refused(gradstep_optimizer_set_scalar(get(), p, "d", value), GRADSTEP_OUT_OF_RANGE,
            {"value = ", "not finite"});
  }
  refused(gradstep_optimizer_set_scalar(get(), p, "e", 1), GRADSTEP_UNKNOWN_NAME,
          {"\"e\"", "prodigy"});
  refused(gradstep_optimizer_set_scalar(get(), 0, "d", 1), GRADSTEP_UNKNOWN_NAME, {"adam"});
  refused(gradstep_optimizer_set_scalar(get(), 9, "d", 1), GRADSTEP_OUT_OF_RANGE, {"tensor = 9"});
  refused(gradstep_optimizer_set_scalar(get(), p, nullptr, 1), GRADSTEP_INVALID_ARGUMENT,
          {"name is NULL"});
  refused(gradstep_optimizer_set_scalar(nullptr, p, "d", 1), GRADSTEP_INVALID_ARGUMENT,
          {"optimizer is NULL"});
}

}  // namespace
}  // namespace gradstep_test
