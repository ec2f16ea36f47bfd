// SPDX-License-Identifier: Apache-2.0
//
// A tensor of the network, together with the arrays in which a precision stores it.
#ifndef GRADSTEP_EXAMPLES_DIGITS_STORED_TENSOR_HPP
#define GRADSTEP_EXAMPLES_DIGITS_STORED_TENSOR_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "network.hpp"
#include "precision.hpp"

namespace digits {

/// An array of float32 or of a 16-bit dtype.
class typed_array {
 public:
  typed_array(std::int32_t dtype, std::size_t count)
      : dtype_(dtype), count_(count), bytes_(count * (dtype == GRADSTEP_FLOAT32 ? 4 : 2)) {}

  gradstep_array array() { return gradstep::array_of(dtype_, data()); }
  std::size_t size_in_bytes() const { return bytes_.size(); }

  /// Sets the elements, rounded to nearest. With low_halves (the `extra` of gradstep_array),
  /// nothing is lost: they take the lower halves of the values.
  void assign(const float* values, std::uint16_t* low_halves = nullptr) {
    gradstep::write(gradstep::array_of(dtype_, data(), low_halves), {values, values + count_});
  }
  void widen_to(float* values) {
    const std::vector<double> widened = gradstep::read(array(), count_);
    std::transform(widened.begin(), widened.end(), values,
                   [](double x) { return static_cast<float>(x); });  // exact
  }

 private:
  void* data() { return bytes_.data(); }

  std::int32_t dtype_;
  std::size_t count_;
  std::vector<std::byte> bytes_;
};

/// The arrays that a step reads and writes, except the slots. Where the precision says float32, the
/// network's own arrays serve. Movable: tensor() stays valid.
class stored_tensor {
 public:
  stored_tensor(const precision& how, const network_tensor& tensor, bool has_average)
      : tensor_(tensor),
        low_halves_(how.has_low_halves ? tensor.count : 0),
        arrays_(host_arrays(how, has_average)) {
    load_weights();
  }

  const gradstep_tensor& tensor() const { return arrays_; }

  /// Before a step: rounds the network's gradients into the array that the step reads.
  void store_gradient() {
    if (grad_) grad_->assign(tensor_.grad);
  }
  /// After a step: gives the network the weights to compute with.
  void load_weights() {
    if (copy_) {
      copy_->widen_to(tensor_.param);
    } else if (param_) {
      param_->widen_to(tensor_.param);
    }
  }
  /// After a checkpoint was loaded: sets the copy, which checkpoints lack, and the network's
  /// weights.
  void load_copy() {
    if (copy_) copy_->assign(static_cast<const float*>(arrays_.param.data));
    load_weights();
  }
  /// At the end: gives the network the averaged weights.
  void load_average() { std::copy(average_.begin(), average_.end(), tensor_.param); }

  /// Of all these arrays, gradients included.
  std::size_t size_in_bytes() const {
    const std::size_t networks = tensor_.count * sizeof(float);
    return (param_ ? param_->size_in_bytes() : networks) +
           (grad_ ? grad_->size_in_bytes() : networks) + (copy_ ? copy_->size_in_bytes() : 0) +
           low_halves_.size() * sizeof(std::uint16_t) + average_.size() * sizeof(float);
  }

 private:
  gradstep_tensor host_arrays(const precision& how, bool has_average) {
    auto arrays = gradstep::tensor_of(tensor_.param, tensor_.grad, tensor_.count);
    if (how.param != GRADSTEP_FLOAT32 || how.copy != 0) {
      std::uint16_t* const low = how.has_low_halves ? low_halves_.data() : nullptr;
      arrays.param = param_.emplace(how.param, tensor_.count).array();
      arrays.param.extra = low;
      param_->assign(tensor_.param, low);
    }
    if (how.grad != GRADSTEP_FLOAT32) {
      arrays.grad = grad_.emplace(how.grad, tensor_.count).array();
    }
    if (how.copy != 0) {
      arrays.copy = copy_.emplace(how.copy, tensor_.count).array();
      copy_->assign(tensor_.param);
    }
    if (has_average) {
      average_.assign(tensor_.param, tensor_.param + tensor_.count);
      arrays.average = gradstep::array_of(average_.data());
    }
    return arrays;
  }

  network_tensor tensor_;
  std::optional<typed_array> param_, grad_, copy_;
  std::vector<std::uint16_t> low_halves_;
  std::vector<float> average_;
  gradstep_tensor arrays_;
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_STORED_TENSOR_HPP
