// The state of a param of torch_optimizer. Programs include torch.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_ADAPTERS_TORCH_STATE_HPP
#define GRADSTEP_ADAPTERS_TORCH_STATE_HPP

#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>
#include <torch/types.h>
#include <gradstep/adapters/torch_options.hpp>
#include <gradstep/adapters/torch_params.hpp>
#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gradstep {
/// The state of one param: what optimizer.state() holds for it from its first step on. Tensors have
/// gradstep's names, which are PyTorch's where PyTorch has them.
///
/// A slot with one number per element has the param's shape, and a memory layout that stays. Slots
/// of other sizes, and those of 8-bit dtypes (kUInt8 codes, with float scales under the name +
/// "_scale"), are flat.
class torch_param_state : public torch::optim::OptimizerCloneableParamState<torch_param_state> {
 public:
  /// The steps of the param.
  std::int64_t step() const noexcept { return step_; }
  void step(std::int64_t count) noexcept { step_ = count; }

  /// All tensors by name, and one of them; throws std::out_of_range if there is none.
  const std::map<std::string, torch::Tensor>& tensors() const noexcept { return tensors_; }
  torch::Tensor tensor(const std::string& name) const { return tensors_.at(name); }
  /// Copies the elements of `values`, of any dtype, into a tensor of the same shape, or sets a
  /// tensor that is not there yet.
  void tensor(const std::string& name, const torch::Tensor& values) {
    torch::NoGradGuard no_grad;
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      tensors_[name] = values.detach().clone();
      stamp_ = 0;
    } else {
      TORCH_CHECK(found->second.sizes() == values.sizes(), "the tensor ", name, " has the shape ",
                  found->second.sizes(), ", and the values have ", values.sizes());
      found->second.copy_(values);
    }
  }

  /// The rule's scalars (gradstep_scalar_info): the param's own, and those of all params.
  const std::vector<double>& scalars() const noexcept { return scalars_; }
  const std::vector<double>& shared_scalars() const noexcept { return shared_scalars_; }

  void serialize(torch::serialize::OutputArchive& archive) const override {
    archive.write("step", torch::IValue(step_));
    archive.write("strides", torch::IValue(strides_));
    archive.write("scalars", torch::IValue(scalars_));
    archive.write("shared_scalars", torch::IValue(shared_scalars_));
    std::string names;
    for (const auto& [name, tensor] : tensors_) {
      archive.write("slot_" + name, tensor, /*is_buffer=*/true);
      names += name + " ";
    }
    archive.write("slots", torch::IValue(names));
  }
  /// Throws c10::Error; the state is then as it was.
  void serialize(torch::serialize::InputArchive& archive) override {
    torch_param_state made;
    torch::IValue value;
    archive.read("step", value);
    made.step_ = value.toInt();
    archive.read("strides", value);
    made.strides_ = value.toIntVector();
    archive.read("scalars", value);
    made.scalars_ = value.toDoubleVector();
    archive.read("shared_scalars", value);
    made.shared_scalars_ = value.toDoubleVector();
    archive.read("slots", value);
    std::istringstream names(value.toStringRef());
    for (std::string name; names >> name;) {
      archive.read("slot_" + name, made.tensors_[name], /*is_buffer=*/true);
    }
    *this = std::move(made);
  }

 private:
  friend class torch_optimizer;

  /// Makes the slots that the rule uses and that are not there, and checks those that are.
  void prepare(const detail::torch_arrays& arrays, const torch_options& options) {
    if (stamp_ == options.stamp() && count_ == arrays.tensor.count) return;
    const rule& rule = options.rule();
    std::vector<gradstep_array> slots(rule.slot_count());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto layout = rule.slot_layout(i, arrays.tensor, options.slot_dtype());
      slots[i].dtype = layout.dtype;
      if (layout.is_used == 0) continue;
      const gradstep_slot_info about = rule.slot(i);
      if (tensors_.count(about.name) == 0) {
        detail::make_slot(tensors_, about.name, layout, arrays);
        has_fresh_slot_ = true;
      }
      slots[i] = detail::slot_array(tensors_, about, layout, arrays);
    }
    if (scalars_.empty()) scalars_ = rule.initial_scalars(GRADSTEP_SCOPE_TENSOR);
    arrays_ = std::move(slots);
    count_ = arrays.tensor.count;
    stamp_ = options.stamp();
  }
  /// Gives slots and scalars to the tensor.
  void connect(gradstep_tensor& tensor) {
    tensor.slots = arrays_.data();
    tensor.slot_count = arrays_.size();
    tensor.scalars = scalars_.empty() ? nullptr : scalars_.data();
    tensor.scalar_count = scalars_.size();
  }

  std::int64_t step_ = 0;
  std::vector<std::int64_t> strides_;  // of the param, as the slots are laid out
  std::map<std::string, torch::Tensor> tensors_;
  std::vector<double> scalars_, shared_scalars_;

  // What a step needs of the tensors; right as long as stamp_ is that of the options.
  std::uint64_t stamp_ = 0;
  std::uint64_t count_ = 0;  // elements
  std::vector<gradstep_array> arrays_;
  bool has_fresh_slot_ = false;  // a slot that no step has used yet, beside others
};

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_TORCH_STATE_HPP
