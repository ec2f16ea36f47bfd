// SPDX-License-Identifier: Apache-2.0
//
// The optimizer's C++ handle: each member reaches the call that it names.
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// sgd with a rate of 1, so that a step subtracts the gradient.
struct one_tensor {
  one_tensor() {
    group = optimizer.add_group("all", gradstep::rule("sgd", {{"lr", 1}}));
    tensor = optimizer.add_tensor(group, "weight", param.data(), grad.data(), param.size());
  }
  gradstep::context context;
  gradstep::optimizer optimizer{context};
  std::vector<float> param{1, 2}, grad{0.5F, -0.5F};
  std::size_t group, tensor;
};

using floats = std::vector<float>;
using doubles = std::vector<double>;

TEST(optimizer_handles, groups_and_tensors) {
  one_tensor o;
  const gradstep::schedule half("constant", {{"factor", 0.5}, {"total_steps", 9}});
  const auto slow = o.optimizer.add_group("slow", gradstep::rule("adam", {{"lr", 1}}), &half, 0.5,
                                          GRADSTEP_BFLOAT16);
  std::vector<float> bias{3};
  const auto added =
      o.optimizer.add_tensor(slow, "bias", bias.data(), static_cast<float*>(nullptr), 1);
  EXPECT_EQ(o.optimizer.find_group("slow"), slow);
  EXPECT_EQ(o.optimizer.find_tensor("bias"), added);
  EXPECT_EQ(o.optimizer.describe().tensor_count, 2U);
  EXPECT_EQ(o.optimizer.describe_group(slow).lr, 0.25);
  EXPECT_EQ(o.optimizer.describe_tensor(added).has_grad, 0);
  EXPECT_EQ(o.optimizer.array(added, "exp_avg").dtype, GRADSTEP_BFLOAT16);
  o.optimizer.set_schedule(slow, nullptr);
  EXPECT_EQ(o.optimizer.describe_group(slow).lr, 0.5);
  o.optimizer.set(slow, "beta1", 0.5);
  EXPECT_EQ(o.optimizer.get(slow, "beta1"), 0.5);
  o.optimizer.write(added, "exp_avg", {4});
  EXPECT_EQ(o.optimizer.read(added, "exp_avg"), std::vector<double>{4});
  EXPECT_THROW((void)o.optimizer.find_tensor("biass"), gradstep::error);
  EXPECT_THROW(o.optimizer.write(added, "exp_avg", {1, 2}), gradstep::error);
}

TEST(optimizer_handles, steps) {
  one_tensor o;
  EXPECT_EQ(o.optimizer.step().is_skipped, 0);
  EXPECT_EQ(o.param, (floats{0.5F, 2.5F}));
  o.optimizer.freeze(o.tensor);
  o.optimizer.step();
  EXPECT_EQ(o.param, (floats{0.5F, 2.5F}));
  o.optimizer.thaw(o.tensor);
  o.optimizer.begin_step();
  o.optimizer.step_tensor(o.tensor);
  EXPECT_EQ(o.optimizer.end_step().clip_factor, 1);
  EXPECT_EQ(o.param, (floats{0, 3}));
  floats other{1, 1};
  o.optimizer.set_grads(o.tensor, {nullptr});
  o.optimizer.set_grad(o.tensor, other.data());
  o.optimizer.accumulate();
  o.optimizer.accumulate(o.tensor, 0.5);
  gradstep::optimizer moved = std::move(o.optimizer);
  moved.step();
  EXPECT_EQ(o.param, (floats{-1.5F, 1.5F}));
  EXPECT_EQ(moved.describe().step_count, 4U);
  EXPECT_EQ(moved.describe_tensor(o.tensor).step_count, 3U);
}

