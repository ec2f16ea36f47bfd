// SPDX-License-Identifier: Apache-2.0
//
// Counts up to 2^53 and settings of 64 bits come back from a checkpoint. A call that would count
// beyond 2^53 is refused.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/resealed_checkpoint.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using nlohmann::json;

constexpr std::uint64_t most = std::uint64_t{1} << 53;

class counted_model {
 public:
  counted_model() {
    for (std::size_t i = 0; i < 2; ++i) {
      arrays_.emplace_back(6, GRADSTEP_FLOAT32, i + 1);
    }
    add_group(optimizer.get(), "all", rule_.get());
    add_tensor(optimizer.get(), 0, "first", arrays_[0].tensor());
    add_tensor(optimizer.get(), 0, "second", arrays_[1].tensor());
  }
  gradstep_status step(bool is_skipped = false) {
    auto options = sized<gradstep_step_options>();
    options.flags = GRADSTEP_STEP_GRAD_NORM;
    options.grad_norm = 1;
    options.non_finite_count = is_skipped ? 1 : 0;
    return gradstep_optimizer_step(optimizer.get(), &options, nullptr);
  }
  gradstep_status accumulate() {
    return gradstep_optimizer_accumulate(optimizer.get(), GRADSTEP_ALL_TENSORS, 1);
  }

 private:
  static gradstep_optimizer_options checked() {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_CHECK_FINITE;
    return options;
  }

  context_handle context_ = make_serial_context();
  rule_handle rule_ = make_rule("adamw");
  std::vector<plain_tensor> arrays_;

 public:
  optimizer_handle optimizer = make_optimizer(context_.get(), checked());
};

/// A checkpoint of the model gives, loaded into another model, what was saved.
void expect_round_trip(const counted_model& model, const scratch_folder& folder) {
  save(model.optimizer, folder / "again");
  const counted_model loaded;
  load(loaded.optimizer, folder / "again");
  auto got = everything_in(loaded.optimizer.get()), wanted = everything_in(model.optimizer.get());
  // state_bytes may differ: a sum's memory stays allocated when the sum is used.
  const auto state_bytes = static_cast<double>(describe(model.optimizer.get()).state_bytes);
  ASSERT_EQ(wanted.at(4), state_bytes);
  got[4] = state_bytes;
  EXPECT_EQ(got, wanted);
}

/// Loads a checkpoint whose count is one below its limit. One more call counts, the next is
/// refused.
void expect_an_end(const std::function<void(json&)>& set_count,
                   const std::function<gradstep_status(counted_model&)>& call,
                   const std::vector<std::string>& words) {
  const scratch_folder folder;
  counted_model saved;
  expect_ok(saved.step());
  expect_ok(saved.accumulate());
  save(saved.optimizer, folder / "state");
  write_bytes(folder / "state", resealed(read_bytes(folder / "state"), set_count));

  counted_model model;
  load(model.optimizer, folder / "state");
  expect_round_trip(model, folder);
  expect_ok(call(model));
  expect_round_trip(model, folder);
  const auto before = everything_in(model.optimizer.get());
  expect_failure(call(model), GRADSTEP_OUT_OF_RANGE, words);
  EXPECT_EQ(everything_in(model.optimizer.get()), before);
  expect_round_trip(model, folder);
}

TEST(count_limits, steps_of_the_optimizer) {
  expect_an_end([](json& s) { s["step_count"] = most - 1; },
                [](counted_model& m) { return m.step(); }, {"the optimizer", "step_count", "2^53"});
}

TEST(count_limits, skipped_steps) {
  expect_an_end([](json& s) { s["skipped_count"] = most - 1; },
                [](counted_model& m) { return m.step(true); },
                {"the optimizer", "skipped_count", "2^53"});
}

