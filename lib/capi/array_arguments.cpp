// SPDX-License-Identifier: Apache-2.0
#include "capi/array_arguments.hpp"

#include <cstdio>

#include "capi/array_places.hpp"
#include "capi/dtypes.hpp"
#include "capi/tensor_field_checks.hpp"

namespace gradstep::internal {
namespace {

/// "array.data"
struct field_name {
  char text[32];
  field_name(const char* array, const char* field) {
    std::snprintf(text, sizeof text, "%s.%s", array, field);
  }
};

gradstep_status check_count(std::size_t count) noexcept {
  if (count <= most_elements) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "count = %zu is more than memory can hold (%zu)", count,
              most_elements);
}

gradstep_status check_extra(const char* name, const void* extra, extra_kind kind) noexcept {
  if (kind == extra_kind::scales && extra == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.extra is NULL, but 8-bit types need a scale for each %d elements", name,
                GRADSTEP_BLOCK_SIZE);
  }
  if (kind == extra_kind::none && extra != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.extra is set, but only bfloat16 and 8-bit types have more than data", name);
  }
  return GRADSTEP_OK;
}

gradstep_status check_pitch(const char* name, const gradstep_array& a, std::size_t count,
                            std::size_t columns, const char* gaps) noexcept {
  if (a.pitch == 0) return GRADSTEP_OK;
  const auto pitch = static_cast<long long>(a.pitch);
  if (columns == 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s.pitch = %lld is not 0: %s", name, pitch, gaps);
  }
  if (has_blocks(static_cast<dtype>(a.dtype)) && pitch_of(a, columns) != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.pitch = %lld is neither 0 nor columns = %zu, but dtype = %d is 8-bit: such an "
                "array has no gaps between rows",
                name, pitch, columns, static_cast<int>(a.dtype));
  }
  if (a.pitch < 0 || static_cast<std::uint64_t>(a.pitch) < columns) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.pitch = %lld is less than columns = %zu: it is 0, or at least columns", name,
                pitch, columns);
  }
  const std::size_t rows = count / columns;
  if (rows <= 1 || static_cast<std::uint64_t>(a.pitch) <= (most_elements - columns) / (rows - 1)) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_OUT_OF_RANGE,
              "%s.pitch = %lld times %zu rows is more than memory can hold (%zu)", name, pitch,
              rows, most_elements);
}

/// Checks all fields but the addresses of the elements.
gradstep_status check_array_fields(const char* name, const gradstep_array& array, std::size_t count,
                                   std::size_t columns, const char* gaps) noexcept {
  const field_name dtype_name(name, "dtype");
  if (const auto s = check_dtype(dtype_name.text, array.dtype, all_types); s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_unused_fields(name, array); s != GRADSTEP_OK) return s;
  if (const auto s = check_pitch(name, array, count, columns, gaps); s != GRADSTEP_OK) return s;
  if (count == 0) return GRADSTEP_OK;
  return check_extra(name, array.extra, traits_of(static_cast<dtype>(array.dtype)).extra);
}

std::size_t extra_element(dtype type) {
  return has_blocks(type) ? sizeof(float) : sizeof(std::uint16_t);
}

/// Where the elements are, and what belongs to them.
struct places {
  array_place data, extra;
};
places places_of(const operand& a, std::size_t count, std::size_t columns) {
  const std::size_t length = elements_with_gaps(count, columns, a.pitch);
  const std::size_t extra = has_blocks(a.type) ? scale_count(length) : length;
  return {place_of(a.data, size_of(a.type), length, columns, a.pitch),
          place_of(a.extra, extra_element(a.type), a.extra == nullptr ? 0 : extra, columns,
                   has_blocks(a.type) ? 0 : a.pitch)};
}

}  // namespace

gradstep_status check_array_argument(const char* name, const gradstep_array* array,
                                     std::size_t count, std::size_t columns,
                                     const char* gaps) noexcept {
  if (array == nullptr) return fail_as_null(name);
  if (const auto s = check_array_fields(name, *array, count, columns, gaps); s != GRADSTEP_OK) {
    return s;
  }
  if (count == 0) return GRADSTEP_OK;
  if (const auto s = check_count(count); s != GRADSTEP_OK) return s;
  const auto type = static_cast<dtype>(array->dtype);
  const field_name data(name, "data"), extra(name, "extra");
  if (array->data == nullptr) return fail_as_null(data.text);
  if (const auto s = check_alignment(data.text, array->data, size_of(type)); s != GRADSTEP_OK) {
    return s;
  }
  return check_alignment(extra.text, array->extra, extra_element(type));
}

gradstep_status check_is_apart(const char* name, const operand& array, const char* other_name,
                               const operand& other, std::size_t count,
                               std::size_t columns) noexcept {
  if (count == 0) return GRADSTEP_OK;
  const places ours = places_of(array, count, columns), theirs = places_of(other, count, columns);
  for (const array_place& a : {ours.data, ours.extra}) {
    for (const array_place& b : {theirs.data, theirs.extra}) {
      if (!overlap(a, b)) continue;
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s overlaps %s of the tensor", name, other_name);
    }
  }
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
