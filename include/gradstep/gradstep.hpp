// gradstep for C++: owning handles and exceptions over gradstep.h.
//
// SPDX-License-Identifier: Apache-2.0
//
// Header only, C++17; it adds no symbol to the library. Everything here is the C interface with
// three differences: handles are owned by objects, a failed call throws gradstep::error, and arrays
// carry their element type. What each call does, its bounds and its errors: gradstep.h.
//
//     gradstep::context context;                             // threads and instruction set
//     gradstep::rule adamw("adamw", {{"lr", 1e-3}});
//     gradstep::parameter<float> weights(adamw, param, grad, n);   // allocates the rule's slots
//     weights.step(context, adamw, t);                       // t = 1, 2, 3 ...
#ifndef GRADSTEP_GRADSTEP_HPP
#define GRADSTEP_GRADSTEP_HPP

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gradstep {

/// A call that failed: what() is gradstep_last_error()'s sentence.
class error : public std::runtime_error {
 public:
  error(gradstep_status status, const char* sentence)
      : std::runtime_error(sentence), status_(status) {}
  /// GRADSTEP_INVALID_ARGUMENT and so on, never GRADSTEP_OK.
  gradstep_status status() const noexcept { return status_; }

 private:
  gradstep_status status_;
};

/// Throws error unless the status is GRADSTEP_OK.
inline void check(gradstep_status status) {
  if (status != GRADSTEP_OK) throw error(status, gradstep_last_error());
}

/// A zeroed struct of the C interface with its struct_size set.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

template <class T>
constexpr std::int32_t dtype_of() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                "gradstep arrays hold float or double");
  return std::is_same_v<T, float> ? GRADSTEP_FLOAT32 : GRADSTEP_FLOAT64;
}

/// Threads and an instruction set; immutable, and usable by any number of threads at once.
class context {
 public:
  /// The machine's best instruction set and as many threads as the process may use.
  context() : context(sized<gradstep_context_options>()) {}
  explicit context(const gradstep_context_options& options) {
    gradstep_context* created = nullptr;
    check(gradstep_context_create(&options, &created));
    handle_.reset(created);
  }

  gradstep_context_info describe() const {
    auto info = sized<gradstep_context_info>();
    check(gradstep_context_describe(handle_.get(), &info));
    return info;
  }
  const gradstep_context* get() const noexcept { return handle_.get(); }

 private:
  struct destroy {
    void operator()(gradstep_context* c) const noexcept { gradstep_context_destroy(c); }
  };
  std::unique_ptr<gradstep_context, destroy> handle_;
};

struct setting {
  std::string name;
  double value;
};

/// A rule and a value for each of its hyper-parameters.
class rule {
 public:
  /// The named rule at its defaults, then the settings; checks that they go together.
  explicit rule(const std::string& name, const std::vector<setting>& settings = {}) {
    gradstep_rule* created = nullptr;
    check(gradstep_rule_create(name.c_str(), &created));
    handle_.reset(created);
    info_ = sized<gradstep_rule_info>();
    check(gradstep_rule_describe(name.c_str(), &info_));
    for (const setting& s : settings) set(s.name, s.value);
    check(gradstep_rule_check(handle_.get()));
  }

  const char* name() const noexcept { return info_.name; }
  const gradstep_rule_info& info() const noexcept { return info_; }

  void set(const std::string& hyperparameter, double value) {
    check(gradstep_rule_set(handle_.get(), hyperparameter.c_str(), value));
  }
  double get(const std::string& hyperparameter) const {
    double value = 0;
    check(gradstep_rule_get(handle_.get(), hyperparameter.c_str(), &value));
    return value;
  }

  std::size_t slot_count() const noexcept { return info_.slot_count; }
  gradstep_slot_info slot(std::size_t index) const {
    auto info = sized<gradstep_slot_info>();
    check(gradstep_slot_describe(info_.name, index, &info));
    return info;
  }
  /// Whether a step with the present values reads and writes the slot.
  bool uses_slot(std::size_t index) const {
    std::int32_t is_used = 0;
    check(gradstep_rule_slot_state(handle_.get(), index, &is_used, nullptr));
    return is_used != 0;
  }
  /// What each of the slot's elements holds before the first step.
  double initial_value(std::size_t index) const {
    double value = 0;
    check(gradstep_rule_slot_state(handle_.get(), index, nullptr, &value));
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

/// A step of the rule for every tensor of the list, as one parallel region; step counts from 1.
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const gradstep_tensor* tensors, std::size_t tensor_count,
                                   std::uint64_t step, double grad_scale = 1) {
  auto options = sized<gradstep_apply_options>();
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  options.step = step;
  options.grad_scale = grad_scale;
  auto result = sized<gradstep_apply_result>();
  check(gradstep_apply(context.get(), rule.get(), tensors, tensor_count, &options, &result));
  return result;
}
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const std::vector<gradstep_tensor>& tensors, std::uint64_t step,
                                   double grad_scale = 1) {
  return apply(context, rule, tensors.data(), tensors.size(), step, grad_scale);
}

/// The global gradient norm of the list, with a count of the elements that are not finite.
inline gradstep_norm_result gradient_norm(const context& context,
                                          const std::vector<gradstep_tensor>& tensors) {
  auto result = sized<gradstep_norm_result>();
  check(gradstep_gradient_norm(context.get(), tensors.data(), tensors.size(), &result));
  return result;
}

/// One parameter that stays where the host keeps it, with slots of its own. Both arrays hold
/// `count` elements and outlive the object. Movable: tensor() stays valid.
template <class Param, class Grad = Param>
class parameter {
 public:
  /// Allocates the slots that the rule uses with its present values, at their initial values.
  parameter(const rule& rule, Param* param, const Grad* grad, std::size_t count)
      : slots_(rule.slot_count()), pointers_(rule.slot_count()) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!rule.uses_slot(i)) continue;
      slots_[i].assign(count, static_cast<Param>(rule.initial_value(i)));
      pointers_[i] = slots_[i].data();
    }
    tensor_ = sized<gradstep_tensor>();
    tensor_.count = count;
    tensor_.param = param;
    tensor_.grad = const_cast<Grad*>(grad);  // read only: this class never asks for zeros
    tensor_.slots = pointers_.data();
    tensor_.slot_count = pointers_.size();
    tensor_.param_dtype = dtype_of<Param>();
    tensor_.grad_dtype = dtype_of<Grad>();
  }
  parameter(parameter&&) noexcept = default;
  parameter& operator=(parameter&&) noexcept = default;

  /// For lists: apply(context, rule, {a.tensor(), b.tensor()}, t).
  const gradstep_tensor& tensor() const noexcept { return tensor_; }
  /// The slot's array; empty when the rule did not use it.
  const std::vector<Param>& slot(std::size_t index) const { return slots_.at(index); }

  void step(const context& context, const rule& rule, std::uint64_t t, double grad_scale = 1) {
    apply(context, rule, &tensor_, 1, t, grad_scale);
  }

 private:
  std::vector<std::vector<Param>> slots_;
  std::vector<void*> pointers_;
  gradstep_tensor tensor_;
};

}  // namespace gradstep

#endif  // GRADSTEP_GRADSTEP_HPP
