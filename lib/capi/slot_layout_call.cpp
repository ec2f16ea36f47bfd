// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"
#include "capi/dtypes.hpp"
#include "capi/handles.hpp"
#include "capi/tensor_field_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "kernels/storage/slot_storage.hpp"

namespace gradstep::internal {
namespace {

/// Reads the struct, and checks the fields that the call uses.
gradstep_status read_fields(const gradstep_tensor* given, input_struct<gradstep_tensor>& tensor) {
  const auto label = tensor_label::of_argument();
  if (const auto s = tensor.read(given, "tensor"); s != GRADSTEP_OK) return s;
  if (const auto s = check_dtype("tensor.param.dtype", tensor->param.dtype, float_types);
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_count(label, tensor->count); s != GRADSTEP_OK) return s;
  if (const auto s = check_shape(label, *tensor); s != GRADSTEP_OK) return s;
  return check_place_in_whole(label, *tensor);
}

/// Reads the dtype that the caller wants; 0: the type of the arithmetic.
gradstep_status read_wanted(std::int32_t given, dtype computed, dtype& wanted) {
  wanted = given == 0 ? computed : static_cast<dtype>(given);
  if (given == 0) return GRADSTEP_OK;
  const bool is_wide = computed == dtype::float64;
  return check_dtype("dtype", given, is_wide ? all_types : non_negative_slot_types);
}

gradstep_status check_begins_at_block(dtype type, const gradstep_tensor& t) {
  if (!has_blocks(type) || t.first_index % block_elements == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "tensor.first_index = %llu is no multiple of %d, but dtype = %d is 8-bit, in blocks "
              "of so many",
              static_cast<unsigned long long>(t.first_index), GRADSTEP_BLOCK_SIZE,
              static_cast<int>(type));
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_rule_slot_layout(const gradstep_rule* rule, size_t index,
                                          const gradstep_tensor* tensor, int32_t dtype_wanted,
                                          gradstep_slot_layout* layout) {
  if (rule == nullptr) return fail_as_null("rule");
  const rule_info& info = *rule->entry->info;
  if (const auto s = check_index(index, info.slot_count, info.name, "slot"); s != GRADSTEP_OK) {
    return s;
  }
  input_struct<gradstep_tensor> fields;
  if (const auto s = read_fields(tensor, fields); s != GRADSTEP_OK) return s;
  if (const auto s = check_output_struct(layout, "layout"); s != GRADSTEP_OK) return s;
  const slot& about = info.slots[index];
  const dtype computed = computed_type(fields->param.dtype);
  dtype wanted{};
  if (const auto s = read_wanted(dtype_wanted, computed, wanted); s != GRADSTEP_OK) return s;
  const auto count = static_cast<std::size_t>(
      slot_elements(about.extent, {fields->count, fields->rows, fields->columns}));
  const dtype type = stored_slot_type(about, wanted, computed, count);
  if (const auto s = check_begins_at_block(type, *fields); s != GRADSTEP_OK) return s;
  fill_output(layout,
              {0, count, count * size_of(type), extra_size(type, false, count),
               initial_value(*rule, about), static_cast<std::int32_t>(type),
               static_cast<std::int32_t>(about.extent), static_cast<std::int32_t>(about.start),
               static_cast<std::int32_t>(
                   rule->entry->used_slots(rule->values, fields->rows != 0) >> index & 1)});
  return GRADSTEP_OK;
}

}  // extern "C"
