// SPDX-License-Identifier: Apache-2.0
//
// Every wrong argument gives its status and a sentence that names it, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

// ---- Names and texts --------------------------------------------------------------------------

TEST(names, of_statuses) {
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OK), "GRADSTEP_OK");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_INVALID_ARGUMENT), "GRADSTEP_INVALID_ARGUMENT");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_UNKNOWN_NAME), "GRADSTEP_UNKNOWN_NAME");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OUT_OF_RANGE), "GRADSTEP_OUT_OF_RANGE");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_UNSUPPORTED), "GRADSTEP_UNSUPPORTED");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OUT_OF_MEMORY), "GRADSTEP_OUT_OF_MEMORY");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_INTERNAL), "GRADSTEP_INTERNAL");
  EXPECT_STREQ(gradstep_status_name(-1), "GRADSTEP_UNKNOWN_STATUS");
  EXPECT_STREQ(gradstep_status_name(1000), "GRADSTEP_UNKNOWN_STATUS");
}

TEST(names, version_agrees_with_the_header) {
  EXPECT_EQ(gradstep_version(), 10000U * GRADSTEP_VERSION_MAJOR + 100U * GRADSTEP_VERSION_MINOR +
                                    GRADSTEP_VERSION_PATCH);
  const std::string text = std::to_string(GRADSTEP_VERSION_MAJOR) + "." +
                           std::to_string(GRADSTEP_VERSION_MINOR) + "." +
                           std::to_string(GRADSTEP_VERSION_PATCH);
  EXPECT_EQ(gradstep_version_text(), text);
}

TEST(names, past_the_end_are_null) {
  EXPECT_EQ(gradstep_rule_name(gradstep_rule_count()), nullptr);
  EXPECT_EQ(gradstep_rule_name(SIZE_MAX), nullptr);
  EXPECT_EQ(gradstep_isa_name(gradstep_isa_count()), nullptr);
  EXPECT_EQ(gradstep_isa_is_available(gradstep_isa_count()), 0);
  EXPECT_STREQ(gradstep_isa_name(0), "baseline");
  EXPECT_EQ(gradstep_isa_is_available(0), 1);
}

TEST(names, a_success_keeps_the_last_error) {
  auto info = sized<gradstep_rule_info>();
  gradstep_rule_describe("no such rule", &info);
  const std::string message = gradstep_last_error();
  EXPECT_NE(message, "");
  gradstep_rule_describe(gradstep_rule_name(0), &info);
  EXPECT_EQ(gradstep_last_error(), message);
}

TEST(names, destroy_takes_null) {
  gradstep_context_destroy(nullptr);
  gradstep_rule_destroy(nullptr);
}

// ---- Contexts ---------------------------------------------------------------------------------

void expect_no_context(const gradstep_context_options& options, gradstep_status status,
                       const std::vector<std::string>& words) {
  int marker = 0;
  auto* context = reinterpret_cast<gradstep_context*>(&marker);
  expect_failure(gradstep_context_create(&options, &context), status, words);
  EXPECT_EQ(static_cast<void*>(context), static_cast<void*>(&marker));
}

TEST(context_misuse, nulls) {
  const auto options = sized<gradstep_context_options>();
  expect_failure(gradstep_context_create(&options, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"context"});
  auto info = sized<gradstep_context_info>();
  expect_failure(gradstep_context_describe(nullptr, &info), GRADSTEP_INVALID_ARGUMENT, {"context"});
  gradstep_context* context = nullptr;
  ASSERT_EQ(gradstep_context_create(nullptr, &context), GRADSTEP_OK) << gradstep_last_error();
  const context_handle owned(context);
  expect_failure(gradstep_context_describe(context, nullptr), GRADSTEP_INVALID_ARGUMENT, {"info"});
}

TEST(context_misuse, info_struct) {
  const auto context = make_serial_context();
  check_filled_struct<gradstep_context_info>(
      [&](auto* info) { return gradstep_context_describe(context.get(), info); });
}

