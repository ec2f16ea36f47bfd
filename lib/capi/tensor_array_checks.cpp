// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_array_checks.hpp"

#include <cstdio>

#include "capi/error.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_overlap(tensor_label label, const array& a, const array& b) {
  if (!a.overlaps(b)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "the arrays of %s overlap: %s at %p (%zu elements) and %s at %p (%zu)",
              label.text().text, b.name, b.data, b.count, a.name, a.data, a.count);
}

}  // namespace

tensor_label::label_text tensor_label::text() const noexcept {
  label_text result;
  std::snprintf(result.text, sizeof result.text, index_ == SIZE_MAX ? "tensor" : "tensors[%zu]",
                index_);
  return result;
}

tensor_label::field_text tensor_label::of(const char* field) const noexcept {
  field_text result;
  std::snprintf(result.text, sizeof result.text, "%s.%s", text().text, field);
  return result;
}

gradstep_status check_alignment(const char* name, const void* data, std::size_t size) noexcept {
  if (reinterpret_cast<std::uintptr_t>(data) % size == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s = %p is not aligned to an element, %zu bytes", name,
              data, size);
}

gradstep_status check_array(tensor_label label, const array& a) noexcept {
  if (a.is_null()) return fail_as_null(label.of(a.name).text);
  if (a.is_aligned()) return GRADSTEP_OK;
  return check_alignment(label.of(a.name).text, a.data, a.element_size);
}

gradstep_status check_arrays(tensor_label label, std::span<const array> arrays) noexcept {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (const auto s = check_array(label, arrays[i]); s != GRADSTEP_OK) return s;
    for (std::size_t j = 0; j < i; ++j) {
      if (const auto s = check_overlap(label, arrays[j], arrays[i]); s != GRADSTEP_OK) return s;
    }
  }
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
