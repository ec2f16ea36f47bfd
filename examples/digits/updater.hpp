// SPDX-License-Identifier: Apache-2.0
//
// Updates a network by its gradients, and saves and loads the training's state.
#ifndef GRADSTEP_EXAMPLES_DIGITS_UPDATER_HPP
#define GRADSTEP_EXAMPLES_DIGITS_UPDATER_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../command_line.hpp"
#include "dataset.hpp"
#include "methods.hpp"
#include "network.hpp"
#include "precision.hpp"
#include "stored_tensor.hpp"
#include "training_options.hpp"

namespace digits {

/// An optimizer with all tensors of a network. The network outlives the updater.
class updater {
 public:
  updater(const gradstep::context& context, const method& m, const precision& how, network& net,
          const training_options& training, const dataset& data)
      : optimizer_(context, optimizer_options(training)) {
    const auto group = optimizer_.add_group("network", gradstep::rule(m.rule, m.settings),
                                            training.schedule.get(), 1, how.slots);
    net.for_each_tensor([&](const network_tensor& t) {
      stored_.emplace_back(how, t, training.ema.has_value());
      gradstep_tensor tensor = stored_.back().tensor();
      tensor.key = stored_.size();
      optimizer_.add_tensor(group, tensor_names.at(stored_.size() - 1), tensor);
    });
    if (training.loss_scale || how.needs_loss_scale) {
      optimizer_.set_loss_scaler(gradstep::loss_scaler());
      has_scaler_ = true;
    }
    if (!training.checkpoint.empty()) add_record(m, how, training, data);
  }
  updater(const updater&) = delete;  // the optimizer points into stored_
  updater& operator=(const updater&) = delete;

  /// The factor for the loss.
  double loss_scale() const { return has_scaler_ ? optimizer_.scaler().scale() : 1; }

  /// Updates all tensors by the network's present gradients, in one call.
  void step() {
    for (stored_tensor& t : stored_) t.store_gradient();
    const auto start = clock::now();
    const auto result = optimizer_.step();
    seconds_.push_back(std::chrono::duration<double>(clock::now() - start).count());
    if (result.is_skipped != 0) return;
    if (result.clip_factor < 1) ++clipped_;
    for (stored_tensor& t : stored_) t.load_weights();
  }

  /// Including the batches before the checkpoint.
  std::uint64_t batches_done() const {
    const auto info = optimizer_.describe();
    return info.step_count + info.skipped_count;
  }

  void save(const std::string& path) {
    try {
      optimizer_.set_note(clipped_note, std::to_string(clipped_));
      optimizer_.save(path, GRADSTEP_CHECKPOINT_PARAMS);
    } catch (const gradstep::error& failure) {
      throw std::runtime_error("--checkpoint: " + std::string(failure.what()) + "; '" + path +
                               "' is as it was");
    }
  }

  /// Loads what a run with the same options has saved.
  void load(const gradstep::context& context, const std::string& path) {
    try {
      compare_records(context, path);
      optimizer_.load(path, GRADSTEP_CHECKPOINT_PARAMS);
      clipped_ = std::stoull(optimizer_.note(clipped_note));
    } catch (const gradstep::error& refusal) {
      const bool is_other = refusal.status() == GRADSTEP_MISMATCH;
      throw std::runtime_error(
          (is_other ? "--resume needs the options of the run that saved: " : "--resume: ") +
          std::string(refusal.what()));
    }
    for (stored_tensor& t : stored_) t.load_copy();
  }

  /// Gives the network the averaged weights. No step may follow.
  void load_averages() {
    for (stored_tensor& t : stored_) t.load_average();
  }