TEST(context_misuse, struct_size_and_unknown_bytes) {
  for (const std::size_t size : bad_sizes) {
    auto options = serial_options();
    options.struct_size = size;
    expect_no_context(options, GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  larger<gradstep_context_options> options;
  options.known.thread_count = 1;
  make_context(options.known);
  options.unknown[15] = 1;
  expect_no_context(options.known, GRADSTEP_INVALID_ARGUMENT, {"options"});
}

TEST(context_misuse, values) {
  auto options = serial_options();
  options.flags = std::uint64_t{1} << 40;
  expect_no_context(options, GRADSTEP_INVALID_ARGUMENT, {"flags"});
  options = serial_options("avx1024");
  expect_no_context(options, GRADSTEP_UNKNOWN_NAME, {"isa", "avx1024", "baseline"});
  options = serial_options();
  options.thread_count = 5000;
  expect_no_context(options, GRADSTEP_OUT_OF_RANGE, {"thread_count", "5000", "1024"});
  options = serial_options();
  options.flags = GRADSTEP_CONTEXT_PIECE_SIZE;
  expect_no_context(options, GRADSTEP_OUT_OF_RANGE, {"piece_size", "0"});
}

TEST(context_misuse, isa_that_the_machine_lacks) {
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) == 1) continue;
    expect_no_context(serial_options(gradstep_isa_name(i)), GRADSTEP_UNSUPPORTED,
                      {gradstep_isa_name(i)});
  }
}

TEST(context_misuse, piece_size_is_rounded_up) {
  auto options = split_options(1);
  options.piece_size = 65;
  const auto context = make_context(options);
  auto info = sized<gradstep_context_info>();
  ASSERT_EQ(gradstep_context_describe(context.get(), &info), GRADSTEP_OK);
  EXPECT_EQ(info.piece_size, 128U);
  EXPECT_EQ(info.serial_below, 0U);
  EXPECT_EQ(info.thread_count, 1U);
  EXPECT_STREQ(info.threading, "own arena");
}

// ---- The environment --------------------------------------------------------------------------

