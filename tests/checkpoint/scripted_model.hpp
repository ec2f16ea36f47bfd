// SPDX-License-Identifier: Apache-2.0
//
// A model with everything that a checkpoint holds. A script of numbered events trains it, so that a
// run can stop before any of them.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {

/// Three tensors in two groups. A fourth is added at late_event.
class scripted_model {
 public:
  static constexpr std::size_t events_of_a_round = 3;
  static constexpr std::size_t event_count = 6 * events_of_a_round;
  static constexpr std::size_t late_event = 8;

  struct setup {
    std::string rule_name = "adamw";
    storage how = {};
    const gradstep_schedule* schedule = nullptr;
    /// A model to load a checkpoint into: other params, no settings, groups and tensors in reverse.
    bool is_fresh = false;
    bool has_late_tensor = false;
    const gradstep_context* context = nullptr;  // NULL: a serial one
  };

  explicit scripted_model(const setup& s)
      : rule_(make_rule(s.rule_name, s.is_fresh ? option_values{} : richest_options(s.rule_name))),
        how_(s.how) {
    if (s.context == nullptr) context_ = make_serial_context();
    auto options = sized<gradstep_optimizer_options>();
    options.flags = s.how.flags | GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_MAX_NORM;
    options.average_decay = 0.9;
    options.max_norm = 20;
    options.seed = rounding_seed;
    optimizer = make_optimizer(s.context == nullptr ? context_.get() : s.context, options);
    for (std::size_t i = 0; i < 4; ++i) {
      parameters_.emplace_back(rule_.get(), s.rule_name, how_, counts[i], 10 * i + 1);
      const bool is_loaded = i < 3 || s.has_late_tensor;
      if (s.is_fresh && is_loaded)
        parameters_.back().param.narrow(std::vector<double>(counts[i], 7));
    }
    std::vector<std::string> groups = {"first", "second"};
    if (s.is_fresh) std::reverse(groups.begin(), groups.end());
    for (const auto& name : groups) {
      auto group = group_options(name.c_str(), rule_.get());
      group.slot_dtype = how_.slot == GRADSTEP_FLOAT64 ? 0 : how_.slot;
      if (name == "first" && !s.is_fresh) group.schedule = s.schedule;
      add_group(optimizer.get(), group);
    }
    // A sum over all tensors adds them in their order.
    const bool is_reversed = s.is_fresh && !has_shared_scalars(s.rule_name);
    for (std::size_t i = 0; i < 3; ++i) add(is_reversed ? 2 - i : i);
    if (s.has_late_tensor) add(3);
    if (!s.is_fresh) add_settings();
  }