TEST(optimizer_handles, life_of_a_tensor) {
  one_tensor o;
  const auto momentum =
      o.optimizer.add_group("momentum", gradstep::rule("sgd", {{"momentum", 0.5}, {"lr", 1}}));
  o.optimizer.move_tensor(o.tensor, momentum);
  o.optimizer.remove_group(o.group);
  o.optimizer.step();
  EXPECT_EQ(o.optimizer.read(o.tensor, "momentum_buffer"), (doubles{0.5, -0.5}));
  floats param{1, 2, 3}, grad{1, 1, 1};
  o.optimizer.set_param(o.tensor, gradstep::tensor_of(param.data(), grad.data(), 3), {1, -1, 1});
  EXPECT_EQ(o.optimizer.read(o.tensor, "momentum_buffer"), (doubles{-0.5, 0, -0.5}));
  floats moved = param;
  o.optimizer.set_param(o.tensor, gradstep::tensor_of(moved.data(), grad.data(), 3));
  o.optimizer.step();
  EXPECT_EQ(moved, (floats{0.25F, 1, 2.25F}));
  EXPECT_EQ(param, (floats{1, 2, 3}));
  o.optimizer.remove_tensor(o.tensor);
  EXPECT_THROW(o.optimizer.describe_tensor(o.tensor), gradstep::error);
  EXPECT_THROW(o.optimizer.describe_group(o.group), gradstep::error);
  EXPECT_EQ(o.optimizer.describe().tensor_end, 1U);
}

TEST(optimizer_handles, state_from_elsewhere) {
  one_tensor o;
  const auto group = o.optimizer.add_group("prodigy", gradstep::rule("prodigy"));
  o.optimizer.move_tensor(o.tensor, group);
  doubles values{3, 4}, back(2);
  o.optimizer.import_array(o.tensor, "exp_avg", gradstep::array_of(values.data()), 2);
  o.optimizer.export_array(o.tensor, "exp_avg", gradstep::array_of(back.data()), 2);
  EXPECT_EQ(back, values);
  o.optimizer.set_scalar(o.tensor, "d", 0.5);
  EXPECT_EQ(o.optimizer.scalar(o.tensor, "d"), 0.5);
  o.optimizer.set_step_count(7);
  o.optimizer.set_tensor_step_count(o.tensor, 5);
  EXPECT_EQ(o.optimizer.describe().step_count, 7U);
  EXPECT_EQ(o.optimizer.describe_tensor(o.tensor).step_count, 5U);
}

TEST(optimizer_handles, options_and_inspection) {
  one_tensor o;
  auto clipped = gradstep::sized<gradstep_optimizer_options>();
  clipped.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_ZERO_GRAD;
  clipped.max_norm = 100;
  o.optimizer.set_options(clipped);
  o.optimizer.inspect(o.tensor, 0.5);
  auto inspected = gradstep::sized<gradstep_step_options>();
  inspected.flags = GRADSTEP_STEP_INSPECTED | GRADSTEP_STEP_GRAD_SCALE;
  inspected.grad_scale = 0.5;
  EXPECT_DOUBLE_EQ(o.optimizer.step(inspected).grad_norm, std::sqrt(0.125));
  EXPECT_EQ(o.param, (floats{0.75F, 2.25F}));
  EXPECT_EQ(o.grad, (floats{0, 0}));
}

TEST(optimizer_handles, averages_and_group_clipping) {
  const gradstep::context context;
  auto averaging = gradstep::sized<gradstep_optimizer_options>();
  averaging.flags = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;
  gradstep::optimizer optimizer{context, averaging};
  const auto group = optimizer.add_group("all", gradstep::rule("sgd", {{"lr", 1}}));
  floats param{1, 2}, grad{3, 4}, average{7, 7};
  auto tensor = gradstep::tensor_of(param.data(), grad.data(), 2);
  tensor.average = gradstep::array_of(average.data());
  const auto index = optimizer.add_tensor(group, "weight", tensor);
  optimizer.start_average(index);
  EXPECT_EQ(average, (floats{1, 2}));
  optimizer.set_average_count(index, 0);
  optimizer.set_group_max_norm(group, 2.5);
  optimizer.step();
  EXPECT_EQ(average, param);
  EXPECT_NEAR(param[0], -0.5F, 1e-6F);
  EXPECT_EQ(optimizer.describe_tensor(index).average_count, 1U);
  EXPECT_EQ(optimizer.describe_group(group).grad_norm, 5);
  average[0] = 7;
  optimizer.start_average();
  EXPECT_EQ(average, param);
  EXPECT_THROW(optimizer.set_group_max_norm(group, -1), gradstep::error);
}

