// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_reading.hpp"

namespace gradstep::internal {
namespace {

void read(const void* element, std::uint32_t slots, tensor& into) {
  read_tensor(*static_cast<const gradstep_tensor*>(element), slots, into);
}

operand gradient(const void* element) {
  return given_arrays(*static_cast<const gradstep_tensor*>(element)).grad();
}

}  // namespace

void read_tensor(const gradstep_tensor& given, std::uint32_t slots, tensor& into) {
  const given_arrays arrays(given);
  into.count = given.count;
  into.first_index = given.first_index;
  into.key = given.key;
  into.param = arrays.param();
  into.grad = arrays.grad();
  into.slot_count = given.slot_count;
  for (std::size_t s = 0; s < given.slot_count; ++s) {
    if ((slots >> s & 1) != 0) into.slots[s] = arrays.slot(s);
  }
  into.copy.data = into.average.data = nullptr;
  if (given.param_copy != nullptr) into.copy = arrays.copy();
  if (given.average != nullptr) into.average = arrays.average();
}

const element_reader reader_of_given_tensors{
    .count_offset = offsetof(gradstep_tensor, count),
    .param_type_offset = offsetof(gradstep_tensor, param_dtype),
    .read = read,
    .gradient = gradient};

}  // namespace gradstep::internal
