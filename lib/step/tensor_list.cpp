// SPDX-License-Identifier: Apache-2.0
#include "step/tensor_list.hpp"

namespace gradstep::internal {
namespace {

// A list of tensors hands out pointers to their bases, so offsets are those in a step_range.

void read_tensor(const void* element, std::uint32_t slots, tensor& into) {
  const auto& from = static_cast<const tensor&>(*static_cast<const step_range*>(element));
  into.param = from.param;
  into.grad = from.grad;
  for (std::size_t s = 0; s < from.slot_count; ++s) {
    if ((slots >> s & 1) != 0) into.slots[s] = from.slots[s];
  }
  into.copy = from.copy;
  into.average = from.average;
  into.delta.data = nullptr;
  if (from.delta.data != nullptr) into.delta = from.delta;
  into.slot_count = from.slot_count;
  into.count = from.count;
  into.first_index = from.first_index;
  into.key = from.key;
  into.rows = from.rows;
  into.columns = from.columns;
  into.whole_count = from.whole_count;
  into.scalars = from.scalars;
  into.workspace = from.workspace;
}

operand gradient_of(const void* element) { return static_cast<const step_range*>(element)->grad; }

tensor_shape shape_of(const void* element) {
  return internal::shape_of(*static_cast<const step_range*>(element));
}

constexpr element_reader reader_of_tensors{
    .count_offset = offsetof(step_range, count),
    .param_type_offset = offsetof(step_range, param) + offsetof(operand, type),
    .read = read_tensor,
    .gradient = gradient_of,
    .shape = shape_of};

}  // namespace

tensor_list::tensor_list(const tensor* first, std::span<const std::uint32_t> order)
    : tensor_list(static_cast<const step_range*>(first), sizeof(tensor), order, reader_of_tensors) {
}

}  // namespace gradstep::internal
