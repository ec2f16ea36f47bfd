// SPDX-License-Identifier: Apache-2.0
//
// State of libtorch's adapter in archives, and as the program sees it.
#include <gtest/gtest.h>

#include <gradstep/adapters/torch.hpp>

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/torch_model.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

using gradstep::torch_optimizer;
using gradstep::torch_options;

std::string saved(const torch::optim::Optimizer& optimizer) {
  std::ostringstream stream;
  torch::save(optimizer, stream);
  return stream.str();
}
void load(torch::optim::Optimizer& optimizer, const std::string& bytes) {
  std::istringstream stream(bytes);
  torch::load(optimizer, stream);
}

tensors copies(const tensors& params) {
  tensors made;
  for (const torch::Tensor& param : params) made.push_back(param.clone());
  return made;
}

TEST(torch_archive, resumes_with_the_same_bits) {
  for (const std::string& rule : rule_names()) {
    for (const std::int32_t dtype : {0, GRADSTEP_BFLOAT16, GRADSTEP_S1E4M3_B256}) {
      SCOPED_TRACE(rule + " " + std::to_string(dtype));
      const torch_options options = torch_options(rule).lr(0.03).slot_dtype(dtype);
      const tensors params = make_params(torch::kFloat32, 5000);
      torch_optimizer optimizer(params, options);
      make_steps(optimizer, params, 0, 3);
      const tensors others = copies(params);
      torch_optimizer resumed(others, options);
      load(resumed, saved(optimizer));
      make_steps(optimizer, params, 3, 6);
      make_steps(resumed, others, 3, 6);
      expect_same(others, params);
      EXPECT_EQ(state_of(resumed, others[0]).step(), 6);
    }
  }
}

TEST(torch_archive, resumes_params_of_other_layouts) {
  const torch::Tensor dense = random_tensor(1, {6, 4}, torch::kFloat32).t();
  const torch::Tensor gaps = random_tensor(2, {6, 8}, torch::kFloat32).narrow(1, 2, 4);
  const tensors params = {dense, gaps}, others = {dense.clone(), gaps.clone()};
  torch_optimizer optimizer(params, torch_options("adamw")), copy(others, torch_options("adamw"));
  make_steps(optimizer, params, 0, 2);
  make_steps(copy, others, 0, 2);
  load(copy, saved(optimizer));
  make_steps(optimizer, params, 2, 4);
  make_steps(copy, others, 2, 4);
  expect_same(others, params);
}

TEST(torch_archive, keeps_what_has_no_state_and_its_own_options) {
  const tensors params = make_params(torch::kFloat32);
  torch_optimizer optimizer(params, torch_options("adam").lr(0.5));
  make_steps(optimizer, {params[1]}, 0, 2);
  torch_optimizer other(copies(params), torch_options("adam").lr(0.25));
  load(other, saved(optimizer));
  EXPECT_EQ(other.state().size(), 1U);
  EXPECT_EQ(other.param_groups()[0].options().get_lr(), 0.25) << "as in libtorch";
}

TEST(torch_archive, refuses_what_does_not_fit_and_changes_nothing) {
  const tensors params = make_params(torch::kFloat32);
  torch_optimizer optimizer(params, torch_options("adam"));
  make_steps(optimizer, params, 0, 2);
  const std::string bytes = saved(optimizer);
  const auto expect_refusal = [&](torch_optimizer other, const tensors& stepped,
                                  const std::vector<std::string>& words) {
    make_steps(other, stepped, 0, 1);
    expect_error([&] { load(other, bytes); }, words);
    EXPECT_EQ(state_of(other, stepped[0]).step(), 1);
  };
  const tensors others = copies(params);
  expect_refusal(torch_optimizer(others, torch_options("sgd")), others, {"adam", "sgd"});
  expect_refusal(torch_optimizer(tensors{others[0]}, torch_options("adam")), {others[0]},
                 {"different size", "3 instead of 1"});
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(tensors{others[0]});
  groups.emplace_back(tensors{others[1], others[2]});
  expect_refusal(torch_optimizer(groups, torch_options("adam")), {others[0]},
                 {"number of parameter groups", "1 instead of 2"});
  const tensors resized = {others[0], others[1], torch::ones({8})};
  expect_refusal(torch_optimizer(resized, torch_options("adam")), resized, {"exp_avg", "[7]", "8"});
  torch::optim::Adam own(others, torch::optim::AdamOptions(0.1));
  torch_optimizer reader(others, torch_options("adam"));
  expect_error([&] { load(reader, saved(own)); }, {"no state of a gradstep::torch_optimizer"});
}

TEST(torch_archive, shows_and_takes_state_by_name) {
  const tensors params = make_params(torch::kFloat32), others = copies(params);
  torch_optimizer ours(params, torch_options("adam"));
  torch::optim::Adam own(others, torch::optim::AdamOptions(1e-3));
  make_steps(ours, params, 0, 3);
  make_steps(own, others, 0, 3);
  auto& states = own.state();
  for (std::size_t i = 0; i < params.size(); ++i) {
    auto& of_own = static_cast<torch::optim::AdamParamState&>(
        *states.at(gradstep::detail::state_key(states, others[i])));
    gradstep::torch_param_state& of_ours = state_of(ours, params[i]);
    EXPECT_TRUE(torch::allclose(of_ours.tensor("exp_avg"), of_own.exp_avg(), 1e-5, 1e-7));
    EXPECT_EQ(of_ours.step(), of_own.step());
    of_ours.tensor("exp_avg", torch::zeros_like(params[i]));
    EXPECT_TRUE(torch::equal(of_ours.tensor("exp_avg"), torch::zeros_like(params[i])));
    expect_error([&] { of_ours.tensor("exp_avg", torch::zeros({1, 1})); }, {"exp_avg", "[1, 1]"});
  }
  const torch::Tensor before = params[0].clone();
  params[0].mutable_grad() = torch::zeros_like(params[0]);
  ours.step();
  EXPECT_TRUE(torch::equal(params[0], before)) << "the step has used the new moments";
}

TEST(torch_archive, copies_options) {
  const torch_options options =
      torch_options("adamw", {{"beta1", 0.5}}).slot_dtype(GRADSTEP_FLOAT16);
  torch_options copy(options);
  EXPECT_TRUE(copy == options);
  copy.lr(0.125);
  EXPECT_FALSE(copy == options);
  EXPECT_EQ(options.get_lr(), 1e-3);
  torch::serialize::OutputArchive out;
  options.serialize(out);
  std::ostringstream stream;
  out.save_to(stream);
  std::istringstream input(stream.str());
  torch::serialize::InputArchive in;
  in.load_from(input);
  torch_options read("sgd");
  read.serialize(in);
  EXPECT_TRUE(read == options);
}

}  // namespace
}  // namespace gradstep_test
