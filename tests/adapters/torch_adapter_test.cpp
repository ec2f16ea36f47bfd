// SPDX-License-Identifier: Apache-2.0
//
// libtorch's params with gradstep's rules: the bits of gradstep's own steps, libtorch's own
// optimizers and schedulers, groups, closures and errors. torch_layouts_test.cpp has params of
// every layout, and torch_archive_test.cpp has files.
#include <gtest/gtest.h>

#include <gradstep/adapters/torch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/torch_model.hpp"
#include "support/comparison.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

using gradstep::torch_optimizer;
using gradstep::torch_options;

/// The model's params after steps by the library itself, with the model's gradients.
tensors plain_run(const torch_options& options, tensors params, int steps) {
  const gradstep::context context;
  tensors grads;
  std::vector<gradstep::any_parameter> owners;
  for (const torch::Tensor& param : params) {
    grads.push_back(torch::zeros_like(param));
    auto arrays = gradstep::sized<gradstep_tensor>();
    arrays.count = static_cast<std::uint64_t>(param.numel());
    arrays.key = owners.size() + 1;
    arrays.param =
        gradstep::array_of(gradstep::detail::float_dtype(param.scalar_type()), param.data_ptr());
    arrays.grad = gradstep::array_of(arrays.param.dtype, grads.back().data_ptr());
    if (param.dim() >= 2) {
      arrays.rows = static_cast<std::uint64_t>(param.size(-2));
      arrays.columns = static_cast<std::uint64_t>(param.size(-1));
    }
    owners.emplace_back(options.rule(), arrays, options.slot_dtype());
  }
  auto shared = options.rule().initial_scalars(GRADSTEP_SCOPE_ALL);
  for (int i = 0; i < steps; ++i) {
    std::vector<gradstep_tensor> list;
    for (std::size_t k = 0; k < params.size(); ++k) {
      grads[k].copy_(gradient_of(params[k], i));
      list.push_back(owners[k].tensor());
    }
    auto apply_options = gradstep::sized<gradstep_apply_options>();
    apply_options.step = static_cast<std::uint64_t>(i) + 1;
    apply_options.scalars = shared.empty() ? nullptr : shared.data();
    apply_options.scalar_count = shared.size();
    gradstep::apply(context, options.rule(), list, apply_options);
  }
  return params;
}

TEST(torch_adapter, gives_the_bits_of_plain_steps) {
  for (const std::string& rule : rule_names()) {
    for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kFloat16}) {
      SCOPED_TRACE(rule + " " + toString(type));
      const torch_options options = torch_options(rule).lr(0.03);
      const tensors params = make_params(type);
      torch_optimizer optimizer(params, options);
      make_steps(optimizer, params, 0, 5);
      expect_same(params, plain_run(options, make_params(type), 5));
      if (type != torch::kFloat32 && type != torch::kFloat64) continue;  // steps may round to 0
      EXPECT_FALSE(torch::equal(params[0], make_params(type)[0]));
    }
  }
}

TEST(torch_adapter, keeps_narrow_state) {
  for (const std::int32_t dtype : {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_S1E4M3_B256}) {
    const torch_options options = torch_options("adamw").slot_dtype(dtype);
    const tensors params = make_params(torch::kFloat32, 5000);
    torch_optimizer optimizer(params, options);
    make_steps(optimizer, params, 0, 4);
    expect_same(params, plain_run(options, make_params(torch::kFloat32, 5000), 4));
  }
}

/// Steps of libtorch's own optimizer and of ours, over float64 params.
template <class Own, class Options>
void expect_own_values(const Options& own_options, const torch_options& options) {
  SCOPED_TRACE(options.rule_name());
  const tensors ours = make_params(torch::kFloat64), theirs = make_params(torch::kFloat64);
  torch_optimizer optimizer(ours, options);
  Own own(theirs, own_options);
  make_steps(optimizer, ours, 0, 20);
  make_steps(own, theirs, 0, 20);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(torch::allclose(ours[i], theirs[i], 1e-12, 1e-13)) << ours[i] << theirs[i];
  }
}

TEST(torch_adapter, agrees_with_libtorchs_own_optimizers) {
  using namespace torch::optim;
  expect_own_values<Adam>(AdamOptions(0.01).weight_decay(0.1).amsgrad(true),
                          torch_options("adam", {{"weight_decay", 0.1}, {"amsgrad", 1}}).lr(0.01));
  expect_own_values<AdamW>(AdamWOptions(0.01), torch_options("adamw").lr(0.01));
  expect_own_values<SGD>(
      SGDOptions(0.01).momentum(0.9).nesterov(true).weight_decay(0.1),
      torch_options("sgd", {{"momentum", 0.9}, {"nesterov", 1}, {"weight_decay", 0.1}}).lr(0.01));
  expect_own_values<RMSprop>(RMSpropOptions(0.01).centered(true).momentum(0.9),
                             torch_options("rmsprop", {{"centered", 1}, {"momentum", 0.9}}));
  expect_own_values<Adagrad>(AdagradOptions(0.01).lr_decay(0.1),
                             torch_options("adagrad", {{"lr_decay", 0.1}}));
}

TEST(torch_adapter, leaves_out_params_without_a_gradient) {
  tensors params = make_params(torch::kFloat32);
  const tensors before = make_params(torch::kFloat32);
  torch_optimizer optimizer(params, torch_options("adamw"));
  make_steps(optimizer, {params[0], params[1]}, 0, 2);
  EXPECT_TRUE(torch::equal(params[2], before[2]));
  EXPECT_EQ(optimizer.state().size(), 2U);
  make_steps(optimizer, params, 2, 3);
  EXPECT_EQ(state_of(optimizer, params[0]).step(), 3);
  EXPECT_EQ(state_of(optimizer, params[2]).step(), 1);
  torch_optimizer alone(tensors{before[2]}, torch_options("adamw"));
  make_steps(alone, {before[2]}, 2, 3);
  EXPECT_TRUE(torch::equal(params[2], before[2])) << "each param has a step count of its own";
}

TEST(torch_adapter, has_a_rule_for_each_group) {
  const tensors params = make_params(torch::kFloat32), others = make_params(torch::kFloat32);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(tensors{params[0]}, std::make_unique<torch_options>(
                                              torch_options("sgd", {{"momentum", 0.9}}).lr(0.5)));
  groups.emplace_back(tensors{params[1]});
  torch_optimizer optimizer(groups, torch_options("adam").lr(0.25));
  optimizer.add_param_group(torch::optim::OptimizerParamGroup({params[2]}));
  make_steps(optimizer, params, 0, 3);
  torch_optimizer sgd(tensors{others[0]}, torch_options("sgd", {{"momentum", 0.9}}).lr(0.5));
  torch_optimizer adam(tensors{others[1], others[2]}, torch_options("adam").lr(0.25));
  make_steps(sgd, {others[0]}, 0, 3);
  make_steps(adam, {others[1], others[2]}, 0, 3);
  expect_same(params, others);
}

TEST(torch_adapter, sums_over_all_groups_of_a_rule) {
  const tensors params = make_params(torch::kFloat32), others = make_params(torch::kFloat32);
  const torch_options options("prodigy");
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (const auto& param : params) groups.emplace_back(tensors{param});
  torch_optimizer in_groups(groups, options), together(others, options);
  make_steps(in_groups, params, 0, 4);
  make_steps(together, others, 0, 4);
  expect_same(params, others);
  EXPECT_NE(state_of(in_groups, params[0]).shared_scalars().at(2), 0) << "d_numerator";
  static_cast<torch_options&>(in_groups.param_groups()[1].options()).lr(0.5);
  expect_error([&] { make_steps(in_groups, params, 4, 5); }, {"prodigy", "same hyper-parameters"});
}

TEST(torch_adapter, follows_libtorchs_scheduler) {
  const tensors params = make_params(torch::kFloat64), others = make_params(torch::kFloat64);
  torch_optimizer ours(params, torch_options("sgd").lr(0.5));
  torch::optim::SGD own(others, torch::optim::SGDOptions(0.5));
  torch::optim::StepLR of_ours(ours, 2, 0.5), of_own(own, 2, 0.5);
  for (int i = 0; i < 7; ++i) {
    make_steps(ours, params, i, i + 1);
    make_steps(own, others, i, i + 1);
    of_ours.step();
    of_own.step();
    EXPECT_EQ(ours.param_groups()[0].options().get_lr(), own.param_groups()[0].options().get_lr());
  }
  EXPECT_LE(ours.param_groups()[0].options().get_lr(), 0.0625);
  for (std::size_t i = 0; i < params.size(); ++i) {
    EXPECT_TRUE(torch::allclose(params[i], others[i], 1e-12, 1e-13));
  }
}

TEST(torch_adapter, calls_the_closure_with_gradients) {
  torch::Tensor param = torch::full({3}, 2.0F, torch::requires_grad());
  torch_optimizer optimizer(tensors{param}, torch_options("sgd").lr(0.25));
  const torch::Tensor loss = optimizer.step([&] {
    optimizer.zero_grad();
    torch::Tensor value = param.square().sum();
    value.backward();
    return value;
  });
  EXPECT_EQ(loss.item<float>(), 12);
  EXPECT_TRUE(torch::equal(param, torch::full({3}, 1.0F)));
}

TEST(torch_adapter, trains_a_model) {
  torch::manual_seed(1);
  torch::nn::Linear model(4, 1);
  torch_optimizer optimizer(model->parameters(), torch_options("adam").lr(0.05));
  const torch::Tensor input = torch::randn({64, 4}), target = input.sum(1, true) + 3;
  float loss = 0;
  for (int i = 0; i < 400; ++i) {
    optimizer.zero_grad();
    const torch::Tensor value = torch::mse_loss(model->forward(input), target);
    value.backward();
    optimizer.step();
    loss = value.item<float>();
  }
  EXPECT_LT(loss, 1e-3F);
}

