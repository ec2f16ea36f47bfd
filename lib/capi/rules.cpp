// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include "handles.hpp"
#include "names.hpp"
#include "structs.hpp"

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

gradstep_status check_index(std::size_t index, std::size_t count, const rule_info& rule,
                            const char* things) {
  if (index < count) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "index = %zu is past the end: %s has %zu %s", index, rule.name,
              count, things);
}

gradstep_status check_value(const hyperparameter& h, double value) {
  if (h.is_flag) {
    if (value == 0 || value == 1) return GRADSTEP_OK;
    return fail(GRADSTEP_OUT_OF_RANGE, "%s = %s is neither 0 nor 1", h.name, to_text(value).text);
  }
  const bool above = h.minimum_excluded ? value > h.minimum : value >= h.minimum;
  const bool below = h.maximum_excluded ? value < h.maximum : value <= h.maximum;
  if (above && below) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %s is outside %c%s, %s%c", h.name, to_text(value).text,
              h.minimum_excluded ? '(' : '[', to_text(h.minimum).text, to_text(h.maximum).text,
              h.maximum_excluded ? ')' : ']');
}

double initial_value(const gradstep_rule& rule, const slot& s) {
  if (s.initial_hyperparameter == nullptr) return s.initial_value;
  return rule.values[find_hyperparameter(*rule.entry->info, s.initial_hyperparameter)];
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
  if (const auto s = check_index(index, r.hyperparameter_count, r, "hyper-parameters");
      s != GRADSTEP_OK) {
    return s;
  }
  const hyperparameter& h = r.hyperparameters[index];
  const std::uint32_t flags = (h.minimum_excluded ? GRADSTEP_MINIMUM_EXCLUDED : 0) |
                              (h.maximum_excluded ? GRADSTEP_MAXIMUM_EXCLUDED : 0);
  fill_output(*info, {0, h.name, h.help, h.default_value, h.minimum, h.maximum, flags,
                      h.is_flag ? GRADSTEP_FLAG : GRADSTEP_REAL});
  return GRADSTEP_OK;
}

gradstep_status gradstep_slot_describe(const char* rule_name, size_t index,
                                       gradstep_slot_info* info) {
  gradstep_status status = GRADSTEP_OK;
  const rule_info* found = find_rule_to_describe(rule_name, info, status);
  if (found == nullptr) return status;
  const rule_info& r = *found;
  if (const auto s = check_index(index, r.slot_count, r, "slots"); s != GRADSTEP_OK) return s;
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
    auto created = std::make_unique<gradstep_rule>(gradstep_rule{entry, {}});
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
  if (const auto s = check_value(info.hyperparameters[index], value); s != GRADSTEP_OK) return s;
  rule->values[index] = value;
  return GRADSTEP_OK;
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
  if (const auto s = check_index(index, info.slot_count, info, "slots"); s != GRADSTEP_OK) return s;
  if (is_used != nullptr) *is_used = rule->entry->used_slots(rule->values) >> index & 1;
  if (initial_value != nullptr) {
    *initial_value = gradstep::internal::initial_value(*rule, info.slots[index]);
  }
  return GRADSTEP_OK;
}

}  // extern "C"
