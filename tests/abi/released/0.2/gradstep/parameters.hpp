// A parameter: the host's arrays, and the slots for them. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_PARAMETERS_HPP
#define GRADSTEP_PARAMETERS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>
#include <gradstep/contexts.hpp>
#include <gradstep/rules.hpp>
#include <gradstep/stateless_steps.hpp>
#include <gradstep/typed_arrays.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gradstep {

/// One parameter. The host owns its arrays, which must outlive this object. The object owns the
/// slots, their scales, and the rule's scalars. It can be moved, and copies of tensor() stay valid
/// when it is moved.
/// Use `parameter` below if the dtypes are known when the program is compiled.
class any_parameter {
 public:
  /// Allocates the slots that the rule uses with its present hyper-parameters, and sets them to
  /// their initial values.
  ///
  /// arrays: the host's arrays, without slots. If a slot begins as a copy of the param, the param
  /// has no gaps between rows.
  /// slot_dtype: the dtype that is wanted for slots; gradstep_rule_slot_layout then chooses the
  /// dtype of each slot. 0: the type of the arithmetic.
  any_parameter(const rule& rule, const gradstep_tensor& arrays, std::int32_t slot_dtype = 0)
      : memory_(rule.slot_count()),
        slots_(rule.slot_count()),
        scalars_(rule.initial_scalars(GRADSTEP_SCOPE_TENSOR)),
        shared_scalars_(rule.initial_scalars(GRADSTEP_SCOPE_ALL)),
        tensor_(arrays) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      allocate_slot(i, rule.slot_layout(i, arrays, slot_dtype));
    }
    tensor_.slots = slots_.data();
    tensor_.slot_count = slots_.size();
    tensor_.scalars = scalars_.empty() ? nullptr : scalars_.data();
    tensor_.scalar_count = scalars_.size();
  }
  any_parameter(any_parameter&&) noexcept = default;
  any_parameter& operator=(any_parameter&&) noexcept = default;

  /// The arrays, slots and scalars. To step several parameters in one call:
  /// apply(context, rule, {a.tensor(), b.tensor()}, t). If the rule has scalars with
  /// GRADSTEP_SCOPE_ALL, the options of that call need them: see rule::initial_scalars.
  const gradstep_tensor& tensor() const noexcept { return tensor_; }

  // Each of the following calls sets one more array of the host, of `count` elements; nullptr
  // removes it. Copies of tensor() that were made before the call do not contain the array.

  /// Each step also writes the new param to this array, in the array's dtype.
  template <class Copy>
  void set_copy(Copy* copy) noexcept {
    tensor_.copy = array_of(copy);
  }
  /// Steps with GRADSTEP_APPLY_AVERAGE keep the moving average of the param in this array. Average
  /// must be double if the param is double; otherwise it must be float.
  template <class Average>
  void set_average(Average* average) {
    const bool is_double = tensor_.param.dtype == GRADSTEP_FLOAT64;
    if (dtype_of<Average>() != (is_double ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32)) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  "set_average takes double* beside a double param and float* beside all others");
    }
    tensor_.average = array_of(average);
  }
  /// Steps store the change of the param in this array and leave the param as it is: see
  /// gradstep_tensor. Delta must be double if the param is double, and must not be otherwise. The
  /// gradient's own array is allowed. nullptr: steps change the param.
  template <class Delta>
  void set_delta(Delta* delta) noexcept {
    tensor_.delta = array_of(delta);
  }
  /// Sets the lower halves of a bfloat16 param, which make it an exact float32. If the param begins
  /// as a plain bfloat16, they begin at 0.
  void set_low(std::uint16_t* low) noexcept { tensor_.param.extra = low; }

  /// Returns where the slot is and how it is stored; use it to save the slot, for example. data is
  /// nullptr if the slot was not allocated because the rule did not use it.
  gradstep_array slot_array(std::size_t index) const { return slots_.at(index); }
  /// The number of the slot's elements; 0 if the slot was not allocated.
  std::size_t slot_size(std::size_t index) const { return memory_.at(index).count; }
  /// A copy of the slot's elements as doubles; empty if the slot was not allocated.
  std::vector<double> slot(std::size_t index) const {
    const std::size_t count = slot_size(index);
    return count == 0 ? std::vector<double>() : read(slot_array(index), count);
  }
  /// The number of bytes of all slots and their scales.
  std::size_t slot_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const slot_memory& s : memory_) bytes += s.data.size() + s.scales.size() * sizeof(float);
    return bytes;
  }

  /// The rule's scalars with GRADSTEP_SCOPE_TENSOR, in the order of rule::scalar().
  const std::vector<double>& scalars() const noexcept { return scalars_; }
  /// Likewise with GRADSTEP_SCOPE_ALL. They are those of this parameter's own steps.
  const std::vector<double>& shared_scalars() const noexcept { return shared_scalars_; }

  gradstep_apply_result step(const context& context, const rule& rule, std::uint64_t t,
                             double grad_scale = 1) {
    auto options = sized<gradstep_apply_options>();
    options.flags = GRADSTEP_APPLY_GRAD_SCALE;
    options.step = t;
    options.grad_scale = grad_scale;
    return step(context, rule, options);
  }
  /// If the options have no scalars, the step uses shared_scalars().
  gradstep_apply_result step(const context& context, const rule& rule,
                             gradstep_apply_options options) {
    if (options.scalars == nullptr && !shared_scalars_.empty()) {
      options.scalars = shared_scalars_.data();
      options.scalar_count = shared_scalars_.size();
    }
    return apply(context, rule, &tensor_, 1, options);
  }
  /// Makes a transform of the rule, such as "evaluate".
  void transform(const context& context, const rule& rule, const std::string& name) {
    gradstep::transform(context, rule, &tensor_, 1, name);
  }

 private:
  struct slot_memory {
    std::size_t count = 0;
    std::vector<std::byte> data;
    std::vector<float> scales;
  };

  void allocate_slot(std::size_t index, const gradstep_slot_layout& layout) {
    gradstep_array& slot = slots_[index];
    slot.dtype = layout.dtype;
    if (layout.is_used == 0) return;
    slot_memory& memory = memory_[index];
    memory.count = layout.count;
    memory.data.resize(layout.bytes);  // zero in every dtype
    memory.scales.resize(layout.extra_bytes / sizeof(float));
    slot.data = memory.data.data();
    if (layout.extra_bytes > 0) slot.extra = memory.scales.data();
    if (layout.start == GRADSTEP_START_PARAM) {
      write(slot, read(tensor_.param, layout.count));
    } else if (layout.initial_value != 0) {
      write(slot, std::vector<double>(layout.count, layout.initial_value));
    }
  }

  std::vector<slot_memory> memory_;
  std::vector<gradstep_array> slots_;  // data is null for slots that are not allocated
  std::vector<double> scalars_, shared_scalars_;
  gradstep_tensor tensor_;
};

/// A parameter whose dtypes follow from the element types: float, double, bfloat16 or float16.
template <class Param, class Grad = Param>
class parameter : public any_parameter {
 public:
  /// Both arrays have `count` elements. A step writes grad only if its options have
  /// GRADSTEP_APPLY_ZERO_GRAD. slot_dtype: see any_parameter.
  parameter(const rule& rule, Param* param, Grad* grad, std::size_t count,
            std::int32_t slot_dtype = 0)
      : any_parameter(rule, tensor_of(param, grad, count), slot_dtype) {}
  /// The same for matrices: parameter<float> weights(rule, param, grad, {rows, columns}).
  parameter(const rule& rule, Param* param, Grad* grad, const shape& shape,
            std::int32_t slot_dtype = 0)
      : any_parameter(rule, tensor_of(param, grad, shape), slot_dtype) {}
};

}  // namespace gradstep

#endif  // GRADSTEP_PARAMETERS_HPP
