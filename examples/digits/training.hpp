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
#include <optional>
#include <vector>

#include "dataset.hpp"
#include "methods.hpp"
#include "network.hpp"
#include "precision.hpp"
#include "random.hpp"
#include "stored_tensor.hpp"

namespace digits {

struct training_options {
  std::uint64_t epochs = 30;
  std::uint64_t batch = 32;
  std::uint64_t seed = 1;
  std::optional<double> clip_norm;  ///< the largest norm that gradients keep
  std::optional<double> ema;        ///< decay of the weights' moving average
  bool loss_scale = false;          ///< whether or not the precision needs it
};

struct training_result {
  std::vector<double> losses;   ///< on the whole training part: at the start, and after each epoch
  double accuracy = 0;          ///< on the test part, after the last epoch
  double average_accuracy = 0;  ///< the same of the averaged weights, if there are any
  double update_seconds = 0;    ///< the median step's time in the library; 0 without steps
  double bytes_per_param = 0;   ///< of all that is kept from step to step, gradients included
  std::uint64_t batches = 0;    ///< each made a step, or skipped it
  std::uint64_t clipped = 0;    ///< steps whose gradients were longer than clip_norm
  std::uint64_t skipped = 0;    ///< steps, for a gradient that was not finite
  std::optional<double> loss_scale;  ///< after the last step
};

/// A rule and its state for every tensor of a network, which outlives it.
class updater {
 public:
  updater(const gradstep::context& context, const method& m, const precision& how, network& net,
          const training_options& training)
      : context_(context), rule_(m.rule, m.settings) {
    net.for_each_tensor([&](const network_tensor& t) {
      stored_.emplace_back(rule_, how, t, training.ema.has_value());
      tensors_.push_back(stored_.back().tensor());
    });
    if (training.loss_scale || how.needs_loss_scale) scaler_.emplace();
    options_.flags = GRADSTEP_APPLY_STOCHASTIC_PARAM;
    options_.seed = training.seed;
    options_.step = 1;
    if (training.clip_norm) {
      options_.flags |= GRADSTEP_APPLY_MAX_NORM;
      options_.max_norm = *training.clip_norm;
    }
    if (training.ema) {
      options_.flags |= GRADSTEP_APPLY_AVERAGE;
      options_.average_decay = *training.ema;
    }
  }

  /// What the loss is to be multiplied by.
  double loss_scale() const { return scaler_ ? scaler_->scale() : 1; }

  /// Updates every tensor by the gradients as they are now, in one call.
  void step() {
    for (stored_tensor& t : stored_) t.store_gradient();
    if (scaler_) scaler_->unscale(options_);
    const auto start = clock::now();
    const auto result = gradstep::apply(context_, rule_, tensors_, options_);
    seconds_.push_back(std::chrono::duration<double>(clock::now() - start).count());
    if (scaler_) scaler_->update(result);
    if (result.is_skipped != 0) {
      ++skipped_;
      return;
    }
    if (result.clip_factor < 1) ++clipped_;
    ++options_.step;
    for (stored_tensor& t : stored_) t.load_weights();
  }

  /// Leaves the averaged weights in the network; no more steps, then.
  void load_averages() {
    for (stored_tensor& t : stored_) t.load_average();
  }

  /// The results that are the updater's to know.
  void describe(training_result& result) const {
    std::size_t bytes = 0;
    std::size_t params = 0;
    for (const stored_tensor& t : stored_) {
      bytes += t.size_in_bytes();
      params += t.tensor().count;
    }
    result.bytes_per_param = static_cast<double>(bytes) / static_cast<double>(params);
    result.update_seconds = median_seconds();
    result.batches = seconds_.size();
    result.clipped = clipped_;
    result.skipped = skipped_;
    if (scaler_) result.loss_scale = scaler_->scale();
  }

 private:
  using clock = std::chrono::steady_clock;

  /// How long a step took. The median: a busy machine now and then takes milliseconds away.
  double median_seconds() const {
    if (seconds_.empty()) return 0;
    std::vector<double> sorted = seconds_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

  const gradstep::context& context_;
  gradstep::rule rule_;
  std::vector<stored_tensor> stored_;
  std::vector<gradstep_tensor> tensors_;  // of stored_, as a list
  std::optional<gradstep::loss_scaler> scaler_;
  gradstep_apply_options options_ = gradstep::sized<gradstep_apply_options>();
  std::vector<double> seconds_;  // of each step so far
  std::uint64_t clipped_ = 0;
  std::uint64_t skipped_ = 0;
};

/// Once over the training part, in an order drawn anew; the last batch may be smaller.
inline void train_epoch(network& net, updater& update, const dataset& training, std::uint64_t batch,
                        random_source& random) {
  const std::vector<int> order = random.permutation(static_cast<int>(training.size()));
  for (std::size_t begin = 0; begin < order.size(); begin += batch) {
    const std::size_t end = std::min<std::size_t>(order.size(), begin + batch);
    net.set_gradients(training.select({order.begin() + static_cast<std::ptrdiff_t>(begin),
                                       order.begin() + static_cast<std::ptrdiff_t>(end)}),
                      static_cast<float>(update.loss_scale()));
    update.step();
  }
}

/// Trains a new network by the method; every method and precision starts from the same weights and
/// sees the same batches. Calls after_epoch() after each epoch.
template <class AfterEpoch>
training_result train(const gradstep::context& context, const method& m, const precision& how,
                      const parts& data, const training_options& options, AfterEpoch after_epoch) {
  network net(options.seed);
  updater update(context, m, how, net, options);
  random_source random(options.seed, random_use::batches);
  training_result result;
  result.losses.push_back(net.evaluate(data.training).loss);
  for (std::uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
    train_epoch(net, update, data.training, options.batch, random);
    result.losses.push_back(net.evaluate(data.training).loss);
    after_epoch();
  }
  result.accuracy = net.evaluate(data.test).accuracy;
  if (options.ema) {
    update.load_averages();
    result.average_accuracy = net.evaluate(data.test).accuracy;
  }
  update.describe(result);
  return result;
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP
