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
//
// Other dtypes, state in 8 bits, and what surrounds the update, in the same pass:
//
//     using gradstep::bfloat16;
//     gradstep::parameter<float, bfloat16> weights(adamw, param, grad, n, GRADSTEP_SIGNED8);
//     weights.set_copy(copy);                                // bfloat16* copy: the rounded weights
//     auto options = gradstep::sized<gradstep_apply_options>();
//     options.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_ZERO_GRAD;
//     options.max_norm = 1;
//     options.step = t;
//     weights.step(context, adamw, options);
//
// The learning rate as a function of the step: gradstep::schedule, in schedules.hpp. Groups of
// tensors whose state, step counts and checkpoints the library keeps: gradstep::optimizer, in
// optimizers.hpp.
#ifndef GRADSTEP_GRADSTEP_HPP
#define GRADSTEP_GRADSTEP_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>
#include <gradstep/schedules.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gradstep {

/// Elements of arrays of 16-bit floats, by their bits.
struct bfloat16 {
  std::uint16_t bits;
};
struct float16 {
  std::uint16_t bits;
};

/// The dtype of arrays of T. A host's own type of the same bits is welcome:
///
///     template <>
///     constexpr std::int32_t gradstep::dtype_of<my_bfloat16>() {
///       return GRADSTEP_BFLOAT16;
///     }
template <class T>
constexpr std::int32_t dtype_of() {
  static_assert(sizeof(T) == 0, "gradstep has no dtype for arrays of this type");
  return 0;
}
template <>
constexpr std::int32_t dtype_of<float>() {
  return GRADSTEP_FLOAT32;
}
template <>
constexpr std::int32_t dtype_of<double>() {
  return GRADSTEP_FLOAT64;
}
template <>
constexpr std::int32_t dtype_of<bfloat16>() {
  return GRADSTEP_BFLOAT16;
}
template <>
constexpr std::int32_t dtype_of<float16>() {
  return GRADSTEP_FLOAT16;
}

/// The host's array, as the calls below take it; extra: see gradstep_array.
inline gradstep_array array_of(std::int32_t dtype, void* data, std::size_t count,
                               void* extra = nullptr) {
  auto array = sized<gradstep_array>();
  array.count = count;
  array.data = data;
  array.extra = extra;
  array.dtype = dtype;
  return array;
}

/// The array's elements, as doubles.
inline std::vector<double> read(const gradstep_array& array) {
  std::vector<double> values(array.count);
  throw_on_failure(gradstep_array_read(&array, values.data()));
  return values;
}

/// Sets the array's elements, one for each value, rounded to nearest.
inline void write(const gradstep_array& array, const std::vector<double>& values) {
  if (values.size() != array.count) {
    throw error(GRADSTEP_INVALID_ARGUMENT, "gradstep::write: not as many values as elements");
  }
  throw_on_failure(gradstep_array_write(&array, values.data()));
}

/// Threads and an instruction set; immutable, and usable by any number of threads at once.
class context {
 public:
  /// The machine's best instruction set and as many threads as the process may use.
  context() : context(sized<gradstep_context_options>()) {}
  explicit context(const gradstep_context_options& options) {
    gradstep_context* created = nullptr;
    throw_on_failure(gradstep_context_create(&options, &created));
    handle_.reset(created);
  }

  gradstep_context_info describe() const {
    auto info = sized<gradstep_context_info>();
    throw_on_failure(gradstep_context_describe(handle_.get(), &info));
    return info;
  }
  const gradstep_context* get() const noexcept { return handle_.get(); }

 private:
  struct destroy {
    void operator()(gradstep_context* c) const noexcept { gradstep_context_destroy(c); }
  };
  std::unique_ptr<gradstep_context, destroy> handle_;
};

