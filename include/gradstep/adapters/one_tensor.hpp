// The update of one tensor for an engine that steps its tensors one by one. It is what
// ensmallen.hpp and dlib.hpp have in common; programs include one of those.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_ADAPTERS_ONE_TENSOR_HPP
#define GRADSTEP_ADAPTERS_ONE_TENSOR_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gradstep {

/// The context of all adapters that are not given another: that of the default options, which the
/// process creates once, when it is first needed.
inline std::shared_ptr<const context> shared_context() {
  static const std::shared_ptr<const context> shared = std::make_shared<const context>();
  return shared;
}

namespace detail {

/// The names of the hyper-parameters of a rule, in the library's order.
inline std::vector<std::string> hyperparameter_names(const rule& rule) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rule.info().hyperparameter_count; ++i) {
    auto info = sized<gradstep_hyperparameter_info>();
    throw_on_failure(gradstep_rule_describe_hyperparameter(rule.name(), i, &info));
    names.emplace_back(info.name);
  }
  return names;
}

/// A rule with values for some hyper-parameters, the dtype of its slots, and a context. It can be
/// copied.
class rule_choice {
 public:
  /// Throws gradstep::error for a rule, a hyper-parameter, a value or a dtype that the library does
  /// not accept. context: nullptr for shared_context().
  rule_choice(std::string rule_name, std::vector<setting> settings, std::int32_t slot_dtype,
              std::shared_ptr<const gradstep::context> context)
      : rule_name_(std::move(rule_name)),
        settings_(std::move(settings)),
        slot_dtype_(slot_dtype),
        context_(context == nullptr ? shared_context() : std::move(context)) {
    make_optimizer();
  }

  const std::string& rule_name() const noexcept { return rule_name_; }
  const std::vector<setting>& settings() const noexcept { return settings_; }
  std::int32_t slot_dtype() const noexcept { return slot_dtype_; }
  const std::shared_ptr<const gradstep::context>& context() const noexcept { return context_; }

  /// Whether the rule has the hyper-parameter.
  bool has(const std::string& name) const {
    const auto names = hyperparameter_names(rule(rule_name_));
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  double get(const std::string& name) const { return rule(rule_name_, settings_).get(name); }
  void set(const std::string& name, double value) {
    std::vector<setting> changed = settings_;
    changed.push_back({name, value});
    const rule accepted(rule_name_, changed);  // or it throws
    settings_ = std::move(changed);
  }

  /// An optimizer with one group, number 0, and no tensor.
  optimizer make_optimizer() const {
    optimizer made(*context_);
    made.add_group("all", rule(rule_name_, settings_), nullptr, 1, slot_dtype_);
    return made;
  }

 private:
  std::string rule_name_;
  std::vector<setting> settings_;
  std::int32_t slot_dtype_;
  std::shared_ptr<const gradstep::context> context_;
};

/// Throws gradstep::error unless the bytes are a whole and undamaged checkpoint.
inline void check_checkpoint(const std::vector<unsigned char>& bytes) {
  const auto context = shared_context();
  optimizer(*context).load_from_memory(bytes, GRADSTEP_CHECKPOINT_PARTIAL);
}
/// The bytes of a file that is one. Throws gradstep::error.
inline std::vector<unsigned char> read_checkpoint(const std::string& path) {
  const auto context = shared_context();
  optimizer(*context).load(path, GRADSTEP_CHECKPOINT_PARTIAL);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The state of one tensor, whose arrays may be elsewhere in each step. A copy goes on with the
/// same bits, from a state of its own.
class one_tensor {
 public:
  explicit one_tensor(rule_choice choice, std::vector<unsigned char> state = {})
      : choice_(std::move(choice)), loaded_(std::move(state)) {}
  one_tensor(const one_tensor& other) : choice_(other.choice_), loaded_(other.state()) {}
  one_tensor(one_tensor&&) = default;
  // By exchange, so that an optimizer is destroyed before its context.
  one_tensor& operator=(one_tensor other) noexcept {
    std::swap(choice_, other.choice_);
    std::swap(loaded_, other.loaded_);
    std::swap(made_, other.made_);
    std::swap(arrays_, other.arrays_);
    return *this;
  }
  ~one_tensor() = default;

  const rule_choice& choice() const noexcept { return choice_; }

  /// Steps the tensor. Its count and shape are those of the first step; its param, grad and delta
  /// may be other arrays of the same dtypes. values: hyper-parameters for this step and later ones.
  /// Throws gradstep::error, and then nothing has changed but these values.
  gradstep_apply_result step(const gradstep_tensor& arrays, const std::vector<setting>& values) {
    use(arrays);
    for (const setting& each : values) made_->set(0, each.name, each.value);
    return made_->step();
  }
  /// Makes a transform of the rule, such as "evaluate". Does nothing before the first step.
  void transform(const gradstep_tensor& arrays, const std::string& name) {
    if (made_ == nullptr && loaded_.empty()) return;
    use(arrays);
    made_->transform(name);
  }

  std::uint64_t step_count() const {
    return made_ == nullptr ? 0 : made_->describe_tensor(0).step_count;
  }
  /// A slot's elements; nothing before the first step.
  std::vector<double> slot(const std::string& name) const {
    return made_ == nullptr ? std::vector<double>() : made_->read(0, name);
  }

  /// The library's checkpoint of the state, without the param; empty before the first step.
  std::vector<unsigned char> state() const {
    return made_ == nullptr ? loaded_ : made_->save_to_memory();
  }
  /// Writes it to a file. There has been a step.
  void save(const std::string& path) const { made_->save(path); }

 private:
  void use(const gradstep_tensor& arrays) {
    if (made_ == nullptr) {
      begin(arrays);
    } else {
      point_to(arrays);
    }
    arrays_ = arrays;
  }
  void begin(const gradstep_tensor& arrays) {
    auto made = std::make_unique<optimizer>(choice_.make_optimizer());
    made->add_tensor(0, "params", arrays);
    if (!loaded_.empty()) made->load_from_memory(loaded_, GRADSTEP_CHECKPOINT_KEEP_SETTINGS);
    made_ = std::move(made);
    loaded_.clear();
  }
  void point_to(const gradstep_tensor& arrays) {
    if (arrays.param.data != arrays_.param.data || arrays.delta.data != arrays_.delta.data ||
        arrays.count != arrays_.count || arrays.rows != arrays_.rows) {
      made_->set_param(0, arrays);
    } else if (arrays.grad.data != arrays_.grad.data) {
      made_->set_grad(0, arrays.grad.data);
    }
  }

  rule_choice choice_;
  std::vector<unsigned char> loaded_;  // the state that the first step begins with
  std::unique_ptr<optimizer> made_;    // from the first step on
  gradstep_tensor arrays_{};           // of made_
};

}  // namespace detail
}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_ONE_TENSOR_HPP
