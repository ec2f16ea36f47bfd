// SPDX-License-Identifier: Apache-2.0
//
// Whatever an optimizer counts and accepts comes back from its checkpoint: counts end at 2^53,
// where the next call is refused, and settings are numbers of 64 bits.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

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
#include "support/number_array.hpp"
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

/// A checkpoint of the model can be loaded, and gives what was saved.
void expect_round_trip(const counted_model& model, const scratch_folder& folder) {
  save(model.optimizer, folder / "again");
  const counted_model loaded;
  load(loaded.optimizer, folder / "again");
  auto got = everything_in(loaded.optimizer.get()), wanted = everything_in(model.optimizer.get());
  // Memory of a sum stays when the sum is used.
  const auto state_bytes = static_cast<double>(describe(model.optimizer.get()).state_bytes);
  ASSERT_EQ(wanted.at(4), state_bytes);
  got[4] = state_bytes;
  EXPECT_EQ(got, wanted);
}

/// The count is one below the end; so one more call counts, and then none.
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

TEST(optimizer_checkpoint_counts, steps_of_the_optimizer) {
  expect_an_end([](json& s) { s["step_count"] = most - 1; },
                [](counted_model& m) { return m.step(); }, {"the optimizer", "step_count", "2^53"});
}

TEST(optimizer_checkpoint_counts, skipped_steps) {
  expect_an_end([](json& s) { s["skipped_count"] = most - 1; },
                [](counted_model& m) { return m.step(true); },
                {"the optimizer", "skipped_count", "2^53"});
}

TEST(optimizer_checkpoint_counts, steps_of_a_tensor) {
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

/// It sits out when the step begins, and gets its gradient afterwards.
TEST(optimizer_checkpoint_counts, a_tensor_that_comes_late_into_a_step) {
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

TEST(optimizer_checkpoint_counts, accumulated_gradients) {
  expect_an_end([](json& s) { s["tensors"][0]["accumulate_count"] = most - 1; },
                [](counted_model& m) { return m.accumulate(); },
                {"\"first\"", "accumulate_count", "2^53"});
}

TEST(optimizer_checkpoint_counts, accumulated_gradients_of_one_tensor) {
  expect_an_end(
      [](json& s) { s["tensors"][0]["accumulate_count"] = most - 1; },
      [](counted_model& m) { return gradstep_optimizer_accumulate(m.optimizer.get(), 0, 1); },
      {"\"first\"", "accumulate_count", "2^53"});
}

TEST(optimizer_checkpoint_counts, settings_of_64_bits) {
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

// ---- Slots that no step has used ---------------------------------------------------------------

/// Plain descent for two steps, then momentum with dampening: its buffer begins undamped, though
/// the run was saved with the buffer in place and goes on elsewhere.
double param_after_late_momentum(bool owns_slots, bool is_saved, const std::string& path) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 0.5}, {"dampening", 0.5}});
  plain_tensor array(5);
  number_array buffer(GRADSTEP_FLOAT32, 5);
  array.param.fill(0);
  array.grad.fill(1);
  buffer.fill(0);
  void* slots[] = {buffer.data()};
  auto t = array.tensor();
  t.slots = owns_slots ? nullptr : slots;
  t.slot_count = owns_slots ? 0 : 1;
  const auto make = [&] {
    auto made = make_optimizer(context.get());
    add_group(made.get(), "all", sgd.get());
    add_tensor(made.get(), 0, "weight", t);
    return made;
  };
  auto optimizer = make();
  step(optimizer.get());
  step(optimizer.get());
  const auto set_momentum = [&] {
    expect_ok(gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", 0.75));
  };
  set_momentum();
  if (is_saved) {
    save(optimizer, path);
    optimizer = make();
    set_momentum();
    load(optimizer, path);
  }
  step(optimizer.get());
  step(optimizer.get());
  return array.param.get(0);
}

TEST(optimizer_checkpoint_counts, a_slot_that_no_step_has_used_is_still_fresh) {
  const scratch_folder folder;
  for (const bool owns_slots : {true, false}) {
    for (const bool is_saved : {false, true}) {
      // Two steps of -0.5, then -0.5 of a buffer of 1, and of 0.75 + 0.5.
      EXPECT_EQ(param_after_late_momentum(owns_slots, is_saved, folder / "late"), -2.125);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
