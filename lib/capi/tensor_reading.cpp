// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_reading.hpp"

namespace gradstep::internal {
namespace {

const gradstep_tensor& in_place(const void* element, gradstep_tensor& room) {
  return with_our_fields(static_cast<const gradstep_tensor*>(element), sizeof room, room);
}

const gradstep_tensor& copied(const void* element, gradstep_tensor& room) {
  return with_our_fields(static_cast<const gradstep_tensor*>(element), size_of_given(element),
                         room);
}

using get_fields = const gradstep_tensor& (*)(const void* element, gradstep_tensor& room);

template <get_fields Fields>
void read(const void* element, std::uint32_t slots, tensor& into) {
  gradstep_tensor room;
  read_tensor(Fields(element, room), slots, into);
}

template <get_fields Fields>
operand gradient(const void* element) {
  gradstep_tensor room;
  return given_arrays<true>(Fields(element, room)).grad();
}

template <get_fields Fields>
tensor_shape shape(const void* element) {
  gradstep_tensor room;
  const gradstep_tensor& t = Fields(element, room);
  return {t.count, t.rows, t.columns};
}

template <get_fields Fields>
constexpr element_reader reader{
    .count_offset = offsetof(gradstep_tensor, count),
    .param_type_offset = offsetof(gradstep_tensor, param) + offsetof(gradstep_array, dtype),
    .read = read<Fields>,
    .gradient = gradient<Fields>,
    .shape = shape<Fields>};

}  // namespace

void read_tensor(const gradstep_tensor& given, std::uint32_t slots, tensor& into) {
  const given_arrays<true> arrays(given);
  into.count = given.count;
  into.first_index = given.first_index;
  into.key = given.key;
  into.rows = given.rows;
  into.columns = given.columns;
  into.whole_count = given.whole_count;
  into.scalars = given.scalars;
  into.workspace = nullptr;
  into.param = arrays.param();
  into.grad = arrays.grad();
  into.slot_count = given.slot_count;
  for (std::size_t s = 0; s < given.slot_count; ++s) {
    if ((slots >> s & 1) != 0) into.slots[s] = arrays.slot(s);
  }
  into.copy.data = into.average.data = into.delta.data = nullptr;
  if (given.copy.data != nullptr) into.copy = arrays.copy();
  if (given.average.data != nullptr) into.average = arrays.average();
  if (given.delta.data != nullptr) into.delta = arrays.delta();
}

void forget_extras(tensor& t) {
  t.param.extra = t.grad.extra = t.copy.extra = t.average.extra = t.delta.extra = nullptr;
  for (operand& slot : t.slots) slot.extra = nullptr;
}

const element_reader& reader_of_given_tensors(std::size_t size) {
  return size >= sizeof(gradstep_tensor) ? reader<in_place> : reader<copied>;
}

}  // namespace gradstep::internal
