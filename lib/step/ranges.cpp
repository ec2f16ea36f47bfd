// SPDX-License-Identifier: Apache-2.0
#include "step/ranges.hpp"

#include "base/mix.hpp"

namespace gradstep::internal {
namespace {

/// Field by field: an operand that is made elsewhere and copied costs a store that is not
/// forwarded, for each array of each small tensor.
void set(operand& o, void* data, void* extra, dtype type, std::size_t begin) {
  o.type = type;
  o.is_stochastic = false;
  o.data = static_cast<char*>(data) + begin * size_of(type);
  o.extra = extra_at(type, extra, begin);
}

void set_slot(operand& o, const gradstep_tensor& tensor, std::size_t slot, std::size_t begin) {
  const dtype type = slot_type(tensor, slot);
  set(o, tensor.slots[slot], has_blocks(type) ? tensor.slot_scales[slot] : nullptr, type, begin);
}

/// The same for all pieces of a tensor that its caller splits.
std::uint64_t random_key(const step_request& r, const gradstep_tensor& tensor, std::size_t index) {
  const std::uint64_t key = tensor.key != 0 ? tensor.key : index + 1;
  return derived_key(derived_key(derived_key(0, r.options.seed), key), r.step);
}

}  // namespace

void set_range(const step_request& r, std::uint32_t used_slots, std::size_t index,
               std::size_t begin, std::size_t end, step_range& range) {
  const gradstep_tensor& tensor = r.tensors[index];
  const auto param_type = static_cast<dtype>(tensor.param_dtype);
  range.count = end - begin;
  range.first_index = tensor.first_index + begin;
  set(range.param, tensor.param, tensor.param_low, param_type, begin);
  range.param.is_stochastic = r.options.has_stochastic_param &&
                              size_of(param_type) < sizeof(float) && tensor.param_low == nullptr;
  set(range.grad, tensor.grad, nullptr, static_cast<dtype>(tensor.grad_dtype), begin);
  bool needs_key = range.param.is_stochastic;
  range.slot_count = r.rule.info->slot_count;
  for (std::size_t s = 0; s < range.slot_count; ++s) {
    range.slots[s].data = nullptr;
    if ((used_slots >> s & 1) == 0) continue;
    set_slot(range.slots[s], tensor, s, begin);
    range.slots[s].is_stochastic =
        !r.options.has_nearest_slots && size_of(range.slots[s].type) < sizeof(float);
    needs_key |= range.slots[s].is_stochastic;
  }
  range.copy.data = range.average.data = nullptr;
  if (tensor.param_copy != nullptr) {
    set(range.copy, tensor.param_copy, nullptr, static_cast<dtype>(tensor.copy_dtype), begin);
  }
  if (r.updates_average() && tensor.average != nullptr) {
    set(range.average, tensor.average, nullptr, computed_type(tensor.param_dtype), begin);
  }
  range.random_key = needs_key ? random_key(r, tensor, index) : 0;
}

}  // namespace gradstep::internal
