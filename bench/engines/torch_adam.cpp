// SPDX-License-Identifier: Apache-2.0
//
// torch::optim::AdamW beside gradstep::torch_optimizer.
#include <torch/torch.h>
#include <gradstep/adapters/torch.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine_turns.hpp"

namespace gradstep_bench {
namespace {

class torch_contender : public contender {
 public:
  torch_contender(
      const model& trained,
      const std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<torch::Tensor>)>&
          make) {
    const auto count = static_cast<std::int64_t>(trained.size);
    // libtorch reads the gradient alone, so one array serves all.
    auto* const gradient = const_cast<float*>(trained.gradient.data());
    for (std::size_t t = 0; t < trained.tensor_count; ++t) {
      params_.push_back(torch::empty({count}));
      float* const values = params_.back().data_ptr<float>();
      for (std::size_t i = 0; i < trained.size; ++i) values[i] = model::first_param(i);
      params_.back().set_requires_grad(true);
      params_.back().mutable_grad() = torch::from_blob(gradient, {count});
    }
    optimizer_ = make(params_);
  }
  void step() override { optimizer_->step(); }
  const float* param(std::size_t tensor) override { return params_[tensor].data_ptr<float>(); }

 private:
  std::vector<torch::Tensor> params_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

pair_of_contenders make_pair(int threads) {
  torch::set_num_threads(threads);
  return {
      "libtorch " TORCH_VERSION,
      [](const model& trained) {
        return std::make_unique<torch_contender>(trained, [](std::vector<torch::Tensor> params) {
          return std::make_unique<torch::optim::AdamW>(std::move(params),
                                                       torch::optim::AdamWOptions(1e-3));
        });
      },
      [](const model& trained, std::int32_t slot_dtype,
         const std::shared_ptr<const gradstep::context>& context) {
        return std::make_unique<torch_contender>(trained, [&](std::vector<torch::Tensor> params) {
          return std::make_unique<gradstep::torch_optimizer>(
              std::move(params), gradstep::torch_options("adamw").slot_dtype(slot_dtype), context);
        });
      }};
}

}  // namespace
}  // namespace gradstep_bench

int main(int argc, char** argv) {
  return gradstep_bench::run(argc, argv, gradstep_bench::make_pair);
}