TEST(count_limits, steps_of_a_tensor) {
  const auto set_count = [](json& s) { s["tensors"][1]["step_count"] = most - 1; };
  const std::vector<std::string> words{"\"second\"", "step_count", "2^53"};
  expect_an_end(
      set_count, [](counted_model& m) { return m.step(); }, words);
  const auto step_one = [](counted_model& m) {
    auto options = sized<gradstep_step_options>();
    options.flags = GRADSTEP_STEP_GRAD_NORM;
    options.grad_norm = 1;
    const auto begun = gradstep_optimizer_begin_step(m.optimizer.get(), &options);
    if (begun != GRADSTEP_OK) return begun;
    const auto status = gradstep_optimizer_step_tensor(m.optimizer.get(), 1);
    expect_ok(gradstep_optimizer_end_step(m.optimizer.get(), nullptr));
    return status;
  };
  expect_an_end(set_count, step_one, words);
}

/// A tensor at its limit that has no gradient when the step begins, and gets one during the step.
TEST(count_limits, of_a_tensor_that_joins_a_step_late) {
  const scratch_folder folder;
  counted_model model;
  save(model.optimizer, folder / "state");
  write_bytes(folder / "state", resealed(read_bytes(folder / "state"),
                                         [](json& s) { s["tensors"][1]["step_count"] = most; }));
  load(model.optimizer, folder / "state");
  expect_ok(gradstep_optimizer_set_grad(model.optimizer.get(), 1, nullptr));
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = 1;
  expect_ok(gradstep_optimizer_begin_step(model.optimizer.get(), &options));
  std::vector<float> grad(6);
  expect_ok(gradstep_optimizer_set_grad(model.optimizer.get(), 1, grad.data()));
  expect_failure(gradstep_optimizer_step_tensor(model.optimizer.get(), 1), GRADSTEP_OUT_OF_RANGE,
                 {"\"second\"", "2^53"});
  expect_ok(gradstep_optimizer_end_step(model.optimizer.get(), nullptr));
  EXPECT_EQ(describe_tensor(model.optimizer.get(), 1).step_count, most);
}

TEST(count_limits, accumulated_gradients) {
  expect_an_end([](json& s) { s["tensors"][0]["accumulate_count"] = most - 1; },
                [](counted_model& m) { return m.accumulate(); },
                {"\"first\"", "accumulate_count", "2^53"});
}

TEST(count_limits, accumulated_gradients_of_one_tensor) {
  expect_an_end(
      [](json& s) { s["tensors"][0]["accumulate_count"] = most - 1; },
      [](counted_model& m) { return gradstep_optimizer_accumulate(m.optimizer.get(), 0, 1); },
      {"\"first\"", "accumulate_count", "2^53"});
}

TEST(count_limits, settings_of_64_bits) {
  const scratch_folder folder;
  for (const std::uint64_t number : {most, most + 1, UINT64_MAX}) {
    const counted_model model, loaded;
    auto plateau = sized<gradstep_plateau>(), got_plateau = plateau;
    expect_ok(gradstep_plateau_init(&plateau, 0.05));
    plateau.patience = plateau.cooldown = number;
    plateau.bad_count = number - 1;
    plateau.cooldown_left = number - 2;
    expect_ok(gradstep_optimizer_set_plateau(model.optimizer.get(), 0, &plateau));
    auto scaler = sized<gradstep_loss_scaler>(), got_scaler = scaler;
    expect_ok(gradstep_loss_scaler_init(&scaler));
    scaler.growth_interval = number;
    scaler.steps_in_a_row = number - 1;
    expect_ok(gradstep_optimizer_set_loss_scaler(model.optimizer.get(), &scaler));
    save(model.optimizer, folder / "state");
    load(loaded.optimizer, folder / "state");
    expect_ok(gradstep_optimizer_get_plateau(loaded.optimizer.get(), 0, &got_plateau));
    expect_ok(gradstep_optimizer_get_loss_scaler(loaded.optimizer.get(), &got_scaler));
    EXPECT_EQ(std::memcmp(&got_plateau, &plateau, sizeof plateau), 0);
    EXPECT_EQ(std::memcmp(&got_scaler, &scaler, sizeof scaler), 0);
  }
}

}  // namespace
}  // namespace gradstep_test