/// Sets an environment variable and puts the old value back.
class environment_value {
 public:
  environment_value(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  environment_value(const environment_value&) = delete;
  ~environment_value() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(environment, isa) {
  for (const auto& isa : available_isas()) {
    const environment_value variable("GRADSTEP_ISA", isa.c_str());
    EXPECT_EQ(isa_in_use(make_context(serial_options()).get()), isa);
    EXPECT_EQ(isa_in_use(make_serial_context("baseline").get()), "baseline");
  }
  const environment_value variable("GRADSTEP_ISA", "avx1024");
  expect_no_context(serial_options(), GRADSTEP_UNKNOWN_NAME, {"GRADSTEP_ISA", "avx1024"});
}

void run_nothing(void*, std::size_t, gradstep_task, void*) {}

TEST(environment, threads) {
  auto options = serial_options();
  options.thread_count = 0;
  {  // by a pool of the host's: an own arena has no more threads than there are CPUs
    const environment_value variable("GRADSTEP_THREADS", "3");
    options.parallel_for = run_nothing;
    auto info = sized<gradstep_context_info>();
    const auto context = make_context(options);
    ASSERT_EQ(gradstep_context_describe(context.get(), &info), GRADSTEP_OK);
    EXPECT_EQ(info.thread_count, 3U);
  }
  for (const char* bad : {"many", "0", "-1", "5000", "3x", "99999999999999999999"}) {
    const environment_value variable("GRADSTEP_THREADS", bad);
    SCOPED_TRACE(bad);
    gradstep_context* context = nullptr;
    const auto status = gradstep_context_create(&options, &context);
    EXPECT_TRUE(status == GRADSTEP_OUT_OF_RANGE || status == GRADSTEP_INVALID_ARGUMENT);
    expect_failure(status, status, {"GRADSTEP_THREADS", bad});
    EXPECT_EQ(context, nullptr);
  }
}

// ---- Rules ------------------------------------------------------------------------------------

class rule_misuse : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, rule_misuse, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(rule_misuse, info_structs) {
  const char* name = GetParam().c_str();
  check_filled_struct<gradstep_rule_info>(
      [&](auto* info) { return gradstep_rule_describe(name, info); });
  if (!hyperparameters_of(name).empty()) {
    check_filled_struct<gradstep_hyperparameter_info>(
        [&](auto* info) { return gradstep_hyperparameter_describe(name, 0, info); });
  }
  if (!slot_names_of(name).empty()) {
    check_filled_struct<gradstep_slot_info>(
        [&](auto* info) { return gradstep_slot_describe(name, 0, info); });
  }
}

TEST_P(rule_misuse, indices_past_the_end) {
  const char* name = GetParam().c_str();
  const auto rule = describe_rule(name);
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  auto slot = sized<gradstep_slot_info>();
  for (const std::size_t past : {std::size_t{0}, std::size_t{100}}) {
    const auto h = rule.hyperparameter_count + past;
    const auto s = rule.slot_count + past;
    expect_failure(gradstep_hyperparameter_describe(name, h, &hyperparameter),
                   GRADSTEP_OUT_OF_RANGE, {"index", std::to_string(h)});
    expect_failure(gradstep_slot_describe(name, s, &slot), GRADSTEP_OUT_OF_RANGE,
                   {"index", std::to_string(s)});
    std::int32_t is_used = 77;
    double initial = 77;
    expect_failure(gradstep_rule_slot_state(make_rule(name).get(), s, &is_used, &initial),
                   GRADSTEP_OUT_OF_RANGE, {"index", std::to_string(s)});
    EXPECT_EQ(is_used, 77);
    EXPECT_EQ(initial, 77);
  }
}

TEST_P(rule_misuse, descriptions_are_complete) {
  const auto rule = describe_rule(GetParam());
  EXPECT_EQ(rule.name, GetParam());
  for (const char* text : {rule.summary, rule.formula, rule.source}) {
    ASSERT_NE(text, nullptr);
    EXPECT_STRNE(text, "");
  }
  for (const auto& info : hyperparameters_of(GetParam())) {
    SCOPED_TRACE(info.name);
    EXPECT_STRNE(info.help, "");
    EXPECT_LE(info.minimum, info.default_value);
    EXPECT_LE(info.default_value, info.maximum);
    double value = nan_value;
    EXPECT_EQ(gradstep_rule_get(make_rule(GetParam()).get(), info.name, &value), GRADSTEP_OK);
    EXPECT_EQ(value, info.default_value);
    EXPECT_TRUE(info.maximum < infinite || (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0);
  }
}

TEST_P(rule_misuse, nearest_names_are_listed) {
  const std::string wrong = GetParam() + "x";
  gradstep_rule* rule = nullptr;
  expect_failure(gradstep_rule_create(wrong.c_str(), &rule), GRADSTEP_UNKNOWN_NAME,
                 {wrong, "\"" + GetParam() + "\""});
  EXPECT_EQ(rule, nullptr);
  auto info = sized<gradstep_rule_info>();
  expect_failure(gradstep_rule_describe(wrong.c_str(), &info), GRADSTEP_UNKNOWN_NAME,
                 {wrong, GetParam()});
  EXPECT_EQ(info.name, nullptr);
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  expect_failure(gradstep_hyperparameter_describe(wrong.c_str(), 0, &hyperparameter),
                 GRADSTEP_UNKNOWN_NAME, {wrong});
  auto slot = sized<gradstep_slot_info>();
  expect_failure(gradstep_slot_describe(wrong.c_str(), 0, &slot), GRADSTEP_UNKNOWN_NAME, {wrong});
}

TEST_P(rule_misuse, nearest_hyperparameters_are_listed) {
  const auto rule = make_rule(GetParam());
  for (const auto& info : hyperparameters_of(GetParam())) {
    const std::string wrong = std::string(info.name) + "_";
    expect_failure(gradstep_rule_set(rule.get(), wrong.c_str(), 0), GRADSTEP_UNKNOWN_NAME,
                   {wrong, info.name});
    double value = 77;
    expect_failure(gradstep_rule_get(rule.get(), wrong.c_str(), &value), GRADSTEP_UNKNOWN_NAME,
                   {wrong, info.name});
    EXPECT_EQ(value, 77);
  }
}

std::vector<double> refused_values(const gradstep_hyperparameter_info& info) {
  std::vector<double> values = {nan_value, infinite, -infinite, info.minimum - 1};
  if (info.minimum > 0) values.push_back(0);
  if (info.flags & GRADSTEP_MINIMUM_EXCLUDED) values.push_back(info.minimum);
  if (info.maximum < infinite) values.push_back(info.maximum + 0.5);
  if (info.maximum < infinite && info.flags & GRADSTEP_MAXIMUM_EXCLUDED) {
    values.push_back(info.maximum);
  }
  if (info.kind == GRADSTEP_FLAG) values.insert(values.end(), {0.5, 2, -1});
  return values;
}

TEST_P(rule_misuse, values_out_of_bounds) {
  const auto rule = make_rule(GetParam());
  for (const auto& info : hyperparameters_of(GetParam())) {
    for (const double value : refused_values(info)) {
      SCOPED_TRACE(std::string(info.name) + " = " + as_text(value));
      std::vector<std::string> words = {info.name};
      if (std::isfinite(value)) words.push_back(as_text(value));
      expect_failure(gradstep_rule_set(rule.get(), info.name, value), GRADSTEP_OUT_OF_RANGE, words);
      double kept = nan_value;
      EXPECT_EQ(gradstep_rule_get(rule.get(), info.name, &kept), GRADSTEP_OK);
      EXPECT_EQ(kept, info.default_value);
    }
  }
}

TEST_P(rule_misuse, nulls) {
  const auto rule = make_rule(GetParam());
  gradstep_rule* created = nullptr;
  double value = 77;
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_failure(gradstep_rule_create(nullptr, &created), invalid, {"rule_name"});
  EXPECT_EQ(created, nullptr);
  expect_failure(gradstep_rule_create(GetParam().c_str(), nullptr), invalid, {"rule"});
  auto info = sized<gradstep_rule_info>();
  expect_failure(gradstep_rule_describe(nullptr, &info), invalid, {"rule_name"});
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  expect_failure(gradstep_hyperparameter_describe(nullptr, 0, &hyperparameter), invalid,
                 {"rule_name"});
  auto slot = sized<gradstep_slot_info>();
  expect_failure(gradstep_slot_describe(nullptr, 0, &slot), invalid, {"rule_name"});
  expect_failure(gradstep_rule_set(nullptr, "lr", 1), invalid, {"rule"});
  expect_failure(gradstep_rule_set(rule.get(), nullptr, 1), invalid, {"name"});
  expect_failure(gradstep_rule_get(nullptr, "lr", &value), invalid, {"rule"});
  expect_failure(gradstep_rule_get(rule.get(), nullptr, &value), invalid, {"name"});
  expect_failure(gradstep_rule_get(rule.get(), "lr", nullptr), invalid, {"value"});
  expect_failure(gradstep_rule_check(nullptr), invalid, {"rule"});
  expect_failure(gradstep_rule_slot_state(nullptr, 0, nullptr, &value), invalid, {"rule"});
  EXPECT_EQ(value, 77);
}

TEST(sgd_misuse, nesterov_needs_momentum_and_no_dampening) {
  const auto rule = make_rule("sgd", {{"nesterov", 1}});
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"nesterov", "momentum"});
  auto target = make_parameter("sgd", rule.get(), 10, {});
  const auto before = target.snapshot();
  const auto view = target.view();
  const auto options = at_step(1);
  const auto context = make_serial_context();
  expect_failure(gradstep_apply(context.get(), rule.get(), &view.tensor, 1, &options, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"nesterov", "momentum"});
  EXPECT_EQ(target.snapshot(), before);
  gradstep_rule_set(rule.get(), "momentum", 0.9);
  EXPECT_EQ(gradstep_rule_check(rule.get()), GRADSTEP_OK);
  gradstep_rule_set(rule.get(), "dampening", 0.5);
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"nesterov", "dampening"});
}

