// SPDX-License-Identifier: Apache-2.0
//
// Tensors and groups that are removed: what is gone, what is free again, and what goes on.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

using removal = optimizer_misuse;

/// Calls with the index of a removed tensor fail, each with the same words.
TEST_F(removal, of_a_tensor_ends_its_index) {
  const char* const name = describe_tensor(get(), 0).name;
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  before = everything_in(get());
  const auto info = describe(get());
  EXPECT_EQ(info.tensor_count, 1U);
  EXPECT_EQ(info.tensor_end, 2U);
  EXPECT_EQ(info.state_bytes, 0U);  // the other tensor's state is the caller's
  EXPECT_EQ(describe_group(get(), 0).tensor_count, 0U);
  EXPECT_STREQ(name, "a.weight");  // the name's memory stays
  auto tensor_info = sized<gradstep_tensor_info>();
  gradstep_array array{};
  double value = 0;
  const auto other = fresh.tensor();
  const std::function<gradstep_status()> calls[] = {
      [&] { return gradstep_optimizer_remove_tensor(get(), 0); },
      [&] { return gradstep_optimizer_move_tensor(get(), 0, 1); },
      [&] { return gradstep_optimizer_set_param(get(), 0, &other, nullptr, 0); },
      [&] { return gradstep_optimizer_set_grad(get(), 0, fresh.grad.data()); },
      [&] { return gradstep_optimizer_set_grad(get(), 0, nullptr); },
      [&] { return gradstep_optimizer_set_frozen(get(), 0, 1); },
      [&] { return gradstep_optimizer_inspect(get(), 0, 1); },
      [&] { return gradstep_optimizer_accumulate(get(), 0, 1); },
      [&] { return gradstep_optimizer_describe_tensor(get(), 0, &tensor_info); },
      [&] { return gradstep_optimizer_get_array(get(), 0, "param", &array, nullptr); },
      [&] { return gradstep_optimizer_get_scalar(get(), 0, "d", &value); },
      [&] { return gradstep_optimizer_set_scalar(get(), 0, "d", 1); },
      [&] { return gradstep_optimizer_set_tensor_step_count(get(), 0, 1); },
      [&] { return gradstep_optimizer_export_array(get(), 0, "param", &array, 20); },
      [&] { return gradstep_optimizer_import_array(get(), 0, "param", &array, 20); }};
  for (const auto& call : calls) {
    refused(call(), GRADSTEP_OUT_OF_RANGE, {"tensor = 0 was removed"});
  }
  std::size_t index = 7;
  refused(gradstep_optimizer_find_tensor(get(), "a.weight", &index), GRADSTEP_UNKNOWN_NAME,
          {"\"a.weight\"", "nearest: \"b.weight\""});
}

TEST_F(removal, frees_the_name_and_the_arrays) {
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  const auto again = add_tensor(get(), 1, "a.weight", without_slots(a.tensor()));
  EXPECT_EQ(again, 2U);
  EXPECT_EQ(describe_tensor(get(), again).step_count, 0U);
  std::size_t found = 0;
  expect_ok(gradstep_optimizer_find_tensor(get(), "a.weight", &found));
  EXPECT_EQ(found, again);
  step(get());
  EXPECT_EQ(describe_tensor(get(), again).step_count, 1U);
  EXPECT_EQ(describe_tensor(get(), 1).step_count, 2U);
}

TEST_F(removal, leaves_null_in_lists_of_gradients) {
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  before = everything_in(get());
  void* grads[] = {fresh.grad.data(), nullptr};
  refused(gradstep_optimizer_set_grads(get(), 0, 2, grads), GRADSTEP_INVALID_ARGUMENT,
          {"grads[0]", "not NULL", "tensor 0 was removed"});
  grads[0] = nullptr;
  grads[1] = fresh.grad.data();
  expect_ok(gradstep_optimizer_set_grads(get(), 0, 2, grads));
  const auto bits = a.bits();
  expect_ok(gradstep_optimizer_inspect(get(), GRADSTEP_ALL_TENSORS, 1));
  expect_ok(gradstep_optimizer_accumulate(get(), GRADSTEP_ALL_TENSORS, 1));
  step(get());
  EXPECT_EQ(a.bits(), bits);
}

TEST_F(removal, parts_gradients_that_overlapped) {
  expect_ok(gradstep_optimizer_set_grad(get(), 1, a.grad.data()));
  refused(gradstep_optimizer_step(get(), nullptr, nullptr), GRADSTEP_INVALID_ARGUMENT, {"overlap"});
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  step(get());
}

TEST_F(removal, of_a_group) {
  before = everything_in(get());
  refused(gradstep_optimizer_remove_group(get(), 0), GRADSTEP_INVALID_ARGUMENT,
          {"group = 0", "\"first\"", "1 tensors", "gradstep_optimizer_move_tensor"});
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  expect_ok(gradstep_optimizer_remove_group(get(), 0));
  before = everything_in(get());
  const auto info = describe(get());
  EXPECT_EQ(info.group_count, 1U);
  EXPECT_EQ(info.group_end, 2U);
  auto group_info = sized<gradstep_group_info>();
  auto plateau = make_plateau(1);
  double value = 0;
  const std::function<gradstep_status()> calls[] = {
      [&] { return gradstep_optimizer_remove_group(get(), 0); },
      [&] { return gradstep_optimizer_move_tensor(get(), 1, 0); },
      [&] { return gradstep_optimizer_describe_group(get(), 0, &group_info); },
      [&] { return gradstep_optimizer_set_hyperparameter(get(), 0, "lr", 1); },
      [&] { return gradstep_optimizer_get_hyperparameter(get(), 0, "lr", &value); },
      [&] { return gradstep_optimizer_set_schedule(get(), 0, nullptr); },
      [&] { return gradstep_optimizer_set_plateau(get(), 0, nullptr); },
      [&] { return gradstep_optimizer_get_plateau(get(), 0, &plateau); },
      [&] { return gradstep_optimizer_transform(get(), 0, "evaluate"); },
      [&] { return add("t", fresh.tensor(), 0); }};
  for (const auto& call : calls) {
    refused(call(), GRADSTEP_OUT_OF_RANGE, {"group = 0 was removed"});
  }
  std::size_t index = 7;
  refused(gradstep_optimizer_find_group(get(), "first", &index), GRADSTEP_UNKNOWN_NAME,
          {"nearest: \"second\""});
  EXPECT_EQ(add_group(get(), "first", sgd.get()), 2U);
  step(get());
}

