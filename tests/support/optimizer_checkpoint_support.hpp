// SPDX-License-Identifier: Apache-2.0
//
// What the tests of an optimizer's checkpoints share: a model with everything a checkpoint holds,
// trained by a script of numbered events, so that a run can stop before any of them.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "support/optimizer_support.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {

/// The exit status of a child process that calls body(): 0 when no check in it failed.
template <class Body>
int run_in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

inline constexpr std::uint64_t with_params = GRADSTEP_CHECKPOINT_PARAMS;

inline void save(const optimizer_handle& optimizer, const std::string& path,
                 std::uint64_t flags = with_params) {
  expect_ok(gradstep_optimizer_save(optimizer.get(), path.c_str(), flags));
}

inline gradstep_load_result load(const optimizer_handle& optimizer, const std::string& path,
                                 std::uint64_t flags = with_params) {
  auto result = sized<gradstep_load_result>();
  expect_ok(gradstep_optimizer_load(optimizer.get(), path.c_str(), flags, &result));
  return result;
}

/// Like EXPECT_EQ, but says where they differ.
inline void expect_same_state(const std::string& got, const std::string& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  const auto at = std::mismatch(got.begin(), got.end(), wanted.begin()).first;
  EXPECT_TRUE(at == got.end()) << "byte " << at - got.begin() << " of " << got.size();
}

/// Three tensors in two groups, and a fourth that comes late.
class scripted_model {
 public:
  static constexpr std::size_t events_of_a_round = 3;
  static constexpr std::size_t event_count = 6 * events_of_a_round;
  static constexpr std::size_t late_event = 8;

  struct setup {
    std::string rule_name = "adamw";
    storage how = {};
    const gradstep_schedule* schedule = nullptr;
    bool is_fresh = false;  // to be loaded into: other numbers, no settings, other order
    bool has_late_tensor = false;
    const gradstep_context* context = nullptr;  // null: a serial one
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
    for (std::size_t i = 0; i < 3; ++i) add(s.is_fresh ? 2 - i : i);
    if (s.has_late_tensor) add(3);
    if (!s.is_fresh) add_settings();
  }

  /// Events `begin` to `end`. A round is: accumulate, accumulate, step and report.
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
      if (round == 1) {  // the scaler skips this one
        accumulate_infinity();
      }
      EXPECT_EQ(step(optimizer.get()).is_skipped, round == 1);
      expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 1 + 0.1 * round, nullptr));
    }
  }

  /// In the order of names, whatever the order of adding.
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
    auto plateau = sized<gradstep_plateau>();
    expect_ok(gradstep_plateau_init(&plateau, 0.05));
    plateau.patience = 1;
    plateau.cooldown = 1;
    expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 1, &plateau));
    auto scaler = sized<gradstep_loss_scaler>();
    expect_ok(gradstep_loss_scaler_init(&scaler));
    scaler.scale = 8;
    scaler.growth_interval = 2;
    expect_ok(gradstep_optimizer_set_loss_scaler(optimizer.get(), &scaler));
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
    for (const auto& h : hyperparameters_of(group.rule_name)) {
      double value = 0;
      expect_ok(gradstep_optimizer_get_hyperparameter(optimizer.get(), g, h.name, &value));
      put(value);
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
    std::string all = std::to_string(info.step_count) + ' ' + std::to_string(info.accumulate_count);
    auto names = slot_names_of(describe_group(optimizer.get(), info.group).rule_name);
    names.insert(names.end(), {"param", "average", "accumulated_grad"});
    for (const auto& name : names) {
      // The sum's memory is there once it was used; without a sum it holds nothing.
      if (name == "accumulated_grad" && info.accumulate_count == 0) continue;
      auto array = sized<gradstep_array>();
      all += std::to_string(
          gradstep_optimizer_get_array(optimizer.get(), *index, name.c_str(), &array));
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
  std::vector<mixed_parameter> parameters_;
};

}  // namespace gradstep_test
