// SPDX-License-Identifier: Apache-2.0
//
// The training loop, and the one place where gradients become an update.
#ifndef GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP
#define GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataset.hpp"
#include "methods.hpp"
#include "network.hpp"
#include "random.hpp"

namespace digits {

struct training_options {
  std::uint64_t epochs = 30;
  std::uint64_t batch = 32;
  std::uint64_t seed = 1;
};

struct training_result {
  std::vector<double> losses;  ///< on the whole training part: at the start, and after each epoch
  double accuracy;             ///< on the test part, after the last epoch
  double update_seconds;       ///< the median step's time in the library; 0 without steps
};

/// A rule and its state for every tensor of a network, which outlives it.
class updater {
 public:
  updater(const gradstep::context& context, const method& m, network& net)
      : context_(context), rule_(m.rule, m.settings) {
    net.for_each_tensor([this](const network_tensor& t) {
      parameters_.emplace_back(rule_, t.param, t.grad, t.count);
      tensors_.push_back(parameters_.back().tensor());
    });
  }

  /// Updates every tensor by the gradients as they are now, in one call.
  void step() {
    const auto start = clock::now();
    gradstep::apply(context_, rule_, tensors_, seconds_.size() + 1);  // steps count from 1
    seconds_.push_back(std::chrono::duration<double>(clock::now() - start).count());
  }

  /// How long a step took. The median: a busy machine now and then takes milliseconds away.
  double median_seconds() const {
    if (seconds_.empty()) return 0;
    std::vector<double> sorted = seconds_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

 private:
  using clock = std::chrono::steady_clock;

  const gradstep::context& context_;
  gradstep::rule rule_;
  std::vector<gradstep::parameter<float>> parameters_;  // own the slots
  std::vector<gradstep_tensor> tensors_;
  std::vector<double> seconds_;  // of each step so far
};

/// Once over the training part, in an order drawn anew; the last batch may be smaller.
inline void train_epoch(network& net, updater& update, const dataset& training, std::uint64_t batch,
                        random_source& random) {
  const std::vector<int> order = random.permutation(static_cast<int>(training.size()));
  for (std::size_t begin = 0; begin < order.size(); begin += batch) {
    const std::size_t end = std::min<std::size_t>(order.size(), begin + batch);
    net.set_gradients(training.select({order.begin() + static_cast<std::ptrdiff_t>(begin),
                                       order.begin() + static_cast<std::ptrdiff_t>(end)}));
    update.step();
  }
}

/// Trains a new network by the method; every method starts from the same weights and sees the same
/// batches. Calls after_epoch() after each epoch.
template <class AfterEpoch>
training_result train(const gradstep::context& context, const method& m, const parts& data,
                      const training_options& options, AfterEpoch after_epoch) {
  network net(options.seed);
  updater update(context, m, net);
  random_source random(options.seed, random_use::batches);
  training_result result{{net.evaluate(data.training).loss}, 0, 0};
  for (std::uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
    train_epoch(net, update, data.training, options.batch, random);
    result.losses.push_back(net.evaluate(data.training).loss);
    after_epoch();
  }
  result.accuracy = net.evaluate(data.test).accuracy;
  result.update_seconds = update.median_seconds();
  return result;
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP
