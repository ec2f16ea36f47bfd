// SPDX-License-Identifier: Apache-2.0
#include "step/tensor_list.hpp"

#include <algorithm>

namespace gradstep::internal {
namespace {

// A list of tensors hands out pointers to their bases, so offsets are those in a step_range.

/// Copies what the tensor has. Its slots from slot_count on stay where they are.
void read_tensor(const void* element, tensor& into) {
  const auto& from = static_cast<const tensor&>(*static_cast<const step_range*>(element));
  into.param = from.param;
  into.grad = from.grad;
  std::copy_n(from.slots, from.slot_count, into.slots);
  into.copy = from.copy;
  into.average = from.average;
  into.slot_count = from.slot_count;
  into.count = from.count;
  into.first_index = from.first_index;
  into.key = from.key;
}

operand gradient_of(const void* element) { return static_cast<const step_range*>(element)->grad; }

constexpr element_reader reader_of_tensors{
    .count_offset = offsetof(step_range, count),
    .param_type_offset = offsetof(step_range, param) + offsetof(operand, type),
    .read = read_tensor,
    .gradient = gradient_of};

}  // namespace

tensor_list::tensor_list(const tensor* first, std::span<const std::uint32_t> order)
    : tensor_list(static_cast<const step_range*>(first), sizeof(tensor), order, reader_of_tensors) {
}

}  // namespace gradstep::internal