  /// Runs the events from `begin` up to, not including, `end`. A round has three events:
  /// accumulate, accumulate, step and report a metric. The loss scaler skips the step of round 1.
  void run(std::size_t begin, std::size_t end) {
    for (std::size_t event = begin; event < end; ++event) {
      if (event == late_event) add(3);
      const std::size_t round = event / events_of_a_round;
      freeze(round == 1 || round == 2);
      set_gradients(event);
      if (event % events_of_a_round < 2) {
        expect_ok(gradstep_optimizer_accumulate(optimizer.get(), GRADSTEP_ALL_TENSORS, 0.5));
        continue;
      }
      if (round == 1) accumulate_infinity();
      EXPECT_EQ(step(optimizer.get()).is_skipped, round == 1);
      expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 1 + 0.1 * round, nullptr));
    }
  }

  /// All that a checkpoint holds, in the order of names, not in the order of adding.
  std::string state() const {
    const auto info = describe(optimizer.get());
    std::string all = std::to_string(info.step_count) + ' ' + std::to_string(info.skipped_count);
    for (const char* name : {"first", "second"}) all += group_state(name);
    for (std::size_t i = 0; i < 4; ++i) all += tensor_state(i);
    auto scaler = sized<gradstep_loss_scaler>();
    all += std::to_string(gradstep_optimizer_get_loss_scaler(optimizer.get(), &scaler));
    all.append(reinterpret_cast<const char*>(&scaler), sizeof scaler);
    return all;
  }

  optimizer_handle optimizer;

 private:
  static constexpr std::size_t counts[] = {5, 300, 4500, 700};
  static std::string name_of(std::size_t i) { return "layer." + std::to_string(i) + ".weight"; }

  void add(std::size_t i) {
    const auto view = parameters_[i].view();
    std::size_t group = 0;
    expect_ok(
        gradstep_optimizer_find_group(optimizer.get(), i % 2 == 0 ? "first" : "second", &group));
    add_tensor(optimizer.get(), group, name_of(i), without_slots(view.tensor));
  }
  std::optional<std::size_t> index_of(std::size_t i) const {
    std::size_t index = 0;
    if (gradstep_optimizer_find_tensor(optimizer.get(), name_of(i).c_str(), &index) !=
        GRADSTEP_OK) {
      return {};
    }
    return index;
  }
  void add_settings() {
    auto plateau = make_plateau(0.05);
    plateau.patience = 1;
    plateau.cooldown = 1;
    expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 1, &plateau));
    auto scaler = make_loss_scaler();
    scaler.scale = 8;
    scaler.growth_interval = 2;
    expect_ok(gradstep_optimizer_set_loss_scaler(optimizer.get(), &scaler));
    expect_ok(gradstep_optimizer_set_group_max_norm(optimizer.get(), 1, 3));
    expect_ok(gradstep_optimizer_start_average(optimizer.get(), GRADSTEP_ALL_TENSORS));
  }
  void freeze(bool is_frozen) {
    expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), *index_of(1), is_frozen ? 1 : 0));
  }
  void set_gradients(std::size_t event) {
    for (auto& each : parameters_) each.set_gradient(event + 1);
  }
  void accumulate_infinity() {
    parameters_[0].grad.narrow(std::vector<double>(counts[0], INFINITY));
    expect_ok(gradstep_optimizer_accumulate(optimizer.get(), *index_of(0), 1));
  }
  std::string group_state(const char* name) const {
    std::size_t g = 0;
    expect_ok(gradstep_optimizer_find_group(optimizer.get(), name, &g));
    const auto group = describe_group(optimizer.get(), g);
    std::string all = group.schedule_name == nullptr ? "none" : group.schedule_name;
    const auto put = [&all](const auto& value) {
      all.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(group.lr);
    put(std::isnan(group.momentum) ? -1.0 : group.momentum);
    put(group.lr_scale);
    put(group.max_norm);
    for (const auto& h : hyperparameters_of(group.rule_name)) {
      put(hyperparameter_of(optimizer.get(), g, h.name));
    }
    auto plateau = sized<gradstep_plateau>();
    put(gradstep_optimizer_get_plateau(optimizer.get(), g, &plateau));
    put(plateau);
    return all;
  }
  std::string tensor_state(std::size_t i) const {
    const auto index = index_of(i);
    if (!index) return "absent";
    const auto info = describe_tensor(optimizer.get(), *index);
    std::string all = std::to_string(info.step_count) + ' ' +
                      std::to_string(info.accumulate_count) + ' ' +
                      std::to_string(info.average_count);
    const std::string rule_name = describe_group(optimizer.get(), info.group).rule_name;
    for (const std::int32_t scope : {GRADSTEP_SCOPE_TENSOR, GRADSTEP_SCOPE_ALL}) {
      for (const double value : read_scalars(optimizer.get(), *index, scope)) {
        all.append(reinterpret_cast<const char*>(&value), sizeof value);
      }
    }
    for (const auto& name : array_names_of(rule_name)) {
      // The array of a sum stays allocated after its first use, with no defined content.
      if (name == "accumulated_grad" && info.accumulate_count == 0) continue;
      counted_array array;
      all += std::to_string(gradstep_optimizer_get_array(optimizer.get(), *index, name.c_str(),
                                                         &array, &array.count));
      if (array.data == nullptr) continue;
      all.append(static_cast<const char*>(array.data), array.count * element_size(array.dtype));
      if (array.extra == nullptr) continue;
      all.append(static_cast<const char*>(array.extra),
                 is_blocked(array.dtype) ? 4 * block_count(array.count) : 2 * array.count);
    }
    return all;
  }

  context_handle context_;
  rule_handle rule_;
  storage how_;
  std::vector<stored_parameter> parameters_;
};

}  // namespace gradstep_test