/// A rule and a value for each of its hyper-parameters.
class rule {
 public:
  /// The named rule at its defaults, then the settings; checks that they go together.
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
  /// Whether a step with the present values reads and writes the slot.
  bool uses_slot(std::size_t index) const {
    std::int32_t is_used = 0;
    throw_on_failure(gradstep_rule_slot_state(handle_.get(), index, &is_used, nullptr));
    return is_used != 0;
  }
  /// What each of the slot's elements holds before the first step.
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

/// A step of the rule for every tensor of the list, as one parallel region. What the options leave
/// out is not done; options.step counts from 1. Look at the result's is_skipped after CHECK_FINITE.
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const gradstep_tensor* tensors, std::size_t tensor_count,
                                   const gradstep_apply_options& options) {
  auto result = sized<gradstep_apply_result>();
  throw_on_failure(
      gradstep_apply(context.get(), rule.get(), tensors, tensor_count, &options, &result));
  return result;
}
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const std::vector<gradstep_tensor>& tensors,
                                   const gradstep_apply_options& options) {
  return apply(context, rule, tensors.data(), tensors.size(), options);
}

/// The same with no option but the gradients' scale.
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const gradstep_tensor* tensors, std::size_t tensor_count,
                                   std::uint64_t step, double grad_scale = 1) {
  auto options = sized<gradstep_apply_options>();
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  options.step = step;
  options.grad_scale = grad_scale;
  return apply(context, rule, tensors, tensor_count, options);
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
  throw_on_failure(gradstep_gradient_norm(context.get(), tensors.data(), tensors.size(), &result));
  return result;
}

/// A dynamic loss scale. Each step: multiply the loss by scale(), apply with the options that
/// unscale() has changed, update() with the result, and count the step unless it was skipped.
class loss_scaler {
 public:
  /// gradstep_loss_scaler_init's values.
  loss_scaler() : state_(sized<gradstep_loss_scaler>()) {
    throw_on_failure(gradstep_loss_scaler_init(&state_));
  }
  /// Other values, or those of a checkpoint; update() checks them.
  explicit loss_scaler(const gradstep_loss_scaler& state) : state_(state) {}

  double scale() const noexcept { return state_.scale; }
  const gradstep_loss_scaler& state() const noexcept { return state_; }

  /// Has the step divide the gradients by scale(), and skip itself where one is not finite.
  void unscale(gradstep_apply_options& options) const {
    options.flags |= GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_CHECK_FINITE;
    options.grad_scale = 1 / state_.scale;
  }
  /// Lowers the scale after a skipped step, raises it after many that were not.
  void update(const gradstep_apply_result& result) {
    throw_on_failure(gradstep_loss_scaler_update(&state_, result.is_skipped));
  }

 private:
  gradstep_loss_scaler state_;
};

/// One parameter that stays where the host keeps it, with slots of its own. The host's arrays
/// outlive the object, which owns its slots and their scales. Movable: tensor() stays valid.
/// For dtypes that are known when the program is compiled: parameter, below.
class any_parameter {
 public:
  /// Allocates the slots that the rule uses with its present values, at their initial values, for
  /// the host's `arrays`: a gradstep_tensor with its slot fields left 0. slot_dtype: FLOAT32,
  /// BFLOAT16, FLOAT16, an 8-bit type (either stands for both, as gradstep_slot_storage has it) or,
  /// beside a float64 param, FLOAT64; 0 for FLOAT64 there and FLOAT32 elsewhere. Whether the dtypes
  /// go together, the first step says.
  any_parameter(const rule& rule, const gradstep_tensor& arrays, std::int32_t slot_dtype = 0)
      : slots_(rule.slot_count()),
        pointers_(rule.slot_count()),
        dtypes_(rule.slot_count()),
        scale_pointers_(rule.slot_count()),
        tensor_(arrays) {
    if (slot_dtype == 0) {
      slot_dtype = arrays.param_dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) allocate_slot(rule, i, slot_dtype);
    tensor_.slots = pointers_.data();
    tensor_.slot_count = pointers_.size();
    tensor_.slot_dtypes = dtypes_.data();
    tensor_.slot_scales = scale_pointers_.data();
  }
  any_parameter(any_parameter&&) noexcept = default;
  any_parameter& operator=(any_parameter&&) noexcept = default;

  /// For lists: apply(context, rule, {a.tensor(), b.tensor()}, t).
  const gradstep_tensor& tensor() const noexcept { return tensor_; }

  // Further arrays of the host, `count` elements each; nullptr for none. A tensor() that was copied
  // before does not know of them.