TEST(optimizer_handles, plateau_and_loss_scaler) {
  one_tensor o;
  EXPECT_THROW((void)o.optimizer.plateau_of(o.group), gradstep::error);
  auto state = gradstep::plateau(1).state();
  state.patience = 0;
  o.optimizer.set_plateau(o.group, gradstep::plateau(state));
  EXPECT_EQ(o.optimizer.report_metric(5), 0U);
  EXPECT_EQ(o.optimizer.report_metric(5), 1U);
  EXPECT_DOUBLE_EQ(o.optimizer.plateau_of(o.group).lr(), 0.1);
  o.optimizer.remove_plateau(o.group);
  EXPECT_EQ(o.optimizer.report_metric(5), 0U);
  EXPECT_DOUBLE_EQ(o.optimizer.get(o.group, "lr"), 0.1);

  EXPECT_THROW((void)o.optimizer.scaler(), gradstep::error);
  o.optimizer.set_loss_scaler(gradstep::loss_scaler());
  o.grad[0] = INFINITY;
  EXPECT_EQ(o.optimizer.step().is_skipped, 1);
  EXPECT_EQ(o.optimizer.scaler().scale(), 32768);
  o.optimizer.remove_loss_scaler();
  EXPECT_THROW((void)o.optimizer.scaler(), gradstep::error);
}

TEST(optimizer_handles, shapes_scalars_and_transforms) {
  const gradstep::context context;
  gradstep::optimizer optimizer{context};
  const auto factored = optimizer.add_group("factored", gradstep::rule("adafactor"));
  const auto averaged = optimizer.add_group("averaged", gradstep::rule("schedule_free_adamw"));
  floats a(6, 1), a_grad(6, 1), b{1, 2}, b_grad{0.5F, -0.5F};
  const auto matrix = optimizer.add_tensor(factored, "matrix", a.data(), a_grad.data(), {2, 3});
  const auto flat = optimizer.add_tensor(averaged, "flat", b.data(), b_grad.data(), 2);
  EXPECT_EQ(optimizer.read(matrix, "row_var"), std::vector<double>(2, 0));
  EXPECT_EQ(optimizer.scalar(flat, "weight_sum"), 0);
  for (int step = 0; step < 2; ++step) optimizer.step();
  EXPECT_EQ(optimizer.scalar(flat, "lr_max"), 1e-3);
  EXPECT_THROW((void)optimizer.scalar(matrix, "lr_max"), gradstep::error);

  optimizer.transform("evaluate");
  EXPECT_EQ(optimizer.scalar(flat, "is_evaluated"), 1);
  EXPECT_THROW(optimizer.step(), gradstep::error);
  EXPECT_THROW(optimizer.transform("train", factored), gradstep::error);
  optimizer.transform("train", averaged);
  optimizer.step();
}

TEST(optimizer_handles, notes_and_memory) {
  one_tensor o, other;
  o.optimizer.set_note("epoch", "3");
  o.optimizer.set_note("data", "digits");
  o.optimizer.set_note("old", "x");
  o.optimizer.remove_note("old");
  EXPECT_EQ(o.optimizer.note("epoch"), "3");
  EXPECT_THROW((void)o.optimizer.note("old"), gradstep::error);
  o.optimizer.step();
  const auto bytes = o.optimizer.save_to_memory(GRADSTEP_CHECKPOINT_PARAMS);
  EXPECT_EQ(other.optimizer.load_from_memory(bytes, GRADSTEP_CHECKPOINT_PARAMS).loaded_count, 1U);
  EXPECT_EQ(other.param, o.param);
  EXPECT_EQ(other.optimizer.notes(),
            (std::map<std::string, std::string>{{"data", "digits"}, {"epoch", "3"}}));
  auto options = gradstep::sized<gradstep_load_options>();
  options.flags = GRADSTEP_CHECKPOINT_ANY_GROUP;
  options.memory = bytes.data();
  options.memory_size = bytes.size();
  options.prefix = "no";
  EXPECT_THROW(other.optimizer.load_from(options), gradstep::error);
}

}  // namespace
}  // namespace gradstep_test
