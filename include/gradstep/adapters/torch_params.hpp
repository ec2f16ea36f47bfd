// libtorch's tensors as gradstep's arrays. Programs include torch.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_ADAPTERS_TORCH_PARAMS_HPP
#define GRADSTEP_ADAPTERS_TORCH_PARAMS_HPP

#include <torch/types.h>
#include <torch/utils.h>
#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace gradstep::detail {

/// gradstep's dtype of a tensor of floats; 0 for every other.
inline std::int32_t float_dtype(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat32:
      return GRADSTEP_FLOAT32;
    case torch::kFloat64:
      return GRADSTEP_FLOAT64;
    case torch::kBFloat16:
      return GRADSTEP_BFLOAT16;
    case torch::kFloat16:
      return GRADSTEP_FLOAT16;
    default:
      return 0;
  }
}
/// The inverse; the codes of 8-bit dtypes are bytes.
inline torch::ScalarType torch_type(std::int32_t dtype) {
  switch (dtype) {
    case GRADSTEP_FLOAT32:
      return torch::kFloat32;
    case GRADSTEP_FLOAT64:
      return torch::kFloat64;
    case GRADSTEP_BFLOAT16:
      return torch::kBFloat16;
    case GRADSTEP_FLOAT16:
      return torch::kFloat16;
    default:
      return torch::kUInt8;
  }
}

/// The key of a param in optimizer.state(), which is a pointer or, before libtorch 2.1, its text.
template <class States>
typename States::key_type state_key(const States&, const torch::Tensor& param) {
  if constexpr (std::is_same_v<typename States::key_type, std::string>) {
    std::ostringstream text;
    text << param.unsafeGetTensorImpl();
    return text.str();
  } else {
    return static_cast<typename States::key_type>(param.unsafeGetTensorImpl());
  }
}

/// A complex tensor as one of floats; every other as it is.
inline torch::Tensor as_real(const torch::Tensor& tensor) {
  return tensor.is_complex() ? torch::view_as_real(tensor.resolve_conj()) : tensor;
}

/// Throws c10::Error unless gradstep has a dtype for the tensor and can read its memory.
inline void check_tensor(const char* what, const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.layout() == torch::kStrided, "gradstep does not support sparse tensors; ",
              what, " has the layout ", tensor.layout());
  TORCH_CHECK(tensor.device().is_cpu(), "gradstep steps tensors on the CPU; ", what, " is on ",
              tensor.device());
  TORCH_CHECK(tensor.is_complex() || float_dtype(tensor.scalar_type()) != 0, what,
              " has the dtype ", tensor.scalar_type(),
              "; gradstep has float32, float64, bfloat16 and float16");
}

/// What the scales of a slot's 8-bit codes are called: the slot's name and this.
inline constexpr const char* scale_suffix = "_scale";

/// Whether the elements lie in memory as these strides say. The strides of a tensor without
/// elements, and of dimensions of size 1, do not matter.
inline bool has_strides(const torch::Tensor& tensor, torch::IntArrayRef strides) {
  if (tensor.numel() == 0) return true;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    const auto dimension = static_cast<std::int64_t>(i);
    if (tensor.size(dimension) != 1 && tensor.stride(dimension) != strides[i]) return false;
  }
  return true;
}

/// The tensor with these strides: itself, or a copy.
inline torch::Tensor with_strides(const torch::Tensor& tensor, torch::IntArrayRef strides) {
  if (has_strides(tensor, strides)) return tensor;
  torch::Tensor copy = torch::empty_strided(tensor.sizes(), strides, tensor.options());
  copy.copy_(tensor);
  return copy;
}

/// The strides of tensors of these sizes without gaps, in row-major order.
inline std::vector<std::int64_t> row_major_strides(torch::IntArrayRef sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * (sizes[i] > 1 ? sizes[i] : 1);
  }
  return strides;
}

/// Sets rows and columns for a tensor of two dimensions or more.
inline void set_shape(gradstep_tensor& tensor, torch::IntArrayRef sizes) {
  if (sizes.size() < 2 || tensor.count == 0) return;
  tensor.rows = static_cast<std::uint64_t>(sizes[sizes.size() - 2]);
  tensor.columns = static_cast<std::uint64_t>(sizes.back());
}

/// How a param's slots lie in memory: as the param, if that has no gaps and the rule treats every
/// element alike; otherwise in row-major order.
inline std::vector<std::int64_t> slot_strides(const torch::Tensor& param, const rule& rule) {
  check_tensor("param", param);
  const torch::Tensor real = as_real(param.detach());
  auto tensor = sized<gradstep_tensor>();
  tensor.count = static_cast<std::uint64_t>(real.numel());
  tensor.param.dtype = float_dtype(real.scalar_type());
  set_shape(tensor, real.sizes());
  bool is_elementwise = workspace_size(rule, {tensor}) == 0;
  for (std::size_t i = 0; i < rule.slot_count(); ++i) {
    is_elementwise = is_elementwise && rule.slot(i).extent == GRADSTEP_EXTENT_ELEMENT;
  }
  if (is_elementwise && !real.is_contiguous() &&
      real.unsafeGetTensorImpl()->is_non_overlapping_and_dense()) {
    return real.strides().vec();
  }
  return row_major_strides(real.sizes());
}

