// SPDX-License-Identifier: Apache-2.0
//
// Everything that a program can do wrong with an optimizer: a status, a sentence that names the
// argument and its value, and nothing changed.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

/// An optimizer with two groups and a tensor in each; the second owns its state itself.
class optimizer_misuse : public testing::Test {
 protected:
  optimizer_misuse() {
    add_group(get(), "first", adam.get());
    add_group(get(), "second", sgd.get());
    add_tensor(get(), 0, "a.weight", a.tensor());
    auto view = b.view();
    add_tensor(get(), 1, "b.weight", view.tensor);
    step(get());
    before = everything_in(get());
  }

  gradstep_optimizer* get() const { return optimizer.get(); }

  /// The call failed as wanted and nothing changed.
  void refused(gradstep_status got, gradstep_status wanted, const std::vector<std::string>& words) {
    expect_failure(got, wanted, words);
    EXPECT_EQ(everything_in(get()), before);
  }

  gradstep_status add(const char* name, const gradstep_tensor& tensor, std::size_t group = 0) {
    return gradstep_optimizer_add_tensor(get(), group, name, &tensor, nullptr);
  }

  context_handle context = make_serial_context();
  rule_handle adam = make_rule("adam");
  rule_handle sgd = make_rule("sgd");
  plain_tensor a{20}, fresh{20};
  parameter b = make_parameter("sgd", sgd.get(), 20, {});
  optimizer_handle optimizer = make_optimizer(context.get());
  std::vector<double> before;
};

TEST_F(optimizer_misuse, null_arguments) {
  gradstep_optimizer* made = nullptr;
  std::size_t index = 7;
  auto array = sized<gradstep_array>();
  const auto group = group_options("g", sgd.get());
  const auto tensor = fresh.tensor();
  const struct {
    std::function<gradstep_status()> call;
    std::string argument;
  } calls[] = {
      {[&] { return gradstep_optimizer_create(nullptr, nullptr, &made); }, "context"},
      {[&] { return gradstep_optimizer_create(context.get(), nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_options(nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_options(get(), nullptr); }, "options"},
      {[&] { return gradstep_optimizer_add_group(nullptr, &group, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_add_group(get(), nullptr, nullptr); }, "options"},
      {[&] { return gradstep_optimizer_add_tensor(nullptr, 0, "t", &tensor, nullptr); },
       "optimizer"},
      {[&] { return gradstep_optimizer_add_tensor(get(), 0, nullptr, &tensor, nullptr); }, "name"},
      {[&] { return gradstep_optimizer_add_tensor(get(), 0, "t", nullptr, nullptr); }, "tensor"},
      {[&] { return gradstep_optimizer_find_group(get(), nullptr, &index); }, "name"},
      {[&] { return gradstep_optimizer_find_group(get(), "first", nullptr); }, "group"},
      {[&] { return gradstep_optimizer_find_tensor(get(), nullptr, &index); }, "name"},
      {[&] { return gradstep_optimizer_find_tensor(get(), "a.weight", nullptr); }, "tensor"},
      {[&] { return gradstep_optimizer_set_grad(nullptr, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_frozen(nullptr, 0, 1); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_hyperparameter(get(), 0, nullptr, 1); }, "name"},
      {[&] { return gradstep_optimizer_get_hyperparameter(get(), 0, "lr", nullptr); }, "value"},
      {[&] { return gradstep_optimizer_set_schedule(nullptr, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_plateau(nullptr, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_get_plateau(get(), 0, nullptr); }, "plateau"},
      {[&] { return gradstep_optimizer_report_metric(nullptr, 1, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_loss_scaler(nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_get_loss_scaler(get(), nullptr); }, "scaler"},
      {[&] { return gradstep_optimizer_step(nullptr, nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_begin_step(nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_step_tensor(nullptr, 0); }, "optimizer"},
      {[&] { return gradstep_optimizer_end_step(nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_inspect(nullptr, 0, 1); }, "optimizer"},
      {[&] { return gradstep_optimizer_accumulate(nullptr, 0, 1); }, "optimizer"},
      {[&] { return gradstep_optimizer_describe(nullptr, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_describe(get(), nullptr); }, "info"},
      {[&] { return gradstep_optimizer_get_array(get(), 0, nullptr, &array); }, "array_name"},
  };
  for (const auto& [call, argument] : calls) {
    refused(call(), GRADSTEP_INVALID_ARGUMENT, {argument + " is NULL"});
  }
  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(index, 7U);
  gradstep_optimizer_destroy(nullptr);
}

TEST_F(optimizer_misuse, structs_that_the_library_fills) {
  check_filled_struct<gradstep_optimizer_info>(
      [&](auto* info) { return gradstep_optimizer_describe(get(), info); });
  check_filled_struct<gradstep_group_info>(
      [&](auto* info) { return gradstep_optimizer_describe_group(get(), 0, info); });
  check_filled_struct<gradstep_tensor_info>(
      [&](auto* info) { return gradstep_optimizer_describe_tensor(get(), 0, info); });
  check_filled_struct<gradstep_array>(
      [&](auto* info) { return gradstep_optimizer_get_array(get(), 0, "param", info); });
  auto plateau = make_plateau(0.1);
  expect_ok(gradstep_optimizer_set_plateau(get(), 0, &plateau));
  check_filled_struct<gradstep_plateau>(
      [&](auto* info) { return gradstep_optimizer_get_plateau(get(), 0, info); });
  auto scaler = make_loss_scaler();
  expect_ok(gradstep_optimizer_set_loss_scaler(get(), &scaler));
  check_filled_struct<gradstep_loss_scaler>(
      [&](auto* info) { return gradstep_optimizer_get_loss_scaler(get(), info); });
}

TEST_F(optimizer_misuse, results_of_a_wrong_size_stop_the_step) {
  auto result = sized<gradstep_apply_result>();
  result.struct_size = 7;
  refused(gradstep_optimizer_step(get(), nullptr, &result), GRADSTEP_INVALID_ARGUMENT,
          {"result.struct_size = 7"});
}

TEST_F(optimizer_misuse, options) {
  const auto with = [](std::uint64_t flag, double value) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = flag;
    options.max_norm = options.max_value = options.average_decay = value;
    return options;
  };
  const struct {
    gradstep_optimizer_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {with(GRADSTEP_APPLY_MAX_NORM, 0), GRADSTEP_OUT_OF_RANGE, {"options.max_norm = 0"}},
      {with(GRADSTEP_APPLY_MAX_NORM, infinite), GRADSTEP_OUT_OF_RANGE, {"max_norm = inf"}},
      {with(GRADSTEP_APPLY_MAX_VALUE, -1), GRADSTEP_OUT_OF_RANGE, {"options.max_value = -1"}},
      {with(GRADSTEP_APPLY_AVERAGE, 1.5), GRADSTEP_OUT_OF_RANGE, {"average_decay = 1.5"}},
      {with(GRADSTEP_APPLY_AVERAGE, nan_value), GRADSTEP_OUT_OF_RANGE, {"average_decay = nan"}},
      {with(GRADSTEP_APPLY_GRAD_SCALE, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x1"}},
      {with(GRADSTEP_APPLY_FRESH_SLOTS, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x100"}},
      {with(512, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x200"}},
  };
  for (const auto& [options, status, words] : cases) {
    gradstep_optimizer* made = nullptr;
    expect_failure(gradstep_optimizer_create(context.get(), &options, &made), status, words);
    EXPECT_EQ(made, nullptr);
    refused(gradstep_optimizer_set_options(get(), &options), status, words);
  }
  auto unknown = larger<gradstep_optimizer_options>();
  unknown.unknown[3] = 1;
  refused(gradstep_optimizer_set_options(get(), &unknown.known), GRADSTEP_INVALID_ARGUMENT,
          {"options", "does not know"});
}

TEST_F(optimizer_misuse, groups) {
  const auto one_cycle = make_schedule("one_cycle", {{"total_steps", 5}, {"drives_momentum", 1}});
  const auto unset = make_schedule("cosine");
  const auto adagrad = make_rule("adagrad");
  const auto nesterov = make_rule("sgd", {{"nesterov", 1}});
  auto null_rule = group_options("g", nullptr), conflict = group_options("g", nesterov.get()),
       drives = group_options("g", adagrad.get()), not_set = group_options("g", sgd.get()),
       taken = group_options("second", sgd.get()), scale = group_options("g", sgd.get()),
       infinite = scale, no_flag = scale, dtype = group_options("g", sgd.get()),
       flags = group_options("g", sgd.get()), small = group_options("g", sgd.get());
  drives.schedule = one_cycle.get();
  not_set.schedule = unset.get();
  scale.flags = infinite.flags = GRADSTEP_GROUP_LR_SCALE;
  scale.lr_scale = -2;
  infinite.lr_scale = INFINITY;
  no_flag.lr_scale = 0.5;
  dtype.slot_dtype = GRADSTEP_FLOAT64;
  flags.flags = 6;
  small.struct_size = 7;
  const struct {
    gradstep_group_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {null_rule, GRADSTEP_INVALID_ARGUMENT, {"options.rule is NULL"}},
      {conflict, GRADSTEP_INVALID_ARGUMENT, {"nesterov", "momentum"}},
      {drives, GRADSTEP_INVALID_ARGUMENT, {"one_cycle", "adagrad", "neither momentum nor beta1"}},
      {not_set, GRADSTEP_INVALID_ARGUMENT, {"total_steps"}},
      {taken, GRADSTEP_INVALID_ARGUMENT, {"options.name = \"second\"", "group 1"}},
      {scale, GRADSTEP_OUT_OF_RANGE, {"options.lr_scale = -2"}},
      {dtype, GRADSTEP_INVALID_ARGUMENT, {"options.slot_dtype = 2", "GRADSTEP_BFLOAT16"}},
      {infinite, GRADSTEP_OUT_OF_RANGE, {"options.lr_scale = inf"}},
      {no_flag, GRADSTEP_INVALID_ARGUMENT, {"options.lr_scale = 0.5", "GRADSTEP_GROUP_LR_SCALE"}},
      {flags, GRADSTEP_INVALID_ARGUMENT, {"options.flags = 0x6"}},
      {small, GRADSTEP_INVALID_ARGUMENT, {"options.struct_size = 7"}},
  };
  std::size_t group = 7;
  for (const auto& [options, status, words] : cases) {
    refused(gradstep_optimizer_add_group(get(), &options, &group), status, words);
  }
  EXPECT_EQ(group, 7U);
  refused(gradstep_optimizer_set_schedule(get(), 0, unset.get()), GRADSTEP_INVALID_ARGUMENT,
          {"total_steps"});
  EXPECT_STREQ(describe_group(get(), 0).name, "first");
}

TEST_F(optimizer_misuse, names) {
  const std::string longest(255, 'n'), too_long(256, 'n');
  const struct {
    std::string name;
    std::vector<std::string> words;
  } cases[] = {
      {"", {"0 bytes", "255"}},
      {too_long, {"more than 255 bytes"}},
      {"a\nb", {"U+000A", "byte 1"}},
      {"ab\x7f", {"U+007F", "byte 2"}},
      {"\xc2\x85", {"U+0085"}},
      {"\xff", {"UTF-8", "0xff"}},
      {"\xc0\x80", {"UTF-8", "0xc0"}},          // overlong
      {"\xe0\x80\x80", {"UTF-8", "0xe0"}},      // overlong
      {"\xed\xa0\x80", {"UTF-8", "0xed"}},      // a surrogate
      {"\xf4\x90\x80\x80", {"UTF-8", "0xf4"}},  // past the last character
      {"ok\xe2\x82", {"UTF-8", "byte 2"}},      // cut off
  };
  for (const auto& [name, words] : cases) {
    refused(add(name.c_str(), fresh.tensor()), GRADSTEP_INVALID_ARGUMENT, words);
    const auto group = group_options(name.c_str(), sgd.get());
    refused(gradstep_optimizer_add_group(get(), &group, nullptr), GRADSTEP_INVALID_ARGUMENT, words);
  }
  refused(add("a.weight", fresh.tensor()), GRADSTEP_INVALID_ARGUMENT,
          {"name = \"a.weight\"", "tensor 0"});
  expect_ok(add(longest.c_str(), fresh.tensor()));
  plain_tensor other(3);
  expect_ok(add("gewicht_\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", other.tensor()));
  EXPECT_EQ(describe_tensor(get(), 2).name, longest);
}

TEST_F(optimizer_misuse, unknown_names_list_the_nearest) {
  std::size_t index = 7;
  expect_failure(gradstep_optimizer_find_tensor(get(), "a.wieght", &index), GRADSTEP_UNKNOWN_NAME,
                 {"name = \"a.wieght\"", "\"a.weight\""});
  expect_failure(gradstep_optimizer_find_group(get(), "firts", &index), GRADSTEP_UNKNOWN_NAME,
                 {"name = \"firts\"", "\"first\""});
  EXPECT_EQ(index, 7U);
  auto array = sized<gradstep_array>();
  expect_failure(
      gradstep_optimizer_get_array(get(), 0, "exp_average", &array), GRADSTEP_UNKNOWN_NAME,
      {"array_name = \"exp_average\"", "\"exp_avg\"", "\"param\"", "\"accumulated_grad\""});
  for (const char* absent : {"average", "accumulated_grad", "max_exp_avg_sq"}) {
    expect_failure(gradstep_optimizer_get_array(get(), 0, absent, &array), GRADSTEP_UNSUPPORTED,
                   {"tensor 0", "a.weight", absent});
  }
  expect_failure(gradstep_optimizer_set_hyperparameter(get(), 0, "beta3", 1), GRADSTEP_UNKNOWN_NAME,
                 {"beta3", "beta1"});
}

TEST_F(optimizer_misuse, indices_past_the_end) {
  const auto plateau = sized<gradstep_plateau>();
  auto output = plateau;
  auto group = sized<gradstep_group_info>();
  auto tensor = sized<gradstep_tensor_info>();
  auto array = sized<gradstep_array>();
  double value = 0;
  const std::vector<std::string> no_group = {"group = 2", "2 groups"},
                                 no_tensor = {"tensor = 2", "2 tensors"};
  const auto past = [&](gradstep_status status, const std::vector<std::string>& words) {
    refused(status, GRADSTEP_OUT_OF_RANGE, words);
  };
  past(add("t", fresh.tensor(), 2), no_group);
  past(gradstep_optimizer_set_hyperparameter(get(), 2, "lr", 1), no_group);
  past(gradstep_optimizer_get_hyperparameter(get(), 2, "lr", &value), no_group);
  past(gradstep_optimizer_set_schedule(get(), 2, nullptr), no_group);
  past(gradstep_optimizer_set_plateau(get(), 2, &plateau), no_group);
  past(gradstep_optimizer_get_plateau(get(), 2, &output), no_group);
  past(gradstep_optimizer_describe_group(get(), 2, &group), no_group);
  past(gradstep_optimizer_set_grad(get(), 2, nullptr), no_tensor);
  past(gradstep_optimizer_set_frozen(get(), 2, 1), no_tensor);
  past(gradstep_optimizer_inspect(get(), 2, 1), no_tensor);
  past(gradstep_optimizer_accumulate(get(), 2, 1), no_tensor);
  past(gradstep_optimizer_describe_tensor(get(), 2, &tensor), no_tensor);
  past(gradstep_optimizer_get_array(get(), 2, "param", &array), no_tensor);
}

// ---- Tensors ----------------------------------------------------------------------------------

TEST_F(optimizer_misuse, tensors) {
  const auto changed = [&](auto change) {
    auto tensor = fresh.tensor();
    change(tensor);
    return tensor;
  };
  char* const bytes = static_cast<char*>(fresh.param.data());
  const struct {
    gradstep_tensor tensor;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {changed([](auto& t) { t.param = nullptr; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param is NULL"}},
      {changed([&](auto& t) { t.param = bytes + 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param", "aligned", "4 bytes"}},
      {changed([&](auto& t) { t.grad = bytes + 4; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays of tensor overlap", "grad", "param"}},
      {changed([](auto& t) { t.param_dtype = 9; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param_dtype = 9"}},
      {changed([](auto& t) { t.grad_dtype = 0; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.grad_dtype = 0"}},
      {changed([](auto& t) { t.slot_count = 3; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.slots is NULL", "slot_count"}},
      {changed([](auto& t) { t.count = SIZE_MAX / 8; }),
       GRADSTEP_OUT_OF_RANGE,
       {"tensor.count", "memory"}},
      {changed([](auto& t) { t.reserved = 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.reserved = 1"}},
      {changed([](auto& t) { t.copy_dtype = 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.copy_dtype = 1", "param_copy is NULL"}},
      {changed([](auto& t) { t.struct_size = 7; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.struct_size = 7"}},
  };
  for (const auto& [tensor, status, words] : cases) refused(add("t", tensor), status, words);
}

TEST_F(optimizer_misuse, more_memory_than_there_is) {
  auto tensor = fresh.tensor();
  tensor.count = std::size_t{1} << 46;  // the param's own 2^48 bytes cannot be checked
  tensor.grad = nullptr;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing may be there
  tensor.param = reinterpret_cast<void*>(std::uintptr_t{1} << 47);
  refused(add("t", tensor), GRADSTEP_OUT_OF_MEMORY, {"memory"});
  // The largest count that is let through: two slots of so many doubles are 2^64 bytes.
  tensor.count = SIZE_MAX / 16;
  tensor.param_dtype = GRADSTEP_FLOAT64;
  refused(add("t", tensor), GRADSTEP_OUT_OF_MEMORY, {"memory"});
}

TEST_F(optimizer_misuse, a_caller_s_state) {
  auto own = make_parameter("adam", adam.get(), 20, {});
  const auto view = own.view();
  auto missing = view.tensor;
  void* slots[] = {view.slots[0], nullptr, nullptr};
  missing.slots = slots;
  refused(add("t", missing), GRADSTEP_INVALID_ARGUMENT, {"tensor.exp_avg_sq is NULL"});
  auto few = view.tensor;
  few.slot_count = 2;
  refused(add("t", few), GRADSTEP_INVALID_ARGUMENT, {"tensor.slot_count = 2", "3 slots"});
  // A slot that the rule does not use yet must be fit for use too.
  auto crooked = view.tensor;
  void* with_unused[] = {view.slots[0], view.slots[1], static_cast<char*>(fresh.grad.data()) + 1};
  crooked.slots = with_unused;
  refused(add("t", crooked), GRADSTEP_INVALID_ARGUMENT, {"tensor.max_exp_avg_sq", "aligned"});
  refused(gradstep_optimizer_set_hyperparameter(get(), 1, "momentum", 0.9),
          GRADSTEP_INVALID_ARGUMENT, {"momentum_buffer", "\"b.weight\"", "caller"});
}

TEST_F(optimizer_misuse, eight_bit_state_begins_at_a_block) {
  auto options = group_options("narrow", adam.get());
  options.slot_dtype = GRADSTEP_SIGNED8;
  const std::size_t group = add_group(get(), options);
  before = everything_in(get());
  plain_tensor large(5000);
  auto tensor = large.tensor();
  tensor.first_index = 100;
  refused(add("t", tensor, group), GRADSTEP_INVALID_ARGUMENT,
          {"tensor.first_index = 100", "256", "slot_dtype"});
}

TEST_F(optimizer_misuse, arrays_of_two_tensors_overlap) {
  const auto overlapping = [&](auto change) {
    auto tensor = fresh.tensor();
    change(tensor);
    return tensor;
  };
  const auto at = [](number_array& array, std::ptrdiff_t bytes) {
    return static_cast<char*>(array.data()) + bytes;
  };
  number_array spare(GRADSTEP_FLOAT32, 20);
  const struct {
    gradstep_tensor tensor;
    std::vector<std::string> words;
  } cases[] = {
      {overlapping([&](auto& t) { t.param = a.param.data(); }),
       {"tensor.param overlaps param", "\"a.weight\""}},
      {overlapping([&](auto& t) { t.param = at(a.param, 76); }), {"tensor.param overlaps param"}},
      {overlapping([&](auto& t) { t.param = at(a.param, -76); }), {"tensor.param overlaps param"}},
      {overlapping([&](auto& t) { t.grad = a.grad.data(); }), {"tensor.grad overlaps grad"}},
      {overlapping([&](auto& t) { t.grad = b.param.data(); }),
       {"tensor.grad overlaps param", "\"b.weight\""}},
      {overlapping([&](auto& t) { t.average = a.grad.data(); }), {"tensor.average overlaps grad"}},
      {overlapping([&](auto& t) {
         t.param_copy = a.grad.data();
         t.copy_dtype = GRADSTEP_FLOAT16;
       }),
       {"tensor.param_copy overlaps grad"}},
  };
  for (const auto& [tensor, words] : cases) {
    refused(add("t", tensor), GRADSTEP_INVALID_ARGUMENT, words);
  }
  refused(gradstep_optimizer_set_grad(get(), 0, at(a.param, 4)), GRADSTEP_INVALID_ARGUMENT,
          {"grad overlaps param", "\"a.weight\""});
  refused(gradstep_optimizer_set_grad(get(), 0, at(spare, 2)), GRADSTEP_INVALID_ARGUMENT,
          {"grad", "aligned", "4 bytes"});
  // What was refused left the old entry in place; what was given up is free for others.
  refused(add("t", cases[3].tensor), GRADSTEP_INVALID_ARGUMENT, {"tensor.grad overlaps grad"});
  expect_ok(gradstep_optimizer_set_grad(get(), 0, at(a.grad, 0)));
  expect_ok(gradstep_optimizer_set_grad(get(), 0, spare.data()));
  expect_ok(add("t", cases[3].tensor));
}

// ---- Order ------------------------------------------------------------------------------------

TEST_F(optimizer_misuse, calls_outside_a_step_that_need_one) {
  refused(gradstep_optimizer_step_tensor(get(), 0), GRADSTEP_WRONG_ORDER, {"begin_step"});
  refused(gradstep_optimizer_end_step(get(), nullptr), GRADSTEP_WRONG_ORDER, {"begin_step"});
}

TEST_F(optimizer_misuse, calls_inside_a_step_that_must_wait) {
  const auto options = sized<gradstep_optimizer_options>();
  const auto group = group_options("g", sgd.get());
  auto plateau = sized<gradstep_plateau>();
  auto scaler = sized<gradstep_loss_scaler>();
  expect_ok(gradstep_plateau_init(&plateau, 1));
  expect_ok(gradstep_loss_scaler_init(&scaler));
  double value = 7;
  expect_ok(gradstep_optimizer_begin_step(get(), nullptr));
  expect_ok(gradstep_optimizer_step_tensor(get(), 1));
  before = everything_in(get());
  const auto wait = [&](gradstep_status status) {
    refused(status, GRADSTEP_WRONG_ORDER, {"gradstep_optimizer_end_step"});
  };
  wait(gradstep_optimizer_begin_step(get(), nullptr));
  wait(gradstep_optimizer_step(get(), nullptr, nullptr));
  wait(gradstep_optimizer_set_options(get(), &options));
  wait(gradstep_optimizer_add_group(get(), &group, nullptr));
  wait(add("t", fresh.tensor()));
  wait(gradstep_optimizer_set_frozen(get(), 0, 1));
  wait(gradstep_optimizer_set_hyperparameter(get(), 0, "lr", 1));
  wait(gradstep_optimizer_get_hyperparameter(get(), 0, "lr", &value));
  wait(gradstep_optimizer_set_schedule(get(), 0, nullptr));
  wait(gradstep_optimizer_set_plateau(get(), 0, &plateau));
  wait(gradstep_optimizer_get_plateau(get(), 0, &plateau));
  wait(gradstep_optimizer_report_metric(get(), 1, nullptr));
  wait(gradstep_optimizer_set_loss_scaler(get(), &scaler));
  wait(gradstep_optimizer_get_loss_scaler(get(), &scaler));
  wait(gradstep_optimizer_inspect(get(), 0, 1));
  EXPECT_EQ(value, 7);
  refused(gradstep_optimizer_step_tensor(get(), 1), GRADSTEP_WRONG_ORDER,
          {"\"b.weight\"", "stepped already"});
  refused(gradstep_optimizer_step_tensor(get(), 2), GRADSTEP_OUT_OF_RANGE, {"tensor = 2"});
  // What the step allows.
  expect_ok(gradstep_optimizer_set_grad(get(), 0, a.grad.data()));
  std::size_t index = 7;
  expect_ok(gradstep_optimizer_find_tensor(get(), "b.weight", &index));
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(describe(get()).is_in_step, 1);
  expect_ok(gradstep_optimizer_end_step(get(), nullptr));
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 1U);
  EXPECT_EQ(describe_tensor(get(), 1).step_count, 2U);
}

TEST_F(optimizer_misuse, a_step_that_needs_all_gradients_first) {
  auto scaler = make_loss_scaler();
  for (const std::uint64_t flags : {std::uint64_t{GRADSTEP_APPLY_MAX_NORM},
                                    std::uint64_t{GRADSTEP_APPLY_CHECK_FINITE}, std::uint64_t{0}}) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = flags;
    options.max_norm = 1;
    expect_ok(gradstep_optimizer_set_options(get(), &options));
    expect_ok(gradstep_optimizer_set_loss_scaler(get(), flags == 0 ? &scaler : nullptr));
    refused(gradstep_optimizer_begin_step(get(), nullptr), GRADSTEP_WRONG_ORDER,
            {"GRADSTEP_STEP_INSPECTED", "GRADSTEP_STEP_GRAD_NORM"});
  }
}

TEST_F(optimizer_misuse, numbers_of_a_step) {
  const auto with = [](std::uint64_t flags, double scale, double norm, std::uint64_t count) {
    auto options = sized<gradstep_step_options>();
    options.flags = flags;
    options.grad_scale = scale;
    options.grad_norm = norm;
    options.non_finite_count = count;
    return options;
  };
  const struct {
    gradstep_step_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {with(GRADSTEP_STEP_GRAD_SCALE, infinite, 0, 0),
       GRADSTEP_OUT_OF_RANGE,
       {"options.grad_scale = inf"}},
      {with(GRADSTEP_STEP_GRAD_NORM, 1, -1, 0), GRADSTEP_OUT_OF_RANGE, {"options.grad_norm = -1"}},
      {with(GRADSTEP_STEP_GRAD_NORM, 1, nan_value, 0),
       GRADSTEP_OUT_OF_RANGE,
       {"options.grad_norm = nan", "non_finite_count = 0"}},
      {with(GRADSTEP_STEP_GRAD_NORM | GRADSTEP_STEP_INSPECTED, 1, 1, 0),
       GRADSTEP_INVALID_ARGUMENT,
       {"exclude each other"}},
      {with(8, 1, 1, 0), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x8"}},
  };
  for (const auto& [options, status, words] : cases) {
    refused(gradstep_optimizer_step(get(), &options, nullptr), status, words);
    refused(gradstep_optimizer_begin_step(get(), &options), status, words);
  }
  refused(gradstep_optimizer_inspect(get(), 0, nan_value), GRADSTEP_OUT_OF_RANGE,
          {"grad_scale = nan"});
  refused(gradstep_optimizer_accumulate(get(), 0, infinite), GRADSTEP_OUT_OF_RANGE,
          {"scale = inf"});
  auto scaler = make_loss_scaler();
  scaler.scale = 0x1p-100;
  expect_ok(gradstep_optimizer_set_loss_scaler(get(), &scaler));
  const auto huge = with(GRADSTEP_STEP_GRAD_SCALE, 1e300, 0, 0);
  refused(gradstep_optimizer_step(get(), &huge, nullptr), GRADSTEP_OUT_OF_RANGE,
          {"grad_scale = 1e+300", "not finite"});
}

TEST_F(optimizer_misuse, values) {
  refused(gradstep_optimizer_set_hyperparameter(get(), 0, "beta2", 1.5), GRADSTEP_OUT_OF_RANGE,
          {"beta2 = 1.5"});
  refused(gradstep_optimizer_set_hyperparameter(get(), 1, "nesterov", 1), GRADSTEP_INVALID_ARGUMENT,
          {"nesterov"});
  auto plateau = sized<gradstep_plateau>();
  refused(gradstep_optimizer_get_plateau(get(), 0, &plateau), GRADSTEP_UNSUPPORTED,
          {"group 0", "\"first\"", "plateau"});
  expect_ok(gradstep_plateau_init(&plateau, 1));
  plateau.factor = 2;
  refused(gradstep_optimizer_set_plateau(get(), 0, &plateau), GRADSTEP_OUT_OF_RANGE,
          {"factor", "2"});
  auto scaler = sized<gradstep_loss_scaler>();
  refused(gradstep_optimizer_get_loss_scaler(get(), &scaler), GRADSTEP_UNSUPPORTED,
          {"loss scaler"});
  expect_ok(gradstep_loss_scaler_init(&scaler));
  scaler.scale = -1;
  refused(gradstep_optimizer_set_loss_scaler(get(), &scaler), GRADSTEP_OUT_OF_RANGE,
          {"scaler.scale = -1"});
  expect_ok(gradstep_optimizer_set_grad(get(), 0, nullptr));
  before = everything_in(get());
  refused(gradstep_optimizer_accumulate(get(), 0, 1), GRADSTEP_INVALID_ARGUMENT,
          {"\"a.weight\"", "no gradient"});
}

// ---- Two calls at once ------------------------------------------------------------------------

/// A host's pool that calls the optimizer whose step it runs.
struct calling_pool {
  gradstep_optimizer* optimizer = nullptr;
  std::vector<gradstep_status> statuses;
  std::string sentence;
};

void call_from_within(void* pool, std::size_t count, gradstep_task task, void* argument) {
  auto& self = *static_cast<calling_pool*>(pool);
  if (self.optimizer != nullptr) {
    self.statuses = {gradstep_optimizer_step(self.optimizer, nullptr, nullptr),
                     gradstep_optimizer_set_grad(self.optimizer, 0, nullptr),
                     gradstep_optimizer_end_step(self.optimizer, nullptr)};
    self.sentence = gradstep_last_error();
  }
  for (std::size_t i = 0; i < count; ++i) task(argument, i);
}

TEST(optimizer_busy, a_call_within_a_call_does_nothing) {
  calling_pool pool;
  auto options = split_options(2);
  options.parallel_for = call_from_within;
  options.pool = &pool;
  const auto context = make_context(options);
  const auto rule = make_rule("sgd", {{"lr", 1}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  plain_tensor a(1000);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  pool.optimizer = optimizer.get();
  step(optimizer.get());
  pool.optimizer = nullptr;
  EXPECT_EQ(pool.statuses, std::vector<gradstep_status>(3, GRADSTEP_BUSY));
  EXPECT_NE(pool.sentence.find("inside another call"), std::string::npos) << pool.sentence;
  EXPECT_EQ(describe(optimizer.get()).step_count, 1U);
  EXPECT_EQ(describe_tensor(optimizer.get(), 0).has_grad, 1);
  step(optimizer.get());
  EXPECT_EQ(describe(optimizer.get()).step_count, 2U);
}

}  // namespace
}  // namespace gradstep_test
