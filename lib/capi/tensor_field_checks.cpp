// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_field_checks.hpp"

#include "base/version.hpp"
#include "capi/structs.hpp"

namespace gradstep::internal {
namespace {

using unsigned_number = unsigned long long;  // for printf

gradstep_status check_extra(tensor_label label, const char* name, const gradstep_array& a,
                            const array_role& role, bool is_empty) {
  if (is_empty) return GRADSTEP_OK;
  const bool has_scales = has_blocks(static_cast<dtype>(a.dtype));
  if (a.extra == nullptr) {
    if (!has_scales) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s is NULL, but dtype = %d is 8-bit: extra has one scale for each %d elements",
                label.of(name, "extra").text, static_cast<int>(a.dtype), GRADSTEP_BLOCK_SIZE);
  }
  if (has_scales || (role.may_be_split && a.dtype == GRADSTEP_BFLOAT16)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s is set, but dtype = %d has %s: it is NULL then",
              label.of(name, "extra").text, static_cast<int>(a.dtype),
              role.may_be_split ? "no lower halves, only GRADSTEP_BFLOAT16 (3) has"
                                : "nothing beside its elements in this array");
}

gradstep_status check_pitch_is_possible(tensor_label label, const char* name,
                                        const gradstep_array& a, const array_role& role,
                                        const gradstep_tensor& t) {
  const auto pitch = static_cast<long long>(a.pitch);
  if (!role.may_have_gaps) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s = %lld is not 0, but the array does not have one number per element",
                label.of(name, "pitch").text, pitch);
  }
  if (t.columns == 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s = %lld is not 0, but the tensor has no rows: rows and columns are 0",
                label.of(name, "pitch").text, pitch);
  }
  if (a.pitch < 0 || static_cast<std::uint64_t>(a.pitch) < t.columns) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s = %lld is less than columns = %llu: it is 0, or at least columns",
                label.of(name, "pitch").text, pitch, static_cast<unsigned_number>(t.columns));
  }
  return GRADSTEP_OK;
}

gradstep_status check_pitch(tensor_label label, const char* name, const gradstep_array& a,
                            const array_role& role, const gradstep_tensor& t) {
  if (a.pitch == 0) return GRADSTEP_OK;
  if (const auto s = check_pitch_is_possible(label, name, a, role, t); s != GRADSTEP_OK) return s;
  if (!has_gaps(a, t)) return GRADSTEP_OK;
  if (has_blocks(static_cast<dtype>(a.dtype))) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s = %lld is not columns = %llu, but dtype = %d is 8-bit: such an array has no "
                "gaps between rows",
                label.of(name, "pitch").text, static_cast<long long>(a.pitch),
                static_cast<unsigned_number>(t.columns), static_cast<int>(a.dtype));
  }
  const std::uint64_t rows = t.count / t.columns;
  if (rows <= 1) return GRADSTEP_OK;
  if (static_cast<std::uint64_t>(a.pitch) <= (most_elements - t.columns) / (rows - 1)) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %lld times %llu rows is more than memory can hold (%zu)",
              label.of(name, "pitch").text, static_cast<long long>(a.pitch),
              static_cast<unsigned_number>(rows), most_elements);
}

}  // namespace

gradstep_status check_unused_fields(const char* name, const gradstep_array& a) noexcept {
  if (a.extra2 != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.extra2 is set, but no dtype of this version, %s, uses it", name,
                version_text());
  }
  if (a.flags == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s.flags = 0x%x is not 0: arrays of this version, %s, have no flags", name,
              static_cast<unsigned>(a.flags), version_text());
}

gradstep_status check_fields(tensor_label label, const char* name, const gradstep_array& a,
                             const array_role& role, const gradstep_tensor& t) noexcept {
  if (!contains(role.types, a.dtype)) {
    return check_dtype(label.of(name, "dtype").text, a.dtype, role.types);
  }
  if (a.extra2 != nullptr || a.flags != 0) return check_unused_fields(label.of(name).text, a);
  if (const auto s = check_extra(label, name, a, role, t.count == 0); s != GRADSTEP_OK) return s;
  return check_pitch(label, name, a, role, t);
}

bool has_gaps(const gradstep_tensor& t, std::uint32_t slots) noexcept {
  bool found = has_gaps(t.param, t) || has_gaps(t.grad, t);
  found |= t.copy.data != nullptr && has_gaps(t.copy, t);
  found |= t.average.data != nullptr && has_gaps(t.average, t);
  found |= t.delta.data != nullptr && has_gaps(t.delta, t);
  if (t.slots == nullptr) return found;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    found |= (slots >> s & 1) != 0 && has_gaps(t.slots[s], t);
  }
  return found;
}

gradstep_status check_shape(tensor_label label, const gradstep_tensor& t) noexcept {
  if (t.rows == 0 && t.columns == 0) return GRADSTEP_OK;
  const auto rows = static_cast<unsigned_number>(t.rows);
  const auto columns = static_cast<unsigned_number>(t.columns);
  if (t.rows == 0 || t.columns == 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s = %llu and columns = %llu: both are 0, or neither is", label.of("rows").text,
                rows, columns);
  }
  if (t.rows > UINT64_MAX / t.columns) {
    return fail(GRADSTEP_OUT_OF_RANGE, "%s = %llu times columns = %llu is past 2^64",
                label.of("rows").text, rows, columns);
  }
  if (t.count % (t.rows * t.columns) == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s = %llu is no multiple of rows = %llu times columns = %llu",
              label.of("count").text, static_cast<unsigned_number>(t.count), rows, columns);
}

gradstep_status check_place_in_whole(tensor_label label, const gradstep_tensor& t) noexcept {
  if (t.first_index > UINT64_MAX - t.count) {
    return fail(GRADSTEP_OUT_OF_RANGE, "%s.first_index = %llu + count is past 2^64",
                label.text().text, static_cast<unsigned_number>(t.first_index));
  }
  const std::uint64_t end = t.first_index + t.count;
  if (t.whole_count == 0 || t.whole_count >= end) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s.whole_count = %llu is not 0, but less than first_index + count = %llu",
              label.text().text, static_cast<unsigned_number>(t.whole_count),
              static_cast<unsigned_number>(end));
}

gradstep_status check_rare_fields(tensor_label label, const gradstep_tensor& t) noexcept {
  if (const auto s = check_known_flags(label.of("flags").text, t.flags, 0); s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_shape(label, t); s != GRADSTEP_OK) return s;
  return check_place_in_whole(label, t);
}

}  // namespace gradstep::internal