// ---- Steps ------------------------------------------------------------------------------------

/// Two valid tensors and options; a test spoils one thing and expects nothing to have changed.
class step_misuse : public testing::Test {
 protected:
  step_misuse() {
    result.piece_count = 77;
    list = {views[0].tensor, views[1].tensor};
  }

  gradstep_status apply() {
    return gradstep_apply(context.get(), rule.get(), list.data(), list.size(), &options, &result);
  }

  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bits();
    expect_failure(apply(), status, words);
    EXPECT_EQ(bits(), before);
    EXPECT_EQ(result.piece_count, 77U);
  }

  std::vector<std::uint64_t> bits() const {
    auto all = first.snapshot();
    const auto more = second.snapshot();
    all.insert(all.end(), more.begin(), more.end());
    for (std::size_t i = 0; i < first.grad.size(); ++i) all.push_back(first.grad.bits(i));
    return all;
  }

  std::string rule_name = "adam";
  context_handle context = make_serial_context();
  rule_handle rule = make_rule(rule_name);
  parameter first = make_parameter(rule_name, rule.get(), 40, {});
  parameter second = make_parameter(rule_name, rule.get(), 33, {});
  tensor_view views[2] = {first.view(), second.view()};
  std::vector<gradstep_tensor> list;
  gradstep_apply_options options = at_step(1);
  gradstep_apply_result result = sized<gradstep_apply_result>();
};

