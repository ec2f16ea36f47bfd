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
    throw_on_failure(gradstep_rule_describe_slot(info_.name, index, &info));
    return info;
  }
  /// What the slot looks like for the tensor, with the present hyper-parameters. dtype: the wanted
  /// one; 0: the type of the arithmetic.
  gradstep_slot_layout slot_layout(std::size_t index, const gradstep_tensor& tensor,
                                   std::int32_t dtype = 0) const {
    auto layout = sized<gradstep_slot_layout>();
    throw_on_failure(gradstep_rule_slot_layout(handle_.get(), index, &tensor, dtype, &layout));
    return layout;
  }

  std::size_t scalar_count() const noexcept { return info_.scalar_count; }
  gradstep_scalar_info scalar(std::size_t index) const {
    auto info = sized<gradstep_scalar_info>();
    throw_on_failure(gradstep_rule_describe_scalar(info_.name, index, &info));
    return info;
  }
  /// The rule's scalars of one scope before the first step, with the present hyper-parameters.
  /// scope: GRADSTEP_SCOPE_TENSOR or GRADSTEP_SCOPE_ALL.
  std::vector<double> initial_scalars(std::int32_t scope) const {
    std::vector<double> values;
    for (std::size_t i = 0; i < scalar_count(); ++i) {
      const gradstep_scalar_info info = scalar(i);
      if (info.scope != scope) continue;
      const char* const source = info.initial_hyperparameter;
      values.push_back(source == nullptr ? info.initial_value : get(source));
    }
    return values;
  }
  /// The names of the rule's transforms.
  std::vector<std::string> transforms() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < info_.transform_count; ++i) {
      names.emplace_back(gradstep_rule_transform_name(info_.name, i));
    }
    return names;
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
