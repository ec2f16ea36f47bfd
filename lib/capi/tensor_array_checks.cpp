// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_array_checks.hpp"

#include <cstdio>
#include <cstring>
#include <string_view>

#include "capi/error.hpp"

namespace gradstep::internal {
namespace {

/// The slot's number in "slots[1].data", as a text; null for a field of another array.
const char* slot_number(const char* field) {
  constexpr std::string_view slots = "slots[";
  return std::string_view(field).starts_with(slots) ? field + slots.size() : nullptr;
}

}  // namespace

tensor_label::label_text tensor_label::text() const noexcept {
  label_text result;
  const char* const format = is_of_arrays()                      ? "the call"
                             : index_ == of_argument().index_    ? "tensor"
                             : index_ == of_replacement().index_ ? "arrays"
                                                                 : "tensors[%zu]";
  std::snprintf(result.text, sizeof result.text, format, index_);
  return result;
}

tensor_label::field_text tensor_label::of(const char* field) const noexcept {
  if (is_of_arrays()) return within(field);
  field_text result;
  std::snprintf(result.text, sizeof result.text, "%s.%s", text().text, field);
  return result;
}

tensor_label::field_text tensor_label::of(const char* array, const char* field) const noexcept {
  field_text result;
  if (is_of_arrays()) {
    const bool is_slot = slot_number(array) != nullptr;
    std::snprintf(result.text, sizeof result.text, "%s_%s", is_slot ? "slot" : array, field);
  } else {
    std::snprintf(result.text, sizeof result.text, "%s.%s.%s", text().text, array, field);
  }
  return result;
}

tensor_label::field_text tensor_label::within(const char* field) const noexcept {
  field_text result;
  const char* const number = slot_number(field);
  if (!is_of_arrays()) {
    std::snprintf(result.text, sizeof result.text, "%s", field);
  } else if (number != nullptr) {
    std::snprintf(result.text, sizeof result.text, "slot%c", *number);
  } else {
    const auto length = static_cast<int>(std::strcspn(field, "."));
    std::snprintf(result.text, sizeof result.text, "%.*s", length, field);
  }
  return result;
}

gradstep_status check_alignment(const char* name, const void* data, std::size_t size) noexcept {
  if (reinterpret_cast<std::uintptr_t>(data) % size == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s = %p is not aligned to an element, %zu bytes", name,
              data, size);
}

gradstep_status check_pointer(tensor_label label, const char* name, const void* data,
                              std::size_t element_size) noexcept {
  if (data == nullptr) return fail_as_null(label.of(name).text);
  if (reinterpret_cast<std::uintptr_t>(data) % element_size == 0) return GRADSTEP_OK;
  return check_alignment(label.of(name).text, data, element_size);
}

void array_list::add(const void* data, const char* name, std::size_t element_size,
                     std::size_t length, std::size_t pitch) {
  arrays_[size_++] = {data, name, element_size, length,
                      place_of(data, element_size, length, columns_, pitch)};
}

gradstep_status array_list::check(tensor_label label) const noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    const array& a = arrays_[i];
    if (const auto s = check_pointer(label, a.name, a.data, a.element_size); s != GRADSTEP_OK) {
      return s;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (const auto s = check_overlap(label, arrays_[j], a); s != GRADSTEP_OK) return s;
    }
  }
  return GRADSTEP_OK;
}

gradstep_status array_list::check_overlap(tensor_label label, const array& a,
                                          const array& b) const noexcept {
  if (!spans_overlap(a.place, b.place)) return GRADSTEP_OK;
  const bool is_apart = are_interleaved(a.place, b.place);
  if (is_apart && !counts_gaps_) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "the arrays of %s overlap: %s at %p (%zu elements) and %s at %p (%zu)%s",
              label.text().text, label.within(a.name).text, a.data, a.length,
              label.within(b.name).text, b.data, b.length,
              is_apart ? "; an optimizer counts gaps between rows as part of an array" : "");
}

}  // namespace gradstep::internal
