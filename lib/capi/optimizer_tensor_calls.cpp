// SPDX-License-Identifier: Apache-2.0
//
// The life of an optimizer's tensors and groups after they were added.
#include "capi/optimizer_calls.hpp"
#include "capi/tensor_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "optimizer/moves.hpp"
#include "optimizer/relayout.hpp"
#include "optimizer/removal.hpp"

namespace gradstep::internal {
namespace {

/// Slots and scalars that the library owns are absent, those of the caller are there.
gradstep_status check_owners(const optimizer& o, std::size_t tensor, const gradstep_tensor& given) {
  const tensor_record& record = o.table.records[tensor];
  const struct {
    const char* name;
    bool is_given, is_callers;
  } states[] = {{"slots", given.slots != nullptr, !record.owns_slots},
                {"scalars", given.scalars != nullptr,
                 o.table.tensors[tensor].scalars != record.scalar_memory.get()}};
  for (const auto& [name, is_given, is_callers] : states) {
    if (is_given == is_callers) continue;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "arrays.%s is %s, but the %s of tensor %zu, %s, are the %s", name,
                is_given ? "set" : "NULL", name, tensor, record.quoted_name().text,
                is_callers ? "caller's" : "library's");
  }
  return GRADSTEP_OK;
}

gradstep_status check_arithmetic(const optimizer& o, std::size_t tensor,
                                 const gradstep_tensor& given) {
  const dtype computed = computed_type(o.table.tensors[tensor].param.type);
  if (computed_type(given.param.dtype) == computed) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "arrays.param.dtype = %d would change the type of the arithmetic of tensor %zu, %s, "
              "which is %s",
              static_cast<int>(given.param.dtype), tensor,
              o.table.records[tensor].quoted_name().text,
              computed == dtype::float64 ? "float64" : "float32");
}

gradstep_status check_sources(const std::int64_t* sources, std::size_t source_count) {
  if (source_count == 0 || sources != nullptr) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "sources is NULL, but source_count = %zu", source_count);
}

gradstep_status check_arrays(const optimizer& o, std::size_t tensor, const gradstep_tensor& given) {
  const group_settings& settings = o.groups[o.table.records[tensor].group].settings;
  const std::uint32_t used = settings.used_slots({given.count, given.rows, given.columns});
  if (const auto s =
          check_added_tensor(*settings.rule.entry, used, given, tensor_label::of_replacement());
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_owners(o, tensor, given); s != GRADSTEP_OK) return s;
  return check_arithmetic(o, tensor, given);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_remove_tensor(gradstep_optimizer* optimizer, size_t tensor) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    remove_tensor(o, tensor);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_remove_group(gradstep_optimizer* optimizer, size_t group) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    const group_record& record = o.groups[group];
    if (!record.members.empty()) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "group = %zu, %s, has %zu tensors: gradstep_optimizer_remove_tensor or "
                  "gradstep_optimizer_move_tensor comes first",
                  group, quoted(record.name.get()).text, record.members.size());
    }
    remove_group(o, group);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_move_tensor(gradstep_optimizer* optimizer, size_t tensor,
                                               size_t group) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    move_tensor(o, tensor, group);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_param(gradstep_optimizer* optimizer, size_t tensor,
                                             const gradstep_tensor* arrays, const int64_t* sources,
                                             size_t source_count) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    input_struct<gradstep_tensor> fields;
    if (const auto s = fields.read(arrays, "arrays"); s != GRADSTEP_OK) return s;
    if (const auto s = check_sources(sources, source_count); s != GRADSTEP_OK) return s;
    if (const auto s = check_arrays(o, tensor, *fields); s != GRADSTEP_OK) return s;
    gradstep::internal::tensor read{};
    read_tensor(*fields, fields->slots == nullptr ? 0 : UINT32_MAX, read);
    if (read.count == 0) forget_extras(read);
    set_param(o, tensor, read, {sources, source_count});
    return GRADSTEP_OK;
  });
}

}  // extern "C"
