// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of other models, and wrong arguments: each gives its status and a sentence that names
// the fault, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/scripted_model.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t partial = GRADSTEP_CHECKPOINT_PARTIAL;

/// The load fails with this status and these words. The model and the result stay as they were.
void refuse(const scripted_model& model, const std::string& path, std::uint64_t flags,
            gradstep_status status, const std::vector<std::string>& words) {
  const auto before = model.state();
  auto result = sized<gradstep_load_result>();
  result.loaded_count = 99;
  expect_failure(gradstep_optimizer_load(model.optimizer.get(), path.c_str(), flags, &result),
                 status, words);
  EXPECT_EQ(result.loaded_count, 99U);
  expect_same_bytes(model.state(), before);
}

TEST(checkpoint_misuse, every_difference_in_one_message) {
  const scratch_folder folder;
  const auto context = make_serial_context();
  const auto adam = make_rule("adam"), sgd = make_rule("sgd");
  const auto build = [&](std::vector<plain_tensor>& arrays, bool is_other) {
    auto optimizer = make_optimizer(context.get());
    add_group(optimizer.get(), "same", adam.get());
    add_group(optimizer.get(), "rule", is_other ? sgd.get() : adam.get());
    add_group(optimizer.get(), is_other ? "new" : "old", adam.get());
    add_tensor(optimizer.get(), 0, "fits", arrays[0].tensor());
    add_tensor(optimizer.get(), 0, "counted", arrays[is_other ? 2 : 1].tensor());
    add_tensor(optimizer.get(), 0, is_other ? "missing" : "extra", arrays[3].tensor());
    add_tensor(optimizer.get(), is_other ? 2 : 0, "moved", arrays[4].tensor());
    return optimizer;
  };
  std::vector<plain_tensor> ours, theirs;
  for (std::size_t i = 0; i < 5; ++i) {
    ours.emplace_back(10 + i, GRADSTEP_FLOAT32, i);
    theirs.emplace_back(10 + i, GRADSTEP_FLOAT32, 20 + i);
  }
  const auto saved = build(ours, false), other = build(theirs, true);
  step(saved.get());
  save(saved, folder / "state");
  const auto before = everything_in(other.get());
  expect_failure(
      gradstep_optimizer_load(other.get(), (folder / "state").c_str(), with_params, nullptr),
      GRADSTEP_MISMATCH,
      {"rule", "sgd", "adam", "new", "old", "counted", "11", "12", "missing", "extra", "moved"});
  EXPECT_EQ(everything_in(other.get()), before);
  const auto fits = ours[0].bits(), kept = theirs[3].bits();
  const auto result = load(other, folder / "state", with_params | partial);
  EXPECT_EQ(result.loaded_count, 1U);
  EXPECT_EQ(result.missing_count, 3U);
  EXPECT_EQ(result.extra_count, 3U);
  expect_same_bits(theirs[0].bits(), fits);
  expect_same_bits(theirs[3].bits(), kept);
  EXPECT_EQ(describe_tensor(other.get(), 0).step_count, 1U);
  EXPECT_EQ(describe_tensor(other.get(), 2).step_count, 0U);
}

TEST(checkpoint_misuse, settings_are_kept_and_absent_params_named) {
  const scratch_folder folder;
  scripted_model model({});
  model.run(0, 9);
  save(model.optimizer, folder / "state", 0);
  scripted_model fresh({.is_fresh = true, .has_late_tensor = true});
  refuse(fresh, folder / "state", with_params, GRADSTEP_MISMATCH, {"layer.0.weight", "param"});
  const double lr = 0.125;
  expect_ok(gradstep_optimizer_set_hyperparameter(fresh.optimizer.get(), 1, "lr", lr));
  load(fresh.optimizer, folder / "state", GRADSTEP_CHECKPOINT_KEEP_SETTINGS);
  EXPECT_EQ(describe_group(fresh.optimizer.get(), 1).lr, lr);
  auto scaler = sized<gradstep_loss_scaler>();
  EXPECT_EQ(gradstep_optimizer_get_loss_scaler(fresh.optimizer.get(), &scaler),
            GRADSTEP_UNSUPPORTED);
  EXPECT_EQ(describe(fresh.optimizer.get()).step_count, describe(model.optimizer.get()).step_count);
}

TEST(checkpoint_misuse, wrong_arguments) {
  const scratch_folder folder;
  scripted_model model({});
  gradstep_optimizer* raw = model.optimizer.get();
  save(model.optimizer, folder / "state");
  const auto path = folder / "state";
  expect_failure(gradstep_optimizer_save(nullptr, path.c_str(), 0), GRADSTEP_INVALID_ARGUMENT,
                 {"optimizer"});
  expect_failure(gradstep_optimizer_save(raw, nullptr, 0), GRADSTEP_INVALID_ARGUMENT, {"path"});
  expect_failure(gradstep_optimizer_save(raw, "", 0), GRADSTEP_INVALID_ARGUMENT, {"empty"});
  expect_failure(gradstep_optimizer_save(raw, path.c_str(), 8), GRADSTEP_INVALID_ARGUMENT,
                 {"flags", "8"});
  expect_failure(gradstep_optimizer_save(raw, folder.path().c_str(), 0), GRADSTEP_IO_ERROR,
                 {folder.path()});
  expect_failure(gradstep_optimizer_load(nullptr, path.c_str(), 0, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"optimizer"});
  expect_failure(gradstep_optimizer_load(raw, nullptr, 0, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"path"});
  refuse(model, "", 0, GRADSTEP_INVALID_ARGUMENT, {"empty"});
  refuse(model, path, 32, GRADSTEP_INVALID_ARGUMENT, {"flags", "0x20"});
  refuse(model, folder / "none", 0, GRADSTEP_IO_ERROR, {folder / "none", "No such file"});
  refuse(model, folder.path(), 0, GRADSTEP_IO_ERROR, {folder.path()});
  for (const std::size_t size : bad_sizes) {
    auto result = sized<gradstep_load_result>();
    result.struct_size = size;
    expect_failure(gradstep_optimizer_load(raw, path.c_str(), 0, &result),
                   GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
}

TEST(checkpoint_misuse, not_inside_a_step) {
  const scratch_folder folder;
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  plain_tensor a(3);
  add_tensor(optimizer.get(), add_group(optimizer.get(), "all", rule.get()), "a", a.tensor());
  const auto path = folder / "state";
  save(optimizer, path);
  expect_ok(gradstep_optimizer_begin_step(optimizer.get(), nullptr));
  expect_failure(gradstep_optimizer_save(optimizer.get(), path.c_str(), 0), GRADSTEP_WRONG_ORDER,
                 {"step"});
  expect_failure(gradstep_optimizer_load(optimizer.get(), path.c_str(), 0, nullptr),
                 GRADSTEP_WRONG_ORDER, {"step"});
  expect_ok(gradstep_optimizer_end_step(optimizer.get(), nullptr));
  load(optimizer, path);
}

}  // namespace
}  // namespace gradstep_test
