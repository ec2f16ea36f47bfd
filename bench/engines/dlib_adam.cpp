// SPDX-License-Identifier: Apache-2.0
//
// dlib::adam beside gradstep::dlib_solver. dlib's own solver works on one thread.
#include <gradstep/adapters/dlib.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine_turns.hpp"

namespace gradstep_bench {
namespace {

/// A layer that has nothing but params.
struct params_layer {
  const dlib::tensor& get_layer_params() const { return params; }
  dlib::resizable_tensor params;
};

template <class Solver>
class dlib_contender : public contender {
 public:
  dlib_contender(const model& trained, const Solver& solver)
      : layers_(trained.tensor_count), solvers_(trained.tensor_count, solver) {
    if (gradient.size() == 0) {
      gradient.set_size(1, static_cast<long>(trained.size));
      std::copy(trained.gradient.begin(), trained.gradient.end(), gradient.host());
    }
    for (params_layer& layer : layers_) {
      layer.params.set_size(1, static_cast<long>(trained.size));
      for (std::size_t i = 0; i < trained.size; ++i) {
        layer.params.host()[i] = model::first_param(i);
      }
    }
  }
  /// What dlib's networks do with a solver.
  void step() override {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      dlib::resizable_tensor& params = layers_[i].params;
      dlib::tt::add(params, params, solvers_[i](1e-3F, layers_[i], gradient));
    }
  }
  const float* param(std::size_t tensor) override { return layers_[tensor].params.host(); }

 private:
  std::vector<params_layer> layers_;
  std::vector<Solver> solvers_;
  inline static dlib::resizable_tensor gradient;  // of all contenders
};

pair_of_contenders make_pair(int) {
  return {"dlib",
          [](const model& trained) {
            return std::make_unique<dlib_contender<dlib::adam>>(trained, dlib::adam());
          },
          [](const model& trained, std::int32_t slot_dtype,
             const std::shared_ptr<const gradstep::context>& context) {
            const gradstep::dlib_solver solver("adam", {{"weight_decay", 0.0005}, {"eps_hat", 1}},
                                               slot_dtype, context);
            return std::make_unique<dlib_contender<gradstep::dlib_solver>>(trained, solver);
          }};
}

}  // namespace
}  // namespace gradstep_bench

int main(int argc, char** argv) {
  return gradstep_bench::run(argc, argv, gradstep_bench::make_pair);
}