TEST(torch_adapter, notices_that_a_used_value_was_changed) {
  torch::Tensor param = torch::ones({3}, torch::requires_grad());
  torch_optimizer optimizer(tensors{param}, torch_options("sgd"));
  const auto version = param._version();
  torch::Tensor loss = param.square().sum();  // backward needs the old value
  param.mutable_grad() = torch::ones({3});
  optimizer.step();
  EXPECT_GT(param._version(), version);
  EXPECT_THROW(loss.backward(), c10::Error);
}

TEST(torch_adapter, begins_momentum_in_the_middle) {
  const tensors params = make_params(torch::kFloat32), others = make_params(torch::kFloat32);
  torch_optimizer ours(params, torch_options("sgd").lr(0.1));
  torch::optim::SGD own(others, torch::optim::SGDOptions(0.1));
  make_steps(ours, params, 0, 2);
  make_steps(own, others, 0, 2);
  static_cast<torch_options&>(ours.param_groups()[0].options())
      .set("momentum", 0.9)
      .set("dampening", 0.5);
  static_cast<torch::optim::SGDOptions&>(own.param_groups()[0].options())
      .momentum(0.9)
      .dampening(0.5);
  make_steps(ours, params, 2, 5);
  make_steps(own, others, 2, 5);
  for (std::size_t i = 0; i < params.size(); ++i) {
    EXPECT_TRUE(torch::allclose(params[i], others[i], 1e-5, 1e-6));
  }
}

TEST(torch_adapter, makes_transforms) {
  const tensors params = make_params(torch::kFloat32);
  torch_optimizer optimizer(params, torch_options("schedule_free_adamw").lr(0.1));
  make_steps(optimizer, params, 0, 3);
  const torch::Tensor trained = params[0].clone();
  const auto version = params[0]._version();
  optimizer.transform("evaluate");
  EXPECT_FALSE(torch::equal(params[0], trained));
  EXPECT_GT(params[0]._version(), version);
  EXPECT_THROW(make_steps(optimizer, params, 3, 4), gradstep::error);
  optimizer.transform("train");
  EXPECT_TRUE(torch::allclose(params[0], trained, 1e-5, 1e-6));
  make_steps(optimizer, params, 3, 4);
}

TEST(torch_adapter, refuses_wrong_options) {
  expect_error([] { torch_options("adm"); }, {"adm", "adam"});
  expect_error([] { torch_options("adam").set("beta1", 1); }, {"beta1", "[0, 1)"});
  expect_error([] { torch_options("adam").lr(-1); }, {"lr = -1"});
  expect_error([] { torch_options("adam").slot_dtype(77); }, {"77"});
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(tensors{torch::ones({2})}, std::make_unique<torch::optim::AdamOptions>(0.1));
  expect_error([&] { torch_optimizer{groups}; }, {"torch_options"});
  const tensors params = make_params(torch::kFloat32), before = make_params(torch::kFloat32);
  torch_optimizer optimizer(params, torch_options("sgd", {{"nesterov", 0}}));
  expect_error([&] { optimizer.add_param_group(torch::optim::OptimizerParamGroup({params[1]})); },
               {"some parameters appear in more than one parameter group"});
  expect_error([&] { torch_optimizer(tensors{params[0], params[0]}); }, {"twice"});
  static_cast<torch_options&>(optimizer.param_groups()[0].options()).set("nesterov", 1);
  expect_error([&] { make_steps(optimizer, params, 0, 1); }, {"nesterov", "momentum"});
  expect_same(params, before);
}

TEST(torch_adapter, refuses_wrong_tensors_before_any_changes) {
  const auto expect_refusal = [](const torch::Tensor& param, const torch::Tensor& grad,
                                 const std::vector<std::string>& words) {
    torch::Tensor first = torch::ones({3});
    first.mutable_grad() = torch::ones({3});
    param.mutable_grad() = grad;
    torch_optimizer optimizer(tensors{first, param}, torch_options("sgd"));
    expect_error([&] { optimizer.step(); }, words);
    EXPECT_TRUE(torch::equal(first, torch::ones({3})));
    if (!first.mutable_grad().defined()) return;
    EXPECT_EQ(optimizer.state().count(gradstep::detail::state_key(optimizer.state(), param)), 0U);
  };
  expect_refusal(torch::ones({2, 2}), torch::ones({2, 2}).to_sparse(), {"sparse"});
  expect_refusal(torch::ones({2}, torch::kInt32), torch::ones({2}, torch::kInt32), {"Int"});
  const torch::Tensor grown = torch::ones({2});
  grown.mutable_grad() = torch::ones({2});
  torch_optimizer optimizer(tensors{grown}, torch_options("adam"));
  optimizer.step();
  grown.set_data(torch::ones({5}));
  grown.mutable_grad() = torch::ones({5});
  expect_error([&] { optimizer.step(); }, {"exp_avg", "[2]", "5"});
}

}  // namespace
}  // namespace gradstep_test
