// SPDX-License-Identifier: Apache-2.0
//
// Checks the network's gradients: along the gradient of each tensor, the slope of the loss must be
// the gradient's length.
#include "../digits/network.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstdio>

#include "../digits/dataset.hpp"
#include "../digits/random.hpp"

namespace {

/// Noise with arbitrary labels.
digits::dataset make_images(int count) {
  digits::random_source random(7, digits::random_use::split);
  digits::dataset data{Eigen::MatrixXf(digits::pixel_count, count), {}};
  for (float& pixel : data.images.reshaped()) pixel = 0.5F + 0.5F * random.symmetric();
  for (int i = 0; i < count; ++i) data.labels.push_back(i % digits::class_count);
  return data;
}

/// Whether the tensor's gradient is the loss's slope, to 1 %; prints the two otherwise.
bool agrees(digits::network& net, const digits::network_tensor& tensor,
            const digits::dataset& data) {
  const auto count = static_cast<Eigen::Index>(tensor.count);
  Eigen::Map<Eigen::VectorXf> param(tensor.param, count);
  const Eigen::VectorXf start = param;
  const Eigen::VectorXf grad = Eigen::Map<const Eigen::VectorXf>(tensor.grad, count);
  const float step = 1e-2F;
  param = start + step * grad.normalized();
  const double above = net.evaluate(data).loss;
  param = start - step * grad.normalized();
  const double below = net.evaluate(data).loss;
  param = start;
  const double slope = (above - below) / (2 * step);
  if (std::abs(slope - grad.norm()) <= 0.01 * slope) return true;
  std::fprintf(stderr, "network_test: gradient of length %g, slope %g, %zu elements\n",
               double(grad.norm()), slope, tensor.count);
  return false;
}

}  // namespace

int main() {
  const digits::dataset data = make_images(50);
  digits::network net(3);
  net.set_gradients(data);
  int tensors = 0;
  int agreeing = 0;
  net.for_each_tensor([&](const digits::network_tensor& tensor) {
    ++tensors;
    agreeing += agrees(net, tensor, data) ? 1 : 0;
  });
  return tensors == 4 && agreeing == tensors ? 0 : 1;
}
