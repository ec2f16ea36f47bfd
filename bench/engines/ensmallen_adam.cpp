// SPDX-License-Identifier: Apache-2.0
//
// ens::AdamUpdate beside gradstep::ens_update, for arma::fmat. ensmallen's own update works on the
// threads of OpenMP if Armadillo uses it.
#include <ensmallen.hpp>
#include <gradstep/adapters/ensmallen.hpp>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine_turns.hpp"

namespace gradstep_bench {
namespace {

template <class Update>
class ensmallen_contender : public contender {
 public:
  ensmallen_contender(const model& trained, const Update& update)
      : updates_(trained.tensor_count, update),
        gradient_(const_cast<float*>(trained.gradient.data()), trained.size, 1, false, true) {
    for (Update& each : updates_) {
      params_.emplace_back(trained.size, 1);
      for (std::size_t i = 0; i < trained.size; ++i) params_.back()(i) = model::first_param(i);
      policies_.push_back(std::make_unique<policy>(each, trained.size, 1));
    }
  }
  void step() override {
    for (std::size_t i = 0; i < params_.size(); ++i) {
      policies_[i]->Update(params_[i], 1e-3, gradient_);
    }
  }
  const float* param(std::size_t tensor) override { return params_[tensor].memptr(); }

 private:
  using policy = typename Update::template Policy<arma::fmat, arma::fmat>;

  std::vector<Update> updates_;
  std::vector<std::unique_ptr<policy>> policies_;
  std::vector<arma::fmat> params_;
  arma::fmat gradient_;
};

pair_of_contenders make_pair(int) {
  return {"ensmallen",
          [](const model& trained) {
            return std::make_unique<ensmallen_contender<ens::AdamUpdate>>(trained,
                                                                          ens::AdamUpdate());
          },
          [](const model& trained, std::int32_t slot_dtype,
             const std::shared_ptr<const gradstep::context>& context) {
            const gradstep::ens_update update("adam", {{"eps_hat", 1}}, slot_dtype, context);
            return std::make_unique<ensmallen_contender<gradstep::ens_update>>(trained, update);
          }};
}

}  // namespace
}  // namespace gradstep_bench

int main(int argc, char** argv) {
  return gradstep_bench::run(argc, argv, gradstep_bench::make_pair);
}