TEST_F(step_misuse, valid_as_it_stands) {
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(result.piece_count, 1U);
}

TEST_F(step_misuse, null_arguments) {
  const auto before = bits();
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  const auto* c = context.get();
  const auto* r = rule.get();
  const auto* t = list.data();
  expect_failure(gradstep_apply(nullptr, r, t, 2, &options, &result), invalid, {"context"});
  expect_failure(gradstep_apply(c, nullptr, t, 2, &options, &result), invalid, {"rule"});
  expect_failure(gradstep_apply(c, r, nullptr, 2, &options, &result), invalid, {"tensors"});
  expect_failure(gradstep_apply(c, r, t, 2, nullptr, &result), invalid, {"options"});
  EXPECT_EQ(bits(), before);
  EXPECT_EQ(result.piece_count, 77U);
}

TEST_F(step_misuse, null_arrays) {
  list[1].param = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param", "1"});
  list[1] = views[1].tensor;
  list[1].grad = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad"});
  list[1] = views[1].tensor;
  list[1].slots = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slots"});
}

TEST_F(step_misuse, null_slot_that_is_used) {
  views[1].slots[1] = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"exp_avg_sq"});
}

TEST_F(step_misuse, slot_count) {
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{2}, std::size_t{4}}) {
    list[1].slot_count = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot_count", std::to_string(wrong), "3"});
  }
}

TEST_F(step_misuse, dtypes) {
  for (const std::int32_t wrong : {0, 5, 7, 99, -1}) {
    list[0].param_dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param_dtype", std::to_string(wrong)});
    list[0] = views[0].tensor;
    list[0].grad_dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad_dtype", std::to_string(wrong)});
    list[0] = views[0].tensor;
  }
}

TEST_F(step_misuse, overlapping_arrays) {
  list[1].grad = second.param.data(32);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad", "param", "overlap"});
  list[1].grad = second.param.data();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad", "param", "overlap"});
  list[1] = views[1].tensor;
  views[1].slots[1] = second.slots[0]->data();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"exp_avg", "exp_avg_sq", "overlap"});
  views[1].slots[1] = second.param.data();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param", "exp_avg_sq", "overlap"});
}

TEST_F(step_misuse, arrays_that_touch_do_not_overlap) {
  number_array both(GRADSTEP_FLOAT32, 20);
  both.fill(1);
  list[1].count = 10;
  list[1].param = both.data();
  list[1].grad = both.data(10);
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, misaligned_arrays) {
  const auto shifted = [](void* data) { return static_cast<char*>(data) + 2; };
  list[1].count = 20;
  list[1].param = shifted(list[1].param);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param", "align"});
  list[1].param = views[1].tensor.param;
  list[1].grad = shifted(second.grad.data());
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad", "align"});
  list[1].grad = views[1].tensor.grad;
  views[1].slots[0] = shifted(views[1].slots[0]);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"exp_avg", "align"});
}

TEST_F(step_misuse, huge_counts) {
  for (const std::size_t huge : {SIZE_MAX, SIZE_MAX / 4 + 1, SIZE_MAX / 4}) {
    list[1].count = huge;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"count", std::to_string(huge)});
  }
}

