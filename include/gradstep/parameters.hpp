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
#include <vector>

namespace gradstep {

/// One parameter. The host owns its arrays, which must outlive this object. The object owns the
/// slots and their scales. It can be moved, and copies of tensor() stay valid when it is moved.
/// Use `parameter` below if the dtypes are known when the program is compiled.
class any_parameter {
 public:
  /// Allocates the slots that the rule uses with its present hyper-parameters, and sets them to
  /// their initial values.
  ///
  /// arrays: the host's arrays, with all slot fields 0.
  /// slot_dtype: FLOAT64 for a float64 param; FLOAT32, BFLOAT16, FLOAT16, SIGNED8 or UNSIGNED8 for
  /// other params. For either 8-bit dtype, gradstep_slot_storage chooses the dtype of each slot. 0:
  /// the type of the arithmetic. The first step checks that the dtypes are consistent.
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

  /// The arrays and slots. To step several parameters in one call:
  /// apply(context, rule, {a.tensor(), b.tensor()}, t).
  const gradstep_tensor& tensor() const noexcept { return tensor_; }

  // Each of the following calls sets one more array of the host, of `count` elements; nullptr
  // removes it. Copies of tensor() that were made before the call do not contain the array.

  /// Each step also writes the new param to this array, in the array's dtype.
  template <class Copy>
  void set_copy(Copy* copy) noexcept {
    tensor_.param_copy = copy;
    tensor_.copy_dtype = copy == nullptr ? 0 : dtype_of<Copy>();
  }
  /// Steps with GRADSTEP_APPLY_AVERAGE keep the moving average of the param in this array. Average
  /// must be double if the param is double; otherwise it must be float.
  template <class Average>
  void set_average(Average* average) {
    const bool is_double = tensor_.param_dtype == GRADSTEP_FLOAT64;
    if (dtype_of<Average>() != (is_double ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32)) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  "set_average takes double* beside a double param and float* beside all others");
    }
    tensor_.average = average;
  }
  /// Sets the lower halves of a bfloat16 param, which make it an exact float32. If the param begins
  /// as a plain bfloat16, they begin at 0.
  void set_low(std::uint16_t* low) noexcept { tensor_.param_low = low; }

  /// Returns where the slot is and how it is stored; use it to save the slot, for example. count is
  /// 0 if the slot was not allocated because the rule did not use it.
  gradstep_array slot_array(std::size_t index) const {
    void* data = pointers_.at(index);
    return array_of(dtypes_[index], data, data == nullptr ? 0 : tensor_.count,
                    scale_pointers_[index]);
  }
  /// A copy of the slot's elements as doubles; empty if the slot was not allocated.
  std::vector<double> slot(std::size_t index) const { return read(slot_array(index)); }
  /// The number of bytes of all slots and their scales.
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
  std::vector<void*> pointers_;  // null for slots that are not allocated
  std::vector<std::int32_t> dtypes_;
  std::vector<float*> scale_pointers_;
  gradstep_tensor tensor_;
};

/// A parameter whose dtypes follow from the element types: float, double, bfloat16 or float16.
template <class Param, class Grad = Param>
class parameter : public any_parameter {
 public:
  /// Both arrays have `count` elements. A step writes grad only if its options have
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

#endif  // GRADSTEP_PARAMETERS_HPP
