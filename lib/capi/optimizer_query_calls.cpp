// SPDX-License-Identifier: Apache-2.0
//
// Looking into an optimizer.
#include <cstring>

#include "base/names.hpp"
#include "capi/optimizer_calls.hpp"
#include "optimizer/named_arrays.hpp"
#include "optimizer/stepping.hpp"

namespace gradstep::internal {
namespace {

/// Returns the index of the group or tensor of that name. found: nullptr, or that index.
template <class Records>
gradstep_status find(const char* name, const std::uint32_t* found, const Records& records,
                     const char* what, std::size_t* index) {
  if (index == nullptr) return fail_as_null(what);
  if (found != nullptr) {
    *index = *found;
    return GRADSTEP_OK;
  }
  const auto name_at = [](const void* source, std::size_t i) -> const char* {
    return (*static_cast<const Records*>(source))[i].name.get();
  };
  const auto nearest = suggest_names(name, records.size(), name_at, &records);
  return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no %s; known and nearest: %s", quoted(name).text,
              what, records.empty() ? "none" : nearest.text);
}

/// The elements of the array with this index among the names of a tensor's arrays.
std::size_t elements_of(const tensor& t, const rule_info& rule, std::size_t index) {
  if (index >= rule.slot_count) return t.count;
  return slot_elements(rule.slots[index].extent, shape_of(t));
}

gradstep_status find_array(const optimizer& o, std::size_t tensor, const char* name, operand& array,
                           std::size_t& count) {
  const array_names names = names_of(o, tensor);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::strcmp(names.at(i), name) != 0) continue;
    const named_array found = array_of(o, tensor, i);
    array = found.array;
    count = elements_of(o.table.tensors[tensor], names.rule, i);
    if (found.is_there || o.table.tensors[tensor].count == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_UNSUPPORTED, "tensor %zu, %s, has no %s at present", tensor,
                quoted(o.table.records[tensor].name.get()).text, names.at(i));
  }
  const auto name_at = [](const void* source, std::size_t i) {
    return static_cast<const array_names*>(source)->at(i);
  };
  return fail(GRADSTEP_UNKNOWN_NAME, "array_name = %s is none of %s", quoted(name).text,
              suggest_names("", names.size(), name_at, &names).text);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_find_group(const gradstep_optimizer* optimizer, const char* name,
                                              size_t* group) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    return find(name, find_name(o.group_names, name), o.groups, "group", group);
  });
}

gradstep_status gradstep_optimizer_find_tensor(const gradstep_optimizer* optimizer,
                                               const char* name, size_t* tensor) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    return find(name, find_name(o.table.names, name), o.table.records, "tensor", tensor);
  });
}

gradstep_status gradstep_optimizer_describe(const gradstep_optimizer* optimizer,
                                            gradstep_optimizer_info* info) {
  return look(optimizer, [&](auto& o) {
    if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
    fill_output(info, {0, o.groups.size(), o.table.size(), o.step_count, o.skipped_count,
                       o.grad_norm, o.table.state_bytes, o.step.awaits_tensors, 0});
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
    operand found{};
    std::size_t elements = 0;
    if (const auto s = find_array(o, tensor, array_name, found, elements); s != GRADSTEP_OK) {
      return s;
    }
    *array = {found.data,
              found.extra,
              nullptr,
              static_cast<std::int64_t>(found.pitch),
              static_cast<std::int32_t>(found.type),
              0};
    if (count != nullptr) *count = elements;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
