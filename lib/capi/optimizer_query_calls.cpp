// SPDX-License-Identifier: Apache-2.0
//
// Looking into an optimizer.
#include "base/names.hpp"
#include "capi/array_lookup.hpp"
#include "capi/optimizer_calls.hpp"
#include "optimizer/named_arrays.hpp"
#include "optimizer/stepping.hpp"

namespace gradstep::internal {
namespace {

/// Returns the index of the group or tensor of that name.
template <class Records>
gradstep_status find(const char* name, const name_index& names, const Records& records,
                     const char* what, std::size_t* index) {
  const std::uint32_t* const found = find_name(names, name);
  if (index == nullptr) return fail_as_null(what);
  if (found != nullptr) {
    *index = *found;
    return GRADSTEP_OK;
  }
  const auto name_at = [](const void* source, std::size_t i) -> const char* {
    const auto& record = (*static_cast<const Records*>(source))[i];
    return record.is_removed ? nullptr : record.name.get();
  };
  const auto nearest = suggest_names(name, records.size(), name_at, &records);
  return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no %s; known and nearest: %s", quoted(name).text,
              what, names.empty() ? "none" : nearest.text);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_find_group(const gradstep_optimizer* optimizer, const char* name,
                                              size_t* group) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    return find(name, o.group_names, o.groups, "group", group);
  });
}

gradstep_status gradstep_optimizer_find_tensor(const gradstep_optimizer* optimizer,
                                               const char* name, size_t* tensor) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    return find(name, o.table.names, o.table.records, "tensor", tensor);
  });
}

gradstep_status gradstep_optimizer_describe(const gradstep_optimizer* optimizer,
                                            gradstep_optimizer_info* info) {
  return look(optimizer, [&](auto& o) {
    if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
    fill_output(info, {0, o.group_names.size(), o.table.names.size(), o.step_count, o.skipped_count,
                       o.grad_norm, o.table.state_bytes, o.step.awaits_tensors, 0, o.table.size(),
                       o.groups.size()});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_describe_group(const gradstep_optimizer* optimizer, size_t group,
                                                  gradstep_group_info* info) {
  return look(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
    const group_record& g = o.groups[group];
    const auto& schedule = g.settings.schedule;
    const auto t = static_cast<double>(o.step_count);
    fill_output(info,
                {0, g.name.get(), g.settings.rule.entry->info->name,
                 schedule ? schedule->name() : nullptr, g.members.size(), base_lr(next_rule(o, g)),
                 g.settings.momentum_at(t), g.settings.lr_scale, g.settings.max_norm, g.grad_norm});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_describe_tensor(const gradstep_optimizer* optimizer,
                                                   size_t tensor, gradstep_tensor_info* info) {
  return look(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
    const tensor_record& r = o.table.records[tensor];
    const gradstep::internal::tensor& t = o.table.tensors[tensor];
    fill_output(info,
                {0, r.name.get(), r.group, t.count, r.step_count, r.accumulate_count,
                 static_cast<std::int32_t>(t.param.type), static_cast<std::int32_t>(r.grad.type),
                 r.is_frozen, r.grad.data != nullptr, r.average_count});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_get_array(const gradstep_optimizer* optimizer, size_t tensor,
                                             const char* array_name, gradstep_array* array,
                                             size_t* count) {
  return look(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (array_name == nullptr) return fail_as_null("array_name");
    if (array == nullptr) return fail_as_null("array");
    std::size_t index = 0;
    if (const auto s = find_array(o, tensor, array_name, index); s != GRADSTEP_OK) return s;
    const named_array found = array_of(o, tensor, index);
    *array = {found.array.data,
              found.array.extra,
              nullptr,
              static_cast<std::int64_t>(found.array.pitch),
              static_cast<std::int32_t>(found.array.type),
              0};
    if (count != nullptr) *count = found.count;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