TEST_F(removal, of_the_last_names) {
  for (const std::size_t i : {0U, 1U}) {
    expect_ok(gradstep_optimizer_remove_tensor(get(), i));
    expect_ok(gradstep_optimizer_remove_group(get(), i));
  }
  std::size_t index = 7;
  expect_failure(gradstep_optimizer_find_tensor(get(), "t", &index), GRADSTEP_UNKNOWN_NAME,
                 {"nearest: none"});
  step(get());
}

/// Transforms of all groups do not find a removed one's.
TEST_F(removal, of_a_group_with_transforms) {
  const auto rule = make_rule("schedule_free_adamw");
  const auto group = add_group(get(), "free", rule.get());
  expect_ok(gradstep_optimizer_transform(get(), GRADSTEP_ALL_GROUPS, "evaluate"));
  expect_ok(gradstep_optimizer_remove_group(get(), group));
  expect_failure(gradstep_optimizer_transform(get(), GRADSTEP_ALL_GROUPS, "evaluate"),
                 GRADSTEP_UNKNOWN_NAME, {"no transform"});
}

/// The scalars that all of prodigy's tensors share go with its last group.
TEST_F(removal, of_the_last_group_of_a_rule) {
  const auto rule = make_rule("prodigy");
  std::size_t groups[] = {add_group(get(), "p0", rule.get()), add_group(get(), "p1", rule.get())};
  auto tensor = fresh.tensor();
  auto index = add_tensor(get(), groups[1], "p", tensor);
  for (int i = 0; i < 5; ++i) step(get());
  const auto scalar = [&] {
    double value = 0;
    expect_ok(gradstep_optimizer_get_scalar(get(), index, "d", &value));
    return value;
  };
  const double found = scalar();
  EXPECT_GT(found, hyperparameter_of(get(), groups[1], "d0"));
  expect_ok(gradstep_optimizer_remove_tensor(get(), index));
  expect_ok(gradstep_optimizer_remove_group(get(), groups[1]));
  index = add_tensor(get(), groups[0], "p", tensor);
  EXPECT_EQ(scalar(), found);
  expect_ok(gradstep_optimizer_remove_tensor(get(), index));
  expect_ok(gradstep_optimizer_remove_group(get(), groups[0]));
  index = add_tensor(get(), add_group(get(), "p2", rule.get()), "p", tensor);
  EXPECT_EQ(scalar(), hyperparameter_of(get(), 4, "d0"));
}

/// Shared scalars begin as the groups that have tensors say.
TEST_F(removal, of_a_group_with_other_initial_scalars) {
  const auto far = make_rule("prodigy", {{"d0", 1e-2}}), near = make_rule("prodigy");
  const auto removed = add_group(get(), "far", far.get());
  add_group(get(), "empty", far.get());
  const auto index = add_tensor(get(), add_group(get(), "near", near.get()), "p", fresh.tensor());
  expect_ok(gradstep_optimizer_remove_group(get(), removed));
  step(get());
  double d = 0;
  expect_ok(gradstep_optimizer_get_scalar(get(), index, "d", &d));
  EXPECT_LT(d, 1e-3);
}

/// A checkpoint has what is there. It loads into an optimizer that never had the rest, and back.
TEST_F(removal, is_seen_by_checkpoints) {
  const scratch_folder folder;
  const auto path = folder / "removed.safetensors";
  add_tensor(get(), 0, "c", fresh.tensor());
  step(get());
  expect_ok(gradstep_optimizer_remove_tensor(get(), 0));
  add_group(get(), "third", adam.get());
  expect_ok(gradstep_optimizer_move_tensor(get(), 2, 2));
  expect_ok(gradstep_optimizer_remove_group(get(), 0));
  expect_ok(gradstep_optimizer_save(get(), path.c_str(), GRADSTEP_CHECKPOINT_PARAMS));
  const auto whole = make_optimizer(context.get());
  add_group(whole.get(), "second", sgd.get());
  add_group(whole.get(), "third", adam.get());
  plain_tensor c(20), d(20);
  add_tensor(whole.get(), 0, "b.weight", d.tensor());
  add_tensor(whole.get(), 1, "c", c.tensor());
  expect_ok(
      gradstep_optimizer_load(whole.get(), path.c_str(), GRADSTEP_CHECKPOINT_PARAMS, nullptr));
  EXPECT_EQ(c.bits(), fresh.bits());
  EXPECT_EQ(describe_tensor(whole.get(), 1).step_count, 1U);
  auto result = sized<gradstep_load_result>();
  before = everything_in(get());
  expect_ok(gradstep_optimizer_load(get(), path.c_str(), GRADSTEP_CHECKPOINT_PARAMS, &result));
  EXPECT_EQ(everything_in(get()), before);
  EXPECT_EQ(result.loaded_count, 2U);
  EXPECT_EQ(result.missing_count, 0U);
  EXPECT_EQ(result.extra_count, 0U);
}

}  // namespace
}  // namespace gradstep_test