  /// Each step writes the new param here too, in another dtype.
  template <class Copy>
  void set_copy(Copy* copy) noexcept {
    tensor_.param_copy = copy;
    tensor_.copy_dtype = copy == nullptr ? 0 : dtype_of<Copy>();
  }
  /// Steps with GRADSTEP_APPLY_AVERAGE keep the moving average of the param here: float, or double
  /// beside a double param.
  template <class Average>
  void set_average(Average* average) {
    const bool is_double = tensor_.param_dtype == GRADSTEP_FLOAT64;
    if (dtype_of<Average>() != (is_double ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32)) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  "set_average takes double* beside a double param and float* beside all others");
    }
    tensor_.average = average;
  }
  /// The lower halves of a bfloat16 param, which make it an exact float32; 0 at first.
  void set_low(std::uint16_t* low) noexcept { tensor_.param_low = low; }

  /// Where the slot is and how it is stored, to save it, say. Empty when the rule did not use it.
  gradstep_array slot_array(std::size_t index) const {
    void* data = pointers_.at(index);
    return array_of(dtypes_[index], data, data == nullptr ? 0 : tensor_.count,
                    scale_pointers_[index]);
  }
  /// A copy of the slot's elements, whatever its dtype; empty when the rule did not use it.
  std::vector<double> slot(std::size_t index) const { return read(slot_array(index)); }
  /// Of the slots and their scales.
  std::size_t slot_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const slot_memory& s : slots_) bytes += s.data.size() + s.scales.size() * sizeof(float);
    return bytes;
  }

  gradstep_apply_result step(const context& context, const rule& rule, std::uint64_t t,
                             double grad_scale = 1) {
    return apply(context, rule, &tensor_, 1, t, grad_scale);
  }
  gradstep_apply_result step(const context& context, const rule& rule,
                             const gradstep_apply_options& options) {
    return apply(context, rule, &tensor_, 1, options);
  }

 private:
  struct slot_memory {
    std::vector<std::byte> data;
    std::vector<float> scales;
  };

  void allocate_slot(const rule& rule, std::size_t index, std::int32_t wanted_dtype) {
    auto info = sized<gradstep_storage_info>();
    throw_on_failure(gradstep_slot_storage(rule.name(), index, wanted_dtype, tensor_.count, &info));
    dtypes_[index] = info.dtype;
    if (!rule.uses_slot(index)) return;
    slots_[index].data.resize(info.bytes);  // zero in every dtype
    slots_[index].scales.resize(info.scale_count);
    pointers_[index] = slots_[index].data.data();
    if (info.scale_count > 0) scale_pointers_[index] = slots_[index].scales.data();
    const double initial = rule.initial_value(index);
    if (initial != 0) write(slot_array(index), std::vector<double>(tensor_.count, initial));
  }

  std::vector<slot_memory> slots_;
  std::vector<void*> pointers_;  // the arrays of the tensor: null for slots that are not used
  std::vector<std::int32_t> dtypes_;
  std::vector<float*> scale_pointers_;
  gradstep_tensor tensor_;
};

/// A parameter with the dtypes of its arrays' types: float, double, bfloat16, float16.
template <class Param, class Grad = Param>
class parameter : public any_parameter {
 public:
  /// Both arrays hold `count` elements. grad is only read, unless the options of a step have
  /// GRADSTEP_APPLY_ZERO_GRAD. slot_dtype: see any_parameter.
  parameter(const rule& rule, Param* param, const Grad* grad, std::size_t count,
            std::int32_t slot_dtype = 0)
      : any_parameter(rule, arrays(param, grad, count), slot_dtype) {}

 private:
  static gradstep_tensor arrays(Param* param, const Grad* grad, std::size_t count) {
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    tensor.param = param;
    tensor.grad = const_cast<Grad*>(grad);
    tensor.param_dtype = dtype_of<Param>();
    tensor.grad_dtype = dtype_of<Grad>();
    return tensor;
  }
};

}  // namespace gradstep

#include <gradstep/optimizers.hpp>  // at the end: it is made of what stands above

#endif  // GRADSTEP_GRADSTEP_HPP
