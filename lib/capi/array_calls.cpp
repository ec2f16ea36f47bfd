// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"
#include "capi/dtypes.hpp"
#include "capi/tensor_array_checks.hpp"
#include "kernels/storage/slot_storage.hpp"
#include "rules/rule_catalogue.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_count(const char* name, std::size_t count) noexcept {
  if (count <= SIZE_MAX / 16) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %zu is more than memory can hold", name, count);
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

/// An array of the caller's for conversion from or to `values`.
gradstep_status check_values_array(const gradstep_array* array, const double* values) noexcept {
  if (const auto s = check_struct(array, "array"); s != GRADSTEP_OK) return s;
  if (const auto s = check_dtype("array.dtype", array->dtype, all_types); s != GRADSTEP_OK)
    return s;
  if (array->reserved != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "array.reserved = %d is not 0",
                static_cast<int>(array->reserved));
  }
  if (array->count == 0) return GRADSTEP_OK;
  if (const auto s = check_count("array.count", array->count); s != GRADSTEP_OK) return s;
  const auto type = static_cast<dtype>(array->dtype);
  if (array->data == nullptr) return fail_as_null("array.data");
  if (values == nullptr) return fail_as_null("values");
  const extra_kind extra = traits_of(type).extra;
  if (const auto s = check_extra(array->extra, extra); s != GRADSTEP_OK) return s;
  if (const auto s = check_alignment("array.data", array->data, size_of(type)); s != GRADSTEP_OK) {
    return s;
  }
  const std::size_t extra_size =
      extra == extra_kind::scales ? sizeof(float) : sizeof(std::uint16_t);
  if (const auto s = check_alignment("array.extra", array->extra, extra_size); s != GRADSTEP_OK) {
    return s;
  }
  return check_alignment("values", values, sizeof(double));
}

operand operand_of(const gradstep_array& array) {
  return {array.data, array.extra, static_cast<dtype>(array.dtype), false};
}

gradstep_status describe_storage(const rule_info& rule, std::size_t index, std::int32_t wanted,
                                 std::size_t count, gradstep_storage_info* info) noexcept {
  if (const auto s = check_index(index, rule.slot_count, rule.name, "slot"); s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
  if (const auto s = check_dtype("dtype", wanted, all_types); s != GRADSTEP_OK) return s;
  if (const auto s = check_count("count", count); s != GRADSTEP_OK) return s;
  const dtype type =
      stored_slot_type(static_cast<dtype>(wanted), rule.slots[index].is_non_negative, count);
  fill_output(*info, {0, count * size_of(type), has_blocks(type) ? scale_count(count) : 0,
                      static_cast<std::int32_t>(type), 0});
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_slot_storage(const char* rule_name, size_t index, int32_t dtype_wanted,
                                      size_t count, gradstep_storage_info* info) {
  return with_entry(rule_catalogue(), rule_name, [&](const rule_entry& entry) {
    return describe_storage(*entry.info, index, dtype_wanted, count, info);
  });
}

gradstep_status gradstep_array_read(const gradstep_array* array, double* values) {
  if (const auto s = check_values_array(array, values); s != GRADSTEP_OK) return s;
  read_array(operand_of(*array), array->count, values);
  return GRADSTEP_OK;
}

gradstep_status gradstep_array_write(const gradstep_array* array, const double* values) {
  if (const auto s = check_values_array(array, values); s != GRADSTEP_OK) return s;
  write_array(operand_of(*array), array->count, values);
  return GRADSTEP_OK;
}

}  // extern "C"
