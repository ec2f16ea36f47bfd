// SPDX-License-Identifier: Apache-2.0
//
// Params and gradients for the tests of libtorch's adapter.
#pragma once

#include <gtest/gtest.h>
#include <gradstep/adapters/torch.hpp>

#include <torch/torch.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

using tensors = std::vector<torch::Tensor>;

/// Random numbers of this shape, always the same.
inline torch::Tensor random_tensor(std::uint64_t seed, torch::IntArrayRef sizes,
                                   torch::ScalarType type) {
  torch::Tensor made = torch::empty(sizes, torch::kFloat64);
  auto* const values = made.data_ptr<double>();
  for (std::int64_t i = 0; i < made.numel(); ++i) {
    values[i] = random_value(seed, static_cast<std::uint64_t>(i));
  }
  return made.to(type);
}

/// A matrix, three matrices and a vector of `count` elements.
inline tensors make_params(torch::ScalarType type, std::int64_t count = 7) {
  return {random_tensor(1, {5, 4}, type), random_tensor(2, {3, 2, 6}, type),
          random_tensor(3, {count}, type)};
}

inline torch::Tensor gradient_of(const torch::Tensor& param, int step) {
  return random_tensor(100 + static_cast<std::uint64_t>(std::int64_t{31} * step + param.numel()),
                       param.sizes(), param.scalar_type());
}

/// Steps first to end - 1, with new gradients in each.
inline void make_steps(torch::optim::Optimizer& optimizer, const tensors& params, int first,
                       int end) {
  for (int i = first; i < end; ++i) {
    for (const torch::Tensor& param : params) param.mutable_grad() = gradient_of(param, i);
    optimizer.step();
  }
}

inline void expect_same(const tensors& got, const tensors& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(torch::equal(got[i], wanted[i])) << "param " << i;
  }
}

inline gradstep::torch_param_state& state_of(gradstep::torch_optimizer& optimizer,
                                             const torch::Tensor& param) {
  auto& states = optimizer.state();
  return static_cast<gradstep::torch_param_state&>(
      *states.at(gradstep::detail::state_key(states, param)));
}

/// Expects an exception whose sentence has these words.
template <class Call>
void expect_error(const Call& call, const std::vector<std::string>& words) {
  try {
    call();
  } catch (const std::exception& failure) {
    expect_words(failure.what(), words);
    return;
  }
  ADD_FAILURE() << "nothing was thrown";
}

}  // namespace gradstep_test
