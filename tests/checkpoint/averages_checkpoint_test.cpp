// SPDX-License-Identifier: Apache-2.0
//
// Counts of averages and norms of groups in a checkpoint.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/resealed_checkpoint.hpp"
#include "support/arrays.hpp"
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

/// One group with two tensors, of which the first has an average.
struct averaging_model {
  averaging_model() {
    add_group(get(), "all", make_rule("sgd", {{"lr", 0.5}}).get());
    auto tensor = first.tensor();
    tensor.average = array_of(average.data());
    add_tensor(get(), 0, "first", tensor);
    add_tensor(get(), 0, "second", second.tensor());
  }
  gradstep_optimizer* get() const { return optimizer.get(); }
  void set_averaging(bool is_on) {
    auto options = sized<gradstep_optimizer_options>();
    if (is_on) options.flags = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;
    expect_ok(gradstep_optimizer_set_options(get(), &options));
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step(get());
  }

  plain_tensor first{5}, second{3};
  std::vector<float> average = std::vector<float>(5, 42);
  optimizer_handle optimizer = make_optimizer(serial_context());
};

/// The state in a file, as JSON.
nlohmann::json state_of(const std::string& path) {
  nlohmann::json state;
  (void)resealed(read_bytes(path), [&](nlohmann::json& found) { state = found; });
  return state;
}

TEST(average_counts_in_a_checkpoint, are_there_if_they_differ_from_the_steps) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  // before: steps without averages; started: whether start_average adds one.
  const struct {
    int before;
    bool is_started;
    int after;
    std::uint64_t count;
    bool is_there;
  } cases[] = {{0, false, 3, 3, false},
               {2, false, 0, 0, true},
               {2, false, 3, 3, true},
               {0, true, 3, 4, true},
               {0, false, 0, 0, false}};
  for (const auto& [before, is_started, after, count, is_there] : cases) {
    averaging_model saved, loaded;
    saved.steps(before);
    saved.set_averaging(true);
    if (is_started) expect_ok(gradstep_optimizer_start_average(saved.get(), 0));
    saved.steps(after);
    save(saved.optimizer, path);
    const auto tensors = state_of(path)["tensors"];
    EXPECT_EQ(tensors[0].contains("average_count"), is_there);
    EXPECT_FALSE(tensors[1].contains("average_count"));
    load(loaded.optimizer, path);
    EXPECT_EQ(describe_tensor(loaded.get(), 0).average_count, count);
    EXPECT_EQ(describe_tensor(loaded.get(), 1).average_count, 0U);
    // Both go on alike.
    loaded.set_averaging(true);
    saved.steps(2);
    loaded.steps(2);
    EXPECT_EQ(everything_in(loaded.get()), everything_in(saved.get()));
    EXPECT_EQ(describe_tensor(loaded.get(), 0).average_count, count + 2);
  }
}

TEST(average_counts_in_a_checkpoint, that_are_wrong_are_refused) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  averaging_model model;
  model.steps(2);
  save(model.optimizer, path);
  const std::string good = read_bytes(path);
  const auto before = everything_in(model.get());
  const struct {
    const char* member;
    nlohmann::json value;
    std::vector<std::string> words;
  } cases[] = {{"average_count", -1, {"average_count"}},
               {"average_count", (std::uint64_t{1} << 53) + 1, {"average_count"}},
               {"average_count", "3", {"average_count"}}};
  for (const auto& [member, value, words] : cases) {
    write_bytes(path, resealed(good, [&member = member, &value = value](nlohmann::json& state) {
                  state["tensors"][0][member] = value;
                }));
    expect_failure(gradstep_optimizer_load(model.get(), path.c_str(), with_params, nullptr),
                   GRADSTEP_CORRUPT, words);
    EXPECT_EQ(everything_in(model.get()), before);
  }
}

TEST(max_norm_in_a_checkpoint, is_a_setting_of_the_group) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  for (const double max_norm : {0.0, 0.25, std::numeric_limits<double>::infinity()}) {
    averaging_model saved, loaded, kept;
    expect_ok(gradstep_optimizer_set_group_max_norm(saved.get(), 0, max_norm));
    expect_ok(gradstep_optimizer_set_group_max_norm(loaded.get(), 0, 7));
    expect_ok(gradstep_optimizer_set_group_max_norm(kept.get(), 0, 7));
    saved.steps(2);
    loaded.steps(1);
    save(saved.optimizer, path);
    EXPECT_EQ(state_of(path)["groups"][0].contains("max_norm"), max_norm != 0);
    load(loaded.optimizer, path);
    EXPECT_EQ(describe_group(loaded.get(), 0).max_norm, max_norm);
    EXPECT_EQ(describe_group(loaded.get(), 0).grad_norm, 0);
    load(kept.optimizer, path, with_params | GRADSTEP_CHECKPOINT_KEEP_SETTINGS);
    EXPECT_EQ(describe_group(kept.get(), 0).max_norm, 7);
    saved.steps(1);
    loaded.steps(1);
    EXPECT_EQ(everything_in(loaded.get()), everything_in(saved.get()));
  }
}

TEST(max_norm_in_a_checkpoint, that_is_wrong_is_refused) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  averaging_model model;
  save(model.optimizer, path);
  const std::string good = read_bytes(path);
  for (const nlohmann::json& value : {nlohmann::json(-1.0), nlohmann::json("nan")}) {
    write_bytes(path, resealed(good, [&](nlohmann::json& state) {
                  state["groups"][0]["max_norm"] = value;
                }));
    expect_failure(gradstep_optimizer_load(model.get(), path.c_str(), with_params, nullptr),
                   GRADSTEP_CORRUPT, {"\"max_norm\"", "neither 0 nor above 0"});
    EXPECT_EQ(describe_group(model.get(), 0).max_norm, 0);
  }
}

}  // namespace
}  // namespace gradstep_test
