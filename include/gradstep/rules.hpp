// Rules. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_RULES_HPP
#define GRADSTEP_RULES_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gradstep {

/// A rule with a value for each of its hyper-parameters.
class rule {
 public:
  /// Begins with the defaults and applies the settings. Throws if the values are inconsistent.
  explicit rule(const std::string& name, const std::vector<setting>& settings = {}) {
    gradstep_rule* created = nullptr;
    throw_on_failure(gradstep_rule_create(name.c_str(), &created));
    handle_.reset(created);
    info_ = sized<gradstep_rule_info>();
    throw_on_failure(gradstep_rule_describe(name.c_str(), &info_));
    for (const setting& s : settings) set(s.name, s.value);
    throw_on_failure(gradstep_rule_check(handle_.get()));
  }

  const char* name() const noexcept { return info_.name; }
  const gradstep_rule_info& info() const noexcept { return info_; }

  void set(const std::string& hyperparameter, double value) {
    throw_on_failure(gradstep_rule_set(handle_.get(), hyperparameter.c_str(), value));
  }
  double get(const std::string& hyperparameter) const {
    double value = 0;
    throw_on_failure(gradstep_rule_get(handle_.get(), hyperparameter.c_str(), &value));
    return value;
  }

  std::size_t slot_count() const noexcept { return info_.slot_count; }
  gradstep_slot_info slot(std::size_t index) const {
    auto info = sized<gradstep_slot_info>();
    throw_on_failure(gradstep_slot_describe(info_.name, index, &info));
    return info;
  }
  /// Whether a step reads and writes the slot with the present hyper-parameters.
  bool uses_slot(std::size_t index) const {
    std::int32_t is_used = 0;
    throw_on_failure(gradstep_rule_slot_state(handle_.get(), index, &is_used, nullptr));
    return is_used != 0;
  }
  /// The value of each of the slot's elements before the first step.
  double initial_value(std::size_t index) const {
    double value = 0;
    throw_on_failure(gradstep_rule_slot_state(handle_.get(), index, nullptr, &value));
    return value;
  }

  gradstep_rule* get() noexcept { return handle_.get(); }
  const gradstep_rule* get() const noexcept { return handle_.get(); }

 private:
  struct destroy {
    void operator()(gradstep_rule* r) const noexcept { gradstep_rule_destroy(r); }
  };
  std::unique_ptr<gradstep_rule, destroy> handle_;
  gradstep_rule_info info_{};
};

}  // namespace gradstep

#endif  // GRADSTEP_RULES_HPP