/// One param and its gradient as a gradstep_tensor, without slots. The tensors in it own the memory
/// that it points to.
struct torch_arrays {
  /// grad: an undefined tensor for none. Throws c10::Error for what a step cannot use.
  torch_arrays(const torch::Tensor& param, const torch::Tensor& grad,
               const std::vector<std::int64_t>& strides)
      : param(param) {
    check_tensor("param", param);
    real = as_real(param.detach());
    TORCH_CHECK(real.sizes().size() == strides.size(), "a param has ", real.sizes().size(),
                " dimensions, and its state ", strides.size());
    work = with_strides(real, strides);
    tensor.count = static_cast<std::uint64_t>(real.numel());
    tensor.param = array_of(float_dtype(real.scalar_type()), work.data_ptr());
    tensor.grad.dtype = tensor.param.dtype;
    if (row_major_strides(real.sizes()) == strides) set_shape(tensor, real.sizes());
    if (grad.defined()) set_grad(grad, strides);
  }

  /// After the param's memory was written.
  void finish() {
    if (!work.is_same(real)) real.copy_(work);
    if (!param.is_inference()) param.unsafeGetTensorImpl()->bump_version();
  }

  torch::Tensor param, real, work, work_grad;
  gradstep_tensor tensor = sized<gradstep_tensor>();

 private:
  void set_grad(const torch::Tensor& grad, const std::vector<std::int64_t>& strides) {
    check_tensor("a gradient", grad);
    TORCH_CHECK(grad.is_complex() == param.is_complex() && grad.sizes() == param.sizes(),
                "a gradient has the shape ", grad.sizes(), ", and its param ", param.sizes());
    work_grad = with_strides(as_real(grad.detach()), strides);
    tensor.grad = array_of(float_dtype(work_grad.scalar_type()), work_grad.data_ptr());
  }
};

/// Adds a slot with its initial values to the tensors of a state. Codes and scales of 8-bit dtypes
/// are flat; so are slots that do not have one number per element.
inline void make_slot(std::map<std::string, torch::Tensor>& tensors, const std::string& name,
                      const gradstep_slot_layout& layout, const torch_arrays& arrays) {
  const auto count = static_cast<std::int64_t>(layout.count);
  const torch::TensorOptions options(torch_type(layout.dtype));
  const bool is_flat = layout.extra_bytes > 0 || layout.extent != GRADSTEP_EXTENT_ELEMENT;
  torch::Tensor slot =
      is_flat ? torch::empty({count}, options)
              : torch::empty_strided(arrays.work.sizes(), arrays.work.strides(), options);
  gradstep_array array = array_of(layout.dtype, slot.data_ptr());
  if (layout.extra_bytes > 0) {
    const auto scale_count = static_cast<std::int64_t>(layout.extra_bytes / sizeof(float));
    tensors[name + scale_suffix] = torch::zeros({scale_count}, torch::kFloat32);
    array.extra = tensors[name + scale_suffix].data_ptr();
  }
  slot.zero_();
  if (layout.start == GRADSTEP_START_PARAM) {
    write(array, read(arrays.tensor.param, layout.count));
  } else if (layout.initial_value != 0) {
    write(array, std::vector<double>(layout.count, layout.initial_value));
  }
  tensors[name] = slot;
}

/// The arrays of a slot that the state has. Throws c10::Error if they do not fit the param.
inline gradstep_array slot_array(const std::map<std::string, torch::Tensor>& tensors,
                                 const gradstep_slot_info& about,
                                 const gradstep_slot_layout& layout, const torch_arrays& arrays) {
  const std::string name = about.name;
  const torch::Tensor& slot = tensors.at(name);
  const auto count = static_cast<std::int64_t>(layout.count);
  const std::int32_t dtype = float_dtype(slot.scalar_type());
  const auto scales = tensors.find(name + scale_suffix);
  if (scales == tensors.end()) {
    const bool is_flat = layout.extent != GRADSTEP_EXTENT_ELEMENT;
    TORCH_CHECK(slot.device().is_cpu() && dtype != 0 && slot.numel() == count &&
                    (is_flat ? slot.is_contiguous()
                             : slot.sizes() == arrays.work.sizes() &&
                                   has_strides(slot, arrays.work.strides())),
                "the state's tensor ", name, " has the shape ", slot.sizes(), ", strides ",
                slot.strides(), " and the dtype ", slot.scalar_type(), "; it needs ", count,
                " floats, laid out as the param");
    return array_of(dtype, slot.data_ptr());
  }
  const std::int64_t block_count = (count + GRADSTEP_BLOCK_SIZE - 1) / GRADSTEP_BLOCK_SIZE;
  const torch::Tensor& scale = scales->second;
  TORCH_CHECK(slot.scalar_type() == torch::kUInt8 && slot.is_contiguous() &&
                  slot.numel() == count && scale.scalar_type() == torch::kFloat32 &&
                  scale.is_contiguous() && scale.numel() == block_count,
              "the state's tensor ", name, " has ", slot.numel(), " codes and ", scale.numel(),
              " scales; the param needs ", count, " and ", block_count);
  return array_of(about.is_non_negative != 0 ? GRADSTEP_E5M3_B256 : GRADSTEP_S1E4M3_B256,
                  slot.data_ptr(), scale.data_ptr());
}

}  // namespace gradstep::detail

#endif  // GRADSTEP_ADAPTERS_TORCH_PARAMS_HPP
