// SPDX-License-Identifier: Apache-2.0
//
// The state of rules beside slots: scalars, workspace, transforms.
#include "capi/catalogue_calls.hpp"
#include "capi/optimizer_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/rule_state_checks.hpp"
#include "capi/tensor_checks.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/transforms.hpp"
#include "step/pass_workspace.hpp"

namespace gradstep::internal {
namespace {

gradstep_status read_scalar(const optimizer& o, std::size_t tensor, const char* name,
                            double* value) noexcept {
  const rule_values& rule = o.groups[o.table.records[tensor].group].settings.rule;
  const rule_info& info = *rule.entry->info;
  std::size_t index = 0;
  if (const auto s = find_scalar(info, name, index); s != GRADSTEP_OK) return s;
  const std::size_t place = place_in_scope(info, index);
  if (info.scalars[index].scope == scalar_scope::tensor) {
    *value = o.table.tensors[tensor].scalars[place];
    return GRADSTEP_OK;
  }
  const shared_scalars* const shared = find_shared(o.shared_scalars, *rule.entry);
  *value = shared != nullptr && shared->is_used ? shared->values[place]
                                                : initial_value(rule, info.scalars[index]);
  return GRADSTEP_OK;
}

/// A param whose changes go to a `delta` is the caller's to change.
gradstep_status check_has_no_delta(const optimizer& o, std::size_t group) noexcept {
  for (const std::uint32_t index : o.groups[group].members) {
    if (o.table.tensors[index].delta.data == nullptr) continue;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensor %s has a delta, but a transform changes the param itself",
                o.table.records[index].quoted_name().text);
  }
  return GRADSTEP_OK;
}

/// The transform of that name in each group that has it; UNKNOWN_NAME if none has.
gradstep_status transform_all(optimizer& o, const char* name) {
  if (name == nullptr) return fail_as_null("name");
  const auto index_in = [&](std::size_t group) {
    return transform_index(*o.groups[group].settings.rule.entry->info, name);
  };
  bool is_known = false;
  for (std::size_t g = 0; g < o.groups.size(); ++g) {
    if (o.groups[g].is_removed || index_in(g) == no_index) continue;
    if (const auto s = check_has_no_delta(o, g); s != GRADSTEP_OK) return s;
    is_known = true;
  }
  if (!is_known) {
    return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no transform of any group's rule",
                quoted(name).text);
  }
  for_each_group(o, [&](std::size_t g) {
    if (index_in(g) != no_index) transform_group(o, g, index_in(g));
  });
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_rule_describe_scalar(const char* rule_name, size_t index,
                                              gradstep_scalar_info* info) {
  return describe_entry(rule_catalogue(), rule_name, info, [&](const rule_info& r) {
    const auto status = check_index(index, r.scalars.size(), r.name, "scalar");
    if (status != GRADSTEP_OK) return status;
    const scalar& s = r.scalars[index];
    fill_output(info, {0, s.name, s.help, s.initial_hyperparameter, s.initial_value,
                       static_cast<std::int32_t>(s.scope),
                       static_cast<std::int32_t>(place_in_scope(r, index))});
    return GRADSTEP_OK;
  });
}

const char* gradstep_rule_transform_name(const char* rule_name, size_t index) {
  const rule_entry* const entry = rule_name == nullptr ? nullptr : find_rule(rule_name);
  if (entry == nullptr || index >= entry->info->transforms.size()) return nullptr;
  return entry->info->transforms[index].name;
}

gradstep_status gradstep_workspace_size(const gradstep_rule* rule, const gradstep_tensor* tensors,
                                        size_t tensor_count, size_t* bytes) {
  if (bytes == nullptr) return fail_as_null("bytes");
  if (const auto s = check_rule(rule); s != GRADSTEP_OK) return s;
  if (const auto s = check_shapes(tensors, tensor_count); s != GRADSTEP_OK) return s;
  const given_list list(tensors, tensor_count);
  *bytes = unaligned_size(workspace_size(*rule->entry, rule->values, list.tensors()));
  return GRADSTEP_OK;
}

gradstep_status gradstep_transform(const gradstep_context* context, const gradstep_rule* rule,
                                   const gradstep_tensor* tensors, size_t tensor_count,
                                   const char* name) {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_rule(rule); s != GRADSTEP_OK) return s;
  const rule_info& info = *rule->entry->info;
  std::size_t index = 0;
  if (const auto s = find_transform(info, name, index); s != GRADSTEP_OK) return s;
  if (const auto s = check_tensors_without_grad(*rule, tensors, tensor_count); s != GRADSTEP_OK) {
    return s;
  }
  const given_list list(tensors, tensor_count);
  const double mode = info.transforms[index].mode_before;
  if (const auto s = check_modes(info, list, mode, name); s != GRADSTEP_OK) return s;
  step_request request{.rule = *rule->entry, .values = rule->values, .tensors = list.tensors()};
  request.transform = index;
  transform_tensors(context->value, request);
  return GRADSTEP_OK;
}

gradstep_status gradstep_optimizer_transform(gradstep_optimizer* optimizer, size_t group,
                                             const char* name) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (group == GRADSTEP_ALL_GROUPS) return transform_all(o, name);
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    std::size_t index = 0;
    const rule_info& rule = *o.groups[group].settings.rule.entry->info;
    if (const auto s = find_transform(rule, name, index); s != GRADSTEP_OK) return s;
    if (const auto s = check_has_no_delta(o, group); s != GRADSTEP_OK) return s;
    transform_group(o, group, index);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_get_scalar(const gradstep_optimizer* optimizer, size_t tensor,
                                              const char* name, double* value) {
  return look_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (name == nullptr) return fail_as_null("name");
    if (value == nullptr) return fail_as_null("value");
    return read_scalar(o, tensor, name, value);
  });
}

}  // extern "C"
