// SPDX-License-Identifier: Apache-2.0
//
// libtorch's params of every layout: transposed, with gaps, channels-last, complex.
#include <gtest/gtest.h>

#include <gradstep/adapters/torch.hpp>

#include <string>

#include "adapters/torch_model.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

using gradstep::torch_optimizer;
using gradstep::torch_options;

/// Steps a param of this layout, with gradients of another, and a contiguous one.
void expect_same_in_layout(const std::string& rule, const torch::Tensor& param, bool same_layout) {
  SCOPED_TRACE(rule);
  const torch::Tensor plain = param.clone(torch::MemoryFormat::Contiguous);
  torch_optimizer ours(tensors{param}, torch_options(rule)),
      wanted(tensors{plain}, torch_options(rule));
  for (int i = 0; i < 3; ++i) {
    const torch::Tensor grad = gradient_of(plain, i);
    plain.mutable_grad() = grad;
    param.mutable_grad() = same_layout ? torch::empty_like(param).copy_(grad) : grad;
    ours.step();
    wanted.step();
  }
  EXPECT_TRUE(torch::equal(param, plain));
}

TEST(torch_layouts, steps_params_of_every_layout) {
  for (const std::string& rule : rule_names()) {
    for (const bool same_layout : {true, false}) {
      const torch::Tensor base = make_params(torch::kFloat32, 720)[2];
      expect_same_in_layout(rule, base.clone().view({24, 30}).t(), same_layout);
      const torch::Tensor wide = base.clone().view({24, 30}), around = wide.clone();
      expect_same_in_layout(rule, wide.narrow(1, 3, 20), same_layout);
      EXPECT_TRUE(torch::equal(wide.narrow(1, 23, 7), around.narrow(1, 23, 7)));
      expect_same_in_layout(rule, base.clone().slice(0, 0, 720, 3), same_layout);
      expect_same_in_layout(
          rule, base.clone().view({4, 3, 6, 10}).contiguous(torch::MemoryFormat::ChannelsLast),
          same_layout);
    }
  }
}

TEST(torch_layouts, steps_a_dense_param_where_it_is) {
  const torch::Tensor param = torch::ones({6, 4}).t();
  param.mutable_grad() = torch::ones({6, 4}).t();
  torch_optimizer optimizer(tensors{param}, torch_options("adam"));
  optimizer.step();
  EXPECT_EQ(state_of(optimizer, param).tensor("exp_avg").strides(), param.strides());
}

TEST(torch_layouts, steps_complex_params) {
  const torch::Tensor real = make_params(torch::kFloat32, 60)[2].view({5, 6, 2});
  const torch::Tensor param = torch::view_as_complex(real.clone());
  torch_optimizer ours(tensors{param}, torch_options("adamw")),
      wanted(tensors{real}, torch_options("adamw"));
  for (int i = 0; i < 3; ++i) {
    real.mutable_grad() = gradient_of(real, i);
    param.mutable_grad() = torch::view_as_complex(real.grad().clone());
    ours.step();
    wanted.step();
  }
  EXPECT_TRUE(torch::equal(torch::view_as_real(param), real));
}

}  // namespace
}  // namespace gradstep_test
