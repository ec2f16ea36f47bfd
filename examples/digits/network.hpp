// SPDX-License-Identifier: Apache-2.0
//
// The network: 64 pixels, 128 rectified linear units, softmax over 10 digits. It computes in
// float32. It computes gradients, but knows nothing of optimizers; for_each_tensor() gives its
// tensors to whoever updates them.
#ifndef GRADSTEP_EXAMPLES_DIGITS_NETWORK_HPP
#define GRADSTEP_EXAMPLES_DIGITS_NETWORK_HPP

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dataset.hpp"
#include "random.hpp"

namespace digits {

constexpr int hidden_count = 128;  // makes 8192 weights, enough for 8-bit slots

/// One tensor of the network, as flat arrays. They keep their places as long as the network lives.
struct network_tensor {
  float* param;
  float* grad;
  std::size_t count;
};

struct layer {
  Eigen::MatrixXf weights;  // outputs x inputs
  Eigen::MatrixXf weights_grad;
  Eigen::VectorXf bias;
  Eigen::VectorXf bias_grad;

  /// Weights by He's initialisation, uniformly distributed; a bias of 0.
  layer(int inputs, int outputs, random_source& random)
      : weights(outputs, inputs),
        weights_grad(Eigen::MatrixXf::Zero(outputs, inputs)),
        bias(Eigen::VectorXf::Zero(outputs)),
        bias_grad(Eigen::VectorXf::Zero(outputs)) {
    const float bound = std::sqrt(6.0F / static_cast<float>(inputs));
    for (float& weight : weights.reshaped()) weight = bound * random.symmetric();
  }

  Eigen::MatrixXf forward(const Eigen::MatrixXf& input) const {
    return (weights * input).colwise() + bias;
  }

  void set_gradients(const Eigen::MatrixXf& input, const Eigen::MatrixXf& output_grad) {
    weights_grad.noalias() = output_grad * input.transpose();
    bias_grad = output_grad.rowwise().sum();
  }
};

/// How well the network does on a dataset.
struct evaluation {
  double loss;      ///< mean cross-entropy, in nats
  double accuracy;  ///< 0 to 1
};

class network {
 public:
  explicit network(std::uint64_t seed) : network(random_source(seed, random_use::weights)) {}

  /// Sets all gradients, of loss_scale times the mean cross-entropy over the batch.
  void set_gradients(const dataset& batch, float loss_scale = 1) {
    const Eigen::MatrixXf hidden = hidden_.forward(batch.images).cwiseMax(0.0F);
    Eigen::MatrixXf output_grad = softmax(output_.forward(hidden));
    for (Eigen::Index i = 0; i < batch.size(); ++i) output_grad(batch.labels[i], i) -= 1;
    output_grad *= loss_scale / static_cast<float>(batch.size());
    output_.set_gradients(hidden, output_grad);
    Eigen::MatrixXf hidden_grad = output_.weights.transpose() * output_grad;
    hidden_grad = (hidden.array() > 0).select(hidden_grad, 0.0F);
    hidden_.set_gradients(batch.images, hidden_grad);
  }

  evaluation evaluate(const dataset& data) const {
    const Eigen::MatrixXf hidden = hidden_.forward(data.images).cwiseMax(0.0F);
    const Eigen::MatrixXf scores = output_.forward(hidden);
    evaluation sum{0, 0};
    for (Eigen::Index i = 0; i < data.size(); ++i) {
      Eigen::Index guess = 0;
      const double best = scores.col(i).maxCoeff(&guess);
      const double others = (scores.col(i).cast<double>().array() - best).exp().sum();
      sum.loss += std::log(others) + best - scores(data.labels[i], i);
      if (guess == data.labels[i]) sum.accuracy += 1;
    }
    const auto count = static_cast<double>(data.size());
    return {sum.loss / count, sum.accuracy / count};
  }

  /// Calls visit(network_tensor) for each of the network's tensors, always in the same order.
  template <class Visit>
  void for_each_tensor(Visit visit) {
    for (layer* l : {&hidden_, &output_}) {
      visit(network_tensor{l->weights.data(), l->weights_grad.data(),
                           static_cast<std::size_t>(l->weights.size())});
      visit(network_tensor{l->bias.data(), l->bias_grad.data(),
                           static_cast<std::size_t>(l->bias.size())});
    }
  }

 private:
  explicit network(random_source random)
      : hidden_(pixel_count, hidden_count, random), output_(hidden_count, class_count, random) {}

  static Eigen::MatrixXf softmax(const Eigen::MatrixXf& scores) {
    const Eigen::RowVectorXf largest = scores.colwise().maxCoeff();
    const Eigen::MatrixXf powers = (scores.rowwise() - largest).array().exp();
    const Eigen::RowVectorXf sums = powers.colwise().sum();
    return powers.array().rowwise() / sums.array();
  }

  layer hidden_;
  layer output_;
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_NETWORK_HPP