  /// Fills in the results that only the updater knows.
  void describe(training_result& result) const {
    const auto info = optimizer_.describe();
    std::size_t bytes = info.state_bytes;
    std::size_t params = 0;
    for (const stored_tensor& t : stored_) {
      bytes += t.size_in_bytes();
      params += t.tensor().count;
    }
    result.bytes_per_param = static_cast<double>(bytes) / static_cast<double>(params);
    result.update_seconds = median_seconds();
    result.batches = batches_done();
    result.clipped = clipped_;
    result.skipped = info.skipped_count;
    if (has_scaler_) result.loss_scale = loss_scale();
  }

 private:
  using clock = std::chrono::steady_clock;

  inline static const std::string option_note = "option ", clipped_note = "clipped steps";

  /// In the order of network::for_each_tensor.
  static constexpr std::array<const char*, 4> tensor_names{"hidden.weights", "hidden.bias",
                                                           "output.weights", "output.bias"};

  static gradstep_optimizer_options optimizer_options(const training_options& training) {
    auto options = gradstep::sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_STOCHASTIC_PARAM;
    options.seed = training.seed;
    if (training.clip_norm) {
      options.flags |= GRADSTEP_APPLY_MAX_NORM;
      options.max_norm = *training.clip_norm;
    }
    if (training.ema) {
      options.flags |= GRADSTEP_APPLY_AVERAGE;
      options.average_decay = *training.ema;
    }
    return options;
  }

  /// Adds the program's own options to what checkpoints hold, as notes.
  void add_record(const method& m, const precision& how, const training_options& training,
                  const dataset& data) {
    const auto optional = [](const std::string& name, const std::optional<double>& value) {
      return value ? name + " " + examples::shortest(*value) : "no " + name;
    };
    std::vector<std::string> record{"--rule " + m.rule,
                                    "--seed " + std::to_string(training.seed),
                                    "--batch " + std::to_string(training.batch),
                                    "--data of " + data.describe(),
                                    "--precision " + how.name,
                                    optional("--clip-norm", training.clip_norm),
                                    optional("--ema", training.ema),
                                    has_scaler_ ? "--loss-scale" : "no --loss-scale"};
    for (const gradstep::setting& s : m.settings) {
      record.push_back("--set " + s.name + "=" + examples::shortest(s.value));
    }
    if (!training.schedule) record.emplace_back("no --schedule");
    record.insert(record.end(), training.schedule_record.begin(), training.schedule_record.end());
    for (std::size_t i = 0; i < record.size(); ++i) {
      optimizer_.set_note(option_note + std::to_string(i), record[i]);
    }
  }

  /// Throws a gradstep::error if the file is of a run with other options.
  void compare_records(const gradstep::context& context, const std::string& path) const {
    // An optimizer without tensors reads the notes and leaves the rest.
    gradstep::optimizer reader(context);
    reader.load(path, GRADSTEP_CHECKPOINT_PARTIAL);
    const auto ours = options_in(optimizer_), theirs = options_in(reader);
    std::string differences;
    const auto list_missing = [&](const auto& from, const auto& in, const char* fault) {
      for (const std::string& option : from) {
        if (in.count(option) == 0) differences.append("; \"" + option + "\" is " + fault);
      }
    };
    list_missing(ours, theirs, "not in the file");
    list_missing(theirs, ours, "of the file");
    if (differences.empty()) return;
    throw gradstep::error(GRADSTEP_MISMATCH, ("\"" + path + "\"" + differences).c_str());
  }

  static std::set<std::string> options_in(const gradstep::optimizer& optimizer) {
    std::set<std::string> options;
    for (const auto& [name, text] : optimizer.notes()) {
      if (name.compare(0, option_note.size(), option_note) == 0) options.insert(text);
    }
    return options;
  }

  /// A median, because a busy machine now and then adds milliseconds to a step.
  double median_seconds() const {
    if (seconds_.empty()) return 0;
    std::vector<double> sorted = seconds_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

  std::vector<stored_tensor> stored_;
  gradstep::optimizer optimizer_;
  bool has_scaler_ = false;
  std::uint64_t clipped_ = 0;    // steps
  std::vector<double> seconds_;  // of each step of this run
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_UPDATER_HPP
