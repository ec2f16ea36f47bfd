// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"
#include "capi/handles.hpp"

namespace gradstep::internal {

static_assert(static_cast<std::int32_t>(slot_extent::element) == GRADSTEP_EXTENT_ELEMENT);
static_assert(static_cast<std::int32_t>(slot_extent::row) == GRADSTEP_EXTENT_ROW);
static_assert(static_cast<std::int32_t>(slot_extent::column) == GRADSTEP_EXTENT_COLUMN);
static_assert(static_cast<std::int32_t>(slot_extent::matrix) == GRADSTEP_EXTENT_MATRIX);
static_assert(static_cast<std::int32_t>(slot_extent::tensor) == GRADSTEP_EXTENT_TENSOR);
static_assert(static_cast<std::int32_t>(slot_start::value) == GRADSTEP_START_VALUE);
static_assert(static_cast<std::int32_t>(slot_start::param) == GRADSTEP_START_PARAM);

gradstep_status check_rule(const gradstep_rule* rule) noexcept {
  if (rule == nullptr) return fail_as_null("rule");
  const char* conflict = rule->entry->conflict({rule->values});
  if (conflict == nullptr) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s: %s", rule->entry->info->name, conflict);
}

}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

size_t gradstep_rule_count(void) { return rule_catalogue().size(); }

const char* gradstep_rule_name(size_t index) { return name_of_entry(rule_catalogue(), index); }

gradstep_status gradstep_rule_describe(const char* rule_name, gradstep_rule_info* info) {
  return describe_entry(rule_catalogue(), rule_name, info, [&](const rule_info& r) {
    fill_output(info, {0, r.name, r.summary, r.formula, r.source, r.hyperparameters.size(),
                       r.slot_count, r.scalars.size(), r.transforms.size()});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_rule_describe_hyperparameter(const char* rule_name, size_t index,
                                                      gradstep_hyperparameter_info* info) {
  return describe_entry(rule_catalogue(), rule_name, info, [&](const rule_info& r) {
    return describe_hyperparameter(r, index, info);
  });
}

gradstep_status gradstep_rule_describe_slot(const char* rule_name, size_t index,
                                            gradstep_slot_info* info) {
  return describe_entry(rule_catalogue(), rule_name, info, [&](const rule_info& r) {
    const auto status = check_index(index, r.slot_count, r.name, "slot");
    if (status != GRADSTEP_OK) return status;
    const slot& s = r.slots[index];
    fill_output(info,
                {0, s.name, s.help, s.initial_hyperparameter, s.initial_value, s.is_non_negative,
                 static_cast<std::int32_t>(s.extent), static_cast<std::int32_t>(s.start), 0});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_rule_create(const char* rule_name, gradstep_rule** rule) {
  return with_entry(rule_catalogue(), rule_name, [&](const rule_entry& entry) {
    if (rule == nullptr) return fail_as_null("rule");
    return guarded([&] {
      *rule = new gradstep_rule{with_defaults(entry)};
      return GRADSTEP_OK;
    });
  });
}

void gradstep_rule_destroy(gradstep_rule* rule) { delete rule; }

gradstep_status gradstep_rule_set(gradstep_rule* rule, const char* name, double value) {
  if (rule == nullptr) return fail_as_null("rule");
  const definition& info = *rule->entry->info;
  return with_hyperparameter(
      info, name, [&](std::size_t index) { set_value(info, index, value, rule->values); });
}

gradstep_status gradstep_rule_get(const gradstep_rule* rule, const char* name, double* value) {
  if (rule == nullptr) return fail_as_null("rule");
  if (value == nullptr) return fail_as_null("value");
  const definition& info = *rule->entry->info;
  return with_hyperparameter(
      info, name, [&](std::size_t index) { *value = get_value(info, index, rule->values); });
}

gradstep_status gradstep_rule_check(const gradstep_rule* rule) { return check_rule(rule); }

}  // extern "C"
