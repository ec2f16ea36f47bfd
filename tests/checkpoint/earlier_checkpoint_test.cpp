// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint that an earlier version wrote, by a JSON library: it loads, and saving gives the
// same bytes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/checkpoint_files.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

/// The model of golden/optimizer.safetensors. That file was saved after three steps and an
/// accumulation for the first tensor.
class golden_model {
 public:
  golden_model() {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_AVERAGE;
    options.average_decay = 0.9;
    optimizer = make_optimizer(context_.get(), options);
    const auto adamw = make_rule("adamw"), sgd = make_rule("sgd", {{"momentum", 0.9}});
    add_group(optimizer.get(), "gro\"up \xC3\xA9", adamw.get());
    add_group(optimizer.get(), "second", sgd.get());
    add(0, "layer.0.weight", GRADSTEP_FLOAT32, 100, floats_[0]);
    add(0, "split", GRADSTEP_BFLOAT16, 40, floats_[1]);
    add(1, "bias", GRADSTEP_FLOAT32, 30, nullptr);
    add(1, "double", GRADSTEP_FLOAT64, 7, doubles_);
    add(1, "empty", GRADSTEP_FLOAT32, 0, nullptr);
  }

  optimizer_handle optimizer;

 private:
  void add(std::size_t group, const char* name, std::int32_t type, std::size_t count,
           void* average) {
    const bool is_double = type == GRADSTEP_FLOAT64;
    params_.push_back(std::make_unique<double[]>(count + 1));
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    const std::int32_t arithmetic = is_double ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    tensor.param = array_of(type, params_.back().get(), type == GRADSTEP_BFLOAT16 ? low_ : nullptr);
    tensor.grad = array_of(arithmetic, nullptr);
    tensor.average = array_of(arithmetic, average);
    add_tensor(optimizer.get(), group, name, tensor);
  }

  context_handle context_ = make_serial_context();
  std::vector<std::unique_ptr<double[]>> params_;
  float floats_[2][100] = {};
  double doubles_[7] = {};
  std::uint16_t low_[40] = {};
};

TEST(earlier_checkpoint, loads_and_is_saved_as_the_same_bytes) {
  const std::string path = golden_file("optimizer.safetensors");
  const std::string golden = read_bytes(path);
  ASSERT_GT(golden.size(), 5000U);
  const golden_model model;
  const auto result = load(model.optimizer, path);
  EXPECT_EQ(result.loaded_count, 5U);
  EXPECT_EQ(describe(model.optimizer.get()).step_count, 3U);
  EXPECT_EQ(describe_tensor(model.optimizer.get(), 0).accumulate_count, 1U);
  EXPECT_EQ(describe_tensor(model.optimizer.get(), 2).is_frozen, 1);
  EXPECT_EQ(describe_group(model.optimizer.get(), 1).lr_scale, 0.3);
  EXPECT_STREQ(describe_group(model.optimizer.get(), 0).schedule_name, "sequence");
  const scratch_folder folder;
  save(model.optimizer, folder / "again");
  expect_same_bytes(read_bytes(folder / "again"), golden);
}

}  // namespace
}  // namespace gradstep_test
