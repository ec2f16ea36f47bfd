// Schedules and plateaus. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
//
//     gradstep::schedule cosine("cosine", {{"total_steps", 1000}, {"warmup_steps", 50}});
//     adamw.set("lr", cosine.lr(1e-3, t - 1));       // before each step t = 1, 2, 3 ...
#ifndef GRADSTEP_SCHEDULES_HPP
#define GRADSTEP_SCHEDULES_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gradstep {

/// The learning rate as a function of t = 0, 1, 2 ...: t is the number of steps before this one.
class schedule {
 public:
  /// Begins with the defaults and applies the settings. If a parameter is a list, call set() for it
  /// afterwards. Until every parameter without a default is set, lr() and momentum() throw.
  explicit schedule(const std::string& name, const std::vector<setting>& settings = {}) {
    gradstep_schedule* created = nullptr;
    throw_on_failure(gradstep_schedule_create(name.c_str(), &created));
    handle_.reset(created);
    for (const setting& s : settings) set(s.name, s.value);
  }

  /// Returns a schedule that runs parts[i] for lengths[i] steps; the t of each part begins at 0.
  /// The last part never ends, so `lengths` has one element fewer than `parts`. The parts are
  /// copied.
  static schedule sequence(const std::vector<const schedule*>& parts,
                           const std::vector<std::uint64_t>& lengths) {
    if (lengths.size() + 1 != parts.size()) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  "gradstep::schedule::sequence: lengths are for all parts but the last");
    }
    std::vector<const gradstep_schedule*> handles;
    handles.reserve(parts.size());
    for (const schedule* part : parts) handles.push_back(part->get());
    gradstep_schedule* created = nullptr;
    throw_on_failure(gradstep_schedule_create_sequence(handles.data(), lengths.data(),
                                                       handles.size(), &created));
    return schedule(created);
  }

  void set(const std::string& parameter, double value) {
    throw_on_failure(gradstep_schedule_set(handle_.get(), parameter.c_str(), value));
  }
  /// Sets a parameter that is a list, such as the milestones of multistep, in ascending order.
  void set(const std::string& parameter, const std::vector<double>& values) {
    throw_on_failure(
        gradstep_schedule_set_list(handle_.get(), parameter.c_str(), values.data(), values.size()));
  }
  /// Returns NaN if the parameter has no default and is not set.
  double get(const std::string& parameter) const {
    double value = 0;
    throw_on_failure(gradstep_schedule_get(handle_.get(), parameter.c_str(), &value));
    return value;
  }

  double lr(double base_lr, double t) const {
    double rate = 0;
    throw_on_failure(gradstep_schedule_lr(handle_.get(), base_lr, t, &rate));
    return rate;
  }
  /// The momentum at t. Only one_cycle and cyclic with drives_momentum = 1 set the momentum; for
  /// other schedules the call throws.
  double momentum(double t) const {
    double value = 0;
    throw_on_failure(gradstep_schedule_momentum(handle_.get(), t, &value));
    return value;
  }

  gradstep_schedule* get() noexcept { return handle_.get(); }
  const gradstep_schedule* get() const noexcept { return handle_.get(); }

 private:
  explicit schedule(gradstep_schedule* created) : handle_(created) {}

  struct destroy {
    void operator()(gradstep_schedule* s) const noexcept { gradstep_schedule_destroy(s); }
  };
  std::unique_ptr<gradstep_schedule, destroy> handle_;
};

/// A learning rate that is lowered when a metric stops improving.
class plateau {
 public:
  /// Begins with the values of gradstep_plateau_init.
  explicit plateau(double lr) : state_(sized<gradstep_plateau>()) {
    throw_on_failure(gradstep_plateau_init(&state_, lr));
  }
  /// Begins with the given values, such as those of a checkpoint. report() checks them.
  explicit plateau(const gradstep_plateau& state) : state_(state) {}

  double lr() const noexcept { return state_.lr; }
  const gradstep_plateau& state() const noexcept { return state_; }

  /// Reports a metric, such as a validation loss. Returns whether the rate was lowered.
  bool report(double metric) {
    std::int32_t is_reduced = 0;
    throw_on_failure(gradstep_plateau_report(&state_, metric, &is_reduced));
    return is_reduced != 0;
  }

 private:
  gradstep_plateau state_;
};

}  // namespace gradstep

#endif  // GRADSTEP_SCHEDULES_HPP
