// SPDX-License-Identifier: Apache-2.0
//
// The training loop.
#ifndef GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP
#define GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "../command_line.hpp"
#include "dataset.hpp"
#include "interruption.hpp"
#include "methods.hpp"
#include "network.hpp"
#include "precision.hpp"
#include "random.hpp"
#include "training_options.hpp"
#include "updater.hpp"

namespace digits {

/// Saves, and throws an early_exit that says how to go on.
[[noreturn]] inline void interrupt(updater& update, const training_options& options) {
  update.save(options.checkpoint);
  const int status = 128 + interruption;  // as shells have it
  throw examples::early_exit(status, std::string("interrupted (") + strsignal(interruption) +
                                         ") after " + std::to_string(update.batches_done()) +
                                         " steps, which '" + options.checkpoint +
                                         "' holds; to go on:\n" + options.resume_command);
}

/// Trains on the images in the given order, from batch number `first` on. The last batch may be
/// smaller.
inline void train_epoch(network& net, updater& update, const dataset& training,
                        const training_options& options, const std::vector<int>& order,
                        std::uint64_t first) {
  for (std::size_t begin = first * options.batch; begin < order.size(); begin += options.batch) {
    if (interruption != 0) interrupt(update, options);
    const std::size_t end = std::min<std::size_t>(order.size(), begin + options.batch);
    net.set_gradients(training.select({order.begin() + static_cast<std::ptrdiff_t>(begin),
                                       order.begin() + static_cast<std::ptrdiff_t>(end)}),
                      static_cast<float>(update.loss_scale()));
    update.step();
  }
}

/// Loads the checkpoint of a run that resumes; else saves a first one, to find out now whether that
/// works. Returns the number of batches done.
inline std::uint64_t start(const gradstep::context& context, updater& update,
                           const training_options& options, std::uint64_t batch_count) {
  if (!options.resumes) {
    if (options.checkpoint.empty()) return 0;
    if (std::filesystem::is_regular_file(options.checkpoint)) {
      throw std::runtime_error("--checkpoint: '" + options.checkpoint +
                               "' exists; --resume goes on with it, or remove it");
    }
    update.save(options.checkpoint);
    return 0;
  }
  update.load(context, options.checkpoint);
  const std::uint64_t done = update.batches_done();
  if (done <= options.epochs * batch_count) return done;
  throw std::runtime_error("--resume: '" + options.checkpoint + "' is " + std::to_string(done) +
                           " steps on, and --epochs " + std::to_string(options.epochs) + " are " +
                           std::to_string(options.epochs * batch_count) + ": at least " +
                           std::to_string((done + batch_count - 1) / batch_count) +
                           " epochs are allowed");
}

/// Trains a network by the method. All methods and precisions start from the same weights and see
/// the same batches, resumed or not. Calls after_epoch() after each epoch. After an interruption
/// the result has the losses so far.
template <class AfterEpoch>
void train(const gradstep::context& context, const method& m, const precision& how,
           const parts& data, const training_options& options, training_result& result,
           AfterEpoch after_epoch) {
  const auto images = static_cast<std::uint64_t>(data.training.size());
  const std::uint64_t batch_count = options.batch_count(images);
  network net(options.seed);
  updater update(context, m, how, net, options, data.training);
  const std::uint64_t done = start(context, update, options, batch_count);
  random_source random(options.seed, random_use::batches);
  result.first_epoch = (done + batch_count - 1) / batch_count;
  if (done % batch_count == 0) result.losses.push_back(net.evaluate(data.training).loss);
  for (std::uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
    // Epochs that are done draw their order too, because later orders depend on it.
    const std::vector<int> order = random.permutation(static_cast<int>(images));
    const std::uint64_t before = epoch * batch_count;
    if (done < before + batch_count) {
      train_epoch(net, update, data.training, options, order, std::max(done, before) - before);
      result.losses.push_back(net.evaluate(data.training).loss);
      if (!options.checkpoint.empty()) update.save(options.checkpoint);
    }
    after_epoch();
  }
  result.accuracy = net.evaluate(data.test).accuracy;
  if (options.ema) {
    update.load_averages();
    result.average_accuracy = net.evaluate(data.test).accuracy;
  }
  update.describe(result);
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_TRAINING_HPP
