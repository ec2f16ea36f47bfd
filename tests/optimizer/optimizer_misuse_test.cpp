// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of an optimizer's calls: each gives its status and a sentence that names the
// argument and its value, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

/// One line per call and argument, so it is long.
TEST_F(optimizer_misuse, null_arguments) {
  gradstep_optimizer* made = nullptr;
  std::size_t index = 7;
  gradstep_array array{};
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
      {[&] { return gradstep_optimizer_set_grads(nullptr, 0, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_frozen(nullptr, 0, 1); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_hyperparameter(get(), 0, nullptr, 1); }, "name"},
      {[&] { return gradstep_optimizer_get_hyperparameter(get(), 0, "lr", nullptr); }, "value"},
      {[&] { return gradstep_optimizer_set_schedule(nullptr, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_plateau(nullptr, 0, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_get_plateau(get(), 0, nullptr); }, "plateau"},
      {[&] { return gradstep_optimizer_report_metric(nullptr, 1, nullptr); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_group_max_norm(nullptr, 0, 1); }, "optimizer"},
      {[&] { return gradstep_optimizer_start_average(nullptr, 0); }, "optimizer"},
      {[&] { return gradstep_optimizer_set_average_count(nullptr, 0, 1); }, "optimizer"},
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
      {[&] { return gradstep_optimizer_get_array(get(), 0, nullptr, &array, nullptr); },
       "array_name"},
      {[&] { return gradstep_optimizer_get_array(get(), 0, "param", nullptr, &index); }, "array"},
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
      {with(GRADSTEP_APPLY_MAX_NORM, nan_value), GRADSTEP_OUT_OF_RANGE, {"max_norm = nan"}},
      {with(GRADSTEP_APPLY_MAX_VALUE, -1), GRADSTEP_OUT_OF_RANGE, {"options.max_value = -1"}},
      {with(GRADSTEP_APPLY_AVERAGE, 1.5), GRADSTEP_OUT_OF_RANGE, {"average_decay = 1.5"}},
      {with(GRADSTEP_APPLY_AVERAGE, nan_value), GRADSTEP_OUT_OF_RANGE, {"average_decay = nan"}},
      {with(GRADSTEP_APPLY_GRAD_SCALE, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x1"}},
      {with(GRADSTEP_APPLY_FRESH_SLOTS, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x100"}},
      {with(512, 1), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x200"}},
      {with(GRADSTEP_APPLY_AVERAGE_COUNT, 0), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x400"}},
      {with(GRADSTEP_APPLY_AVERAGE_EQUAL, 0), GRADSTEP_INVALID_ARGUMENT, {"AVERAGE_EQUAL without"}},
      {with(GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL, 0.5),
       GRADSTEP_INVALID_ARGUMENT,
       {"average_decay = 0.5 is not 0"}},
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

/// One case per field, so it is long.
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
  gradstep_array array{};
  expect_failure(
      gradstep_optimizer_get_array(get(), 0, "exp_average", &array, nullptr), GRADSTEP_UNKNOWN_NAME,
      {"array_name = \"exp_average\"", "\"exp_avg\"", "\"param\"", "\"accumulated_grad\""});
  for (const char* absent : {"average", "accumulated_grad", "max_exp_avg_sq"}) {
    expect_failure(gradstep_optimizer_get_array(get(), 0, absent, &array, nullptr),
                   GRADSTEP_UNSUPPORTED, {"tensor 0", "a.weight", absent});
  }
  expect_failure(gradstep_optimizer_set_hyperparameter(get(), 0, "beta3", 1), GRADSTEP_UNKNOWN_NAME,
                 {"beta3", "beta1"});
}

TEST_F(optimizer_misuse, indices_past_the_end) {
  const auto plateau = sized<gradstep_plateau>();
  auto output = plateau;
  auto group = sized<gradstep_group_info>();
  auto tensor = sized<gradstep_tensor_info>();
  gradstep_array array{};
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
  past(gradstep_optimizer_get_array(get(), 2, "param", &array, nullptr), no_tensor);
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

}  // namespace
}  // namespace gradstep_test
