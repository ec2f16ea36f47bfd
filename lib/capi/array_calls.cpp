// SPDX-License-Identifier: Apache-2.0
#include "capi/dtypes.hpp"
#include "capi/tensor_field_checks.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_count(std::size_t count) noexcept {
  if (count <= most_elements) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "count = %zu is more than memory can hold (%zu)", count,
              most_elements);
}

gradstep_status check_extra(const void* extra, extra_kind kind) noexcept {
  if (kind == extra_kind::scales && extra == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "array.extra is NULL, but 8-bit types need a scale for each %d elements",
                GRADSTEP_BLOCK_SIZE);
  }
  if (kind == extra_kind::none && extra != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "array.extra is set, but only bfloat16 and 8-bit types have more than data");
  }
  return GRADSTEP_OK;
}

/// Checks all fields but the addresses of the elements.
gradstep_status check_array_fields(const gradstep_array& array, std::size_t count) noexcept {
  if (const auto s = check_dtype("array.dtype", array.dtype, all_types); s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_unused_fields("array", array); s != GRADSTEP_OK) return s;
  if (array.pitch != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "array.pitch = %lld is not 0: this call converts arrays without gaps between rows",
                static_cast<long long>(array.pitch));
  }
  if (count == 0) return GRADSTEP_OK;
  return check_extra(array.extra, traits_of(static_cast<dtype>(array.dtype)).extra);
}

/// An array of the caller's for conversion from or to `values`.
gradstep_status check_values_array(const gradstep_array* array, std::size_t count,
                                   const double* values) noexcept {
  if (array == nullptr) return fail_as_null("array");
  if (const auto s = check_array_fields(*array, count); s != GRADSTEP_OK) return s;
  if (count == 0) return GRADSTEP_OK;
  if (const auto s = check_count(count); s != GRADSTEP_OK) return s;
  const auto type = static_cast<dtype>(array->dtype);
  if (array->data == nullptr) return fail_as_null("array.data");
  if (values == nullptr) return fail_as_null("values");
  if (const auto s = check_alignment("array.data", array->data, size_of(type)); s != GRADSTEP_OK) {
    return s;
  }
  const std::size_t extra_size = has_blocks(type) ? sizeof(float) : sizeof(std::uint16_t);
  if (const auto s = check_alignment("array.extra", array->extra, extra_size); s != GRADSTEP_OK) {
    return s;
  }
  return check_alignment("values", values, sizeof(double));
}

operand operand_of(const gradstep_array& array) {
  return {array.data, array.extra, static_cast<dtype>(array.dtype), false};
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_array_read(const gradstep_array* array, size_t count, double* values) {
  if (const auto s = check_values_array(array, count, values); s != GRADSTEP_OK) return s;
  read_array(operand_of(*array), count, values);
  return GRADSTEP_OK;
}

gradstep_status gradstep_array_write(const gradstep_array* array, size_t count,
                                     const double* values) {
  if (const auto s = check_values_array(array, count, values); s != GRADSTEP_OK) return s;
  write_array(operand_of(*array), count, values);
  return GRADSTEP_OK;
}

}  // extern "C"
