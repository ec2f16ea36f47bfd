// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/names.hpp"
#include "capi/catalogue_calls.hpp"
#include "capi/handles.hpp"
#include "capi/structs.hpp"
#include "catalogue/value_check.hpp"

namespace gradstep::internal {
namespace {

/// Null when there is none; then status says why.
const catalogue_entry* find_rule_or_fail(const char* name, gradstep_status& status) {
  if (name == nullptr) {
    status = fail(GRADSTEP_INVALID_ARGUMENT, "rule_name is NULL");
    return nullptr;
  }
  const catalogue_entry* found = find_rule(name);
  if (found != nullptr) return found;
  const auto name_at = [](const void*, std::size_t i) { return gradstep_rule_name(i); };
  const auto nearest = suggest_names(name, gradstep_rule_count(), name_at, nullptr);
  status = fail(GRADSTEP_UNKNOWN_NAME, "rule_name = %s is no rule; known and nearest: %s",
                quoted(name).text, nearest.text);
  return nullptr;
}

/// What every describe call checks first. Null when something is wrong; then status says what.
template <class Info>
const rule_info* find_rule_to_describe(const char* rule_name, const Info* output,
                                       gradstep_status& status) {
  const catalogue_entry* entry = find_rule_or_fail(rule_name, status);
  if (entry == nullptr) return nullptr;
  status = check_output_struct(output, "info");
  return status == GRADSTEP_OK ? entry->info : nullptr;
}

gradstep_status find_hyperparameter_or_fail(const rule_info& rule, const char* name,
                                            std::size_t& index) {
  if (name == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "name is NULL");
  index = find_hyperparameter(rule, name);
  if (index != no_index) return GRADSTEP_OK;
  const auto name_at = [](const void* source, std::size_t i) {
    return static_cast<const rule_info*>(source)->hyperparameters[i].name;
  };
  const auto nearest = suggest_names(name, rule.hyperparameter_count, name_at, &rule);
  return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no hyper-parameter of %s; known and nearest: %s",
              quoted(name).text, rule.name, nearest.text);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

size_t gradstep_rule_count(void) { return rule_catalogue().size(); }

const char* gradstep_rule_name(size_t index) {
  return index < rule_catalogue().size() ? rule_catalogue()[index].info->name : nullptr;
}

gradstep_status gradstep_rule_describe(const char* rule_name, gradstep_rule_info* info) {
  gradstep_status status = GRADSTEP_OK;
  const rule_info* found = find_rule_to_describe(rule_name, info, status);
  if (found == nullptr) return status;
  const rule_info& r = *found;
  fill_output(*info,
              {0, r.name, r.summary, r.formula, r.source, r.hyperparameter_count, r.slot_count});
  return GRADSTEP_OK;
}

gradstep_status gradstep_hyperparameter_describe(const char* rule_name, size_t index,
                                                 gradstep_hyperparameter_info* info) {
  gradstep_status status = GRADSTEP_OK;
  const rule_info* found = find_rule_to_describe(rule_name, info, status);
  if (found == nullptr) return status;
  const rule_info& r = *found;
  if (const auto s = check_index(index, r.hyperparameter_count, r.name, "hyper-parameters");
      s != GRADSTEP_OK) {
    return s;
  }
  fill_output(*info, info_of(r.hyperparameters[index]));
  return GRADSTEP_OK;
}

gradstep_status gradstep_slot_describe(const char* rule_name, size_t index,
                                       gradstep_slot_info* info) {
  gradstep_status status = GRADSTEP_OK;
  const rule_info* found = find_rule_to_describe(rule_name, info, status);
  if (found == nullptr) return status;
  const rule_info& r = *found;
  if (const auto s = check_index(index, r.slot_count, r.name, "slots"); s != GRADSTEP_OK) return s;
  const slot& described = r.slots[index];
  fill_output(*info, {0, described.name, described.help, described.initial_hyperparameter,
                      described.initial_value, described.is_non_negative, 0});
  return GRADSTEP_OK;
}

gradstep_status gradstep_rule_create(const char* rule_name, gradstep_rule** rule) {
  gradstep_status status = GRADSTEP_OK;
  const catalogue_entry* entry = find_rule_or_fail(rule_name, status);
  if (entry == nullptr) return status;
  if (rule == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "rule is NULL");
  return guarded([&] {
    auto created = std::make_unique<gradstep_rule>(gradstep_rule{{entry, {}}});
    for (std::size_t i = 0; i < entry->info->hyperparameter_count; ++i) {
      created->values[i] = entry->info->hyperparameters[i].default_value;
    }
    *rule = created.release();
    return GRADSTEP_OK;
  });
}

void gradstep_rule_destroy(gradstep_rule* rule) { delete rule; }

gradstep_status gradstep_rule_set(gradstep_rule* rule, const char* name, double value) {
  if (rule == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "rule is NULL");
  std::size_t index = 0;
  const rule_info& info = *rule->entry->info;
  if (const auto s = find_hyperparameter_or_fail(info, name, index); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_value(info.hyperparameters[index], value);
    rule->values[index] = value;
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_rule_get(const gradstep_rule* rule, const char* name, double* value) {
  if (rule == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "rule is NULL");
  if (value == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "value is NULL");
  std::size_t index = 0;
  const rule_info& info = *rule->entry->info;
  if (const auto s = find_hyperparameter_or_fail(info, name, index); s != GRADSTEP_OK) return s;
  *value = rule->values[index];
  return GRADSTEP_OK;
}

gradstep_status gradstep_rule_check(const gradstep_rule* rule) {
  if (rule == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "rule is NULL");
  const char* conflict = rule->entry->conflict(rule->values);
  if (conflict == nullptr) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s: %s", rule->entry->info->name, conflict);
}

gradstep_status gradstep_rule_slot_state(const gradstep_rule* rule, size_t index, int32_t* is_used,
                                         double* initial_value) {
  if (rule == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "rule is NULL");
  const rule_info& info = *rule->entry->info;
  if (const auto s = check_index(index, info.slot_count, info.name, "slots"); s != GRADSTEP_OK)
    return s;
  if (is_used != nullptr) *is_used = rule->entry->used_slots(rule->values) >> index & 1;
  if (initial_value != nullptr) {
    *initial_value = gradstep::internal::initial_value(*rule, info.slots[index]);
  }
  return GRADSTEP_OK;
}

}  // extern "C"