TEST_F(step_misuse, tensor_struct_size) {
  for (const std::size_t size : bad_sizes) {
    list[0].struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  list[0] = views[0].tensor;
  list[1].struct_size = sizeof(gradstep_tensor) + 8;  // all must carry the same
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
}

TEST_F(step_misuse, larger_tensors) {
  larger<gradstep_tensor> tensors[2];
  for (std::size_t i = 0; i < 2; ++i) {
    tensors[i].known = views[i].tensor;
    tensors[i].known.struct_size = sizeof tensors[i];
  }
  tensors[1].unknown[3] = 1;
  const auto before = bits();
  const auto call = [&] {
    return gradstep_apply(context.get(), rule.get(), &tensors[0].known, 2, &options, &result);
  };
  expect_failure(call(), GRADSTEP_INVALID_ARGUMENT, {"tensors"});
  EXPECT_EQ(bits(), before);
  tensors[1].unknown[3] = 0;
  EXPECT_EQ(call(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_NE(second.snapshot(), std::vector(before.begin() + 120, before.begin() + 219));
}

TEST_F(step_misuse, apply_options_struct) {
  for (const std::size_t size : bad_sizes) {
    options.struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  options = at_step(1);
  options.flags = std::uint64_t{1} << 50;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"flags"});
  larger<gradstep_apply_options> bigger;
  bigger.known.step = 1;
  bigger.unknown[0] = 1;
  const auto before = bits();
  const auto call = [&] {
    return gradstep_apply(context.get(), rule.get(), list.data(), 2, &bigger.known, &result);
  };
  expect_failure(call(), GRADSTEP_INVALID_ARGUMENT, {"options"});
  EXPECT_EQ(bits(), before);
  bigger.unknown[0] = 0;
  EXPECT_EQ(call(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, result_struct) {
  for (const std::size_t size : bad_sizes) {
    result.struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
}

TEST_F(step_misuse, step_number) {
  options.step = 0;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"step", "0"});
  options.step = (std::uint64_t{1} << 53) + 1;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"step", "9007199254740993"});
  options.step = std::uint64_t{1} << 53;
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, grad_scale) {
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  for (const double bad : {nan_value, infinite, -infinite}) {
    options.grad_scale = bad;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"grad_scale", as_text(std::abs(bad))});
  }
  options.flags = 0;  // then the field is ignored
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

// ---- The norm ---------------------------------------------------------------------------------

class norm_misuse : public step_misuse {
 protected:
  void expect_norm_refused(gradstep_status status, const std::vector<std::string>& words) {
    auto norm = sized<gradstep_norm_result>();
    norm.norm = 77;
    norm.non_finite_count = 77;
    norm.piece_count = 77;
    expect_failure(gradstep_gradient_norm(context.get(), list.data(), list.size(), &norm), status,
                   words);
    EXPECT_EQ(norm.norm, 77);
    EXPECT_EQ(norm.non_finite_count, 77U);
    EXPECT_EQ(norm.piece_count, 77U);
  }
};

TEST_F(norm_misuse, nulls) {
  auto norm = sized<gradstep_norm_result>();
  const auto* t = list.data();
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_failure(gradstep_gradient_norm(nullptr, t, 2, &norm), invalid, {"context"});
  expect_failure(gradstep_gradient_norm(context.get(), nullptr, 2, &norm), invalid, {"tensors"});
  expect_failure(gradstep_gradient_norm(context.get(), t, 2, nullptr), invalid, {"result"});
  list[0].grad = nullptr;
  expect_norm_refused(invalid, {"grad"});
}

TEST_F(norm_misuse, arrays_and_structs) {
  list[0].grad_dtype = 9;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"grad_dtype", "9"});
  list[0] = views[0].tensor;
  list[0].grad = static_cast<char*>(list[0].grad) + 1;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"grad", "align"});
  list[0] = views[0].tensor;
  list[1].count = SIZE_MAX / 4 + 1;
  expect_norm_refused(GRADSTEP_OUT_OF_RANGE, {"count"});
  list[1] = views[1].tensor;
  list[0].struct_size = 1;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  list[0] = views[0].tensor;
  check_filled_struct<gradstep_norm_result>([&](auto* norm) {
    return gradstep_gradient_norm(context.get(), list.data(), list.size(), norm);
  });
}

}  // namespace
}  // namespace gradstep_test
