// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_catalogue.hpp"

#include <algorithm>
#include <array>

#include "catalogue/catalogue.hpp"
#include "rules/rule_registry.hpp"

namespace gradstep::internal {
namespace {

template <class Rule>
arguments<Rule, double> arguments_of(const double* values, bool is_matrix) {
  arguments<Rule, double> h(values, 1);
  h.is_matrix = is_matrix;
  return h;
}

template <class Rule>
std::size_t form_index(const double* values, bool is_matrix) {
  const auto chosen = Rule::choose(arguments_of<Rule>(values, is_matrix));
  std::size_t i = 0;
  while (!(Rule::forms[i] == chosen)) ++i;
  return i;
}

/// The slots that each of the rule's forms uses, as bits.
template <class Rule>
constexpr auto used_slots_of_forms = [] {
  std::array<std::uint32_t, std::size(Rule::forms)> masks{};
  for (std::size_t f = 0; f < masks.size(); ++f) {
    for (std::size_t s = 0; s < Rule::info.slot_count; ++s) {
      if (Rule::uses(Rule::forms[f], Rule::info.slots[s].name)) masks[f] |= 1U << s;
    }
  }
  return masks;
}();

template <class Rule>
pass_list passes_of([[maybe_unused]] const double* values, [[maybe_unused]] bool is_matrix) {
  if constexpr (requires { Rule::passes(Rule::forms[0]); }) {
    return Rule::passes(Rule::forms[form_index<Rule>(values, is_matrix)]);
  } else {
    return {};
  }
}

template <class Rule>
constexpr std::size_t kernel_count = std::size(Rule::forms) + Rule::info.transforms.size();

template <class Rule, std::size_t FirstKernel>
constexpr rule_entry entry{&Rule::info, nullptr,
                           [](const parameter_values& values) noexcept {
                             return conflict_of<Rule>(arguments<Rule, double>(values.numbers, 1));
                           },
                           [](const double* values, bool is_matrix) {
                             return FirstKernel + form_index<Rule>(values, is_matrix);
                           },
                           [](const double* values, bool is_matrix) {
                             return used_slots_of_forms<Rule>[form_index<Rule>(values, is_matrix)];
                           },
                           passes_of<Rule>, requires {Rule::passes(Rule::forms[0]);
}  // namespace
, FirstKernel + std::size(Rule::forms), find_hyperparameter(Rule::info, "lr"),
    find_hyperparameter(Rule::info, "weight_decay"), find_hyperparameter(Rule::info, "maximize"),
    find_hyperparameter(Rule::info, "decoupled_weight_decay"),
    find_hyperparameter(Rule::info, "l1_penalty"),
    find_hyperparameter(Rule::info, "decay_after_step"),
};  // namespace gradstep::internal

template <std::size_t FirstKernel, class Rule, class... Rules>
constexpr void add_entries(rule_entry* next) {
  *next = entry<Rule, FirstKernel>;
  if constexpr (sizeof...(Rules) > 0) {
    add_entries<FirstKernel + kernel_count<Rule>, Rules...>(next + 1);
  }
}

template <class... Rules>
constexpr auto entries_of(type_list<Rules...>) {
  std::array<rule_entry, sizeof...(Rules)> entries{};
  add_entries<0, Rules...>(entries.data());
  return entries;
}

constexpr auto entries = entries_of(all_rules());

std::size_t scalar_count(std::span<const scalar> scalars, scalar_scope scope) noexcept {
  const auto is_one = [scope](const scalar& s) { return s.scope == scope; };
  return static_cast<std::size_t>(std::count_if(scalars.begin(), scalars.end(), is_one));
}

}  // namespace

std::span<const rule_entry> rule_catalogue() noexcept { return entries; }

const rule_entry* find_rule(std::string_view name) noexcept {
  return find_entry(rule_catalogue(), name);
}

rule_values with_defaults(const rule_entry& rule) noexcept {
  rule_values result{&rule, {}};
  set_defaults(*rule.info, result.values);
  return result;
}

double initial_value(const rule_values& rule, const slot& slot) noexcept {
  if (slot.initial_hyperparameter == nullptr) return slot.initial_value;
  return rule.values[find_hyperparameter(*rule.entry->info, slot.initial_hyperparameter)];
}

double initial_value(const rule_values& rule, const scalar& scalar) noexcept {
  if (scalar.initial_hyperparameter == nullptr) return scalar.initial_value;
  return rule.values[find_hyperparameter(*rule.entry->info, scalar.initial_hyperparameter)];
}

std::size_t scalar_count(const rule_info& rule, scalar_scope scope) noexcept {
  return scalar_count(rule.scalars, scope);
}

std::size_t place_in_scope(const rule_info& rule, std::size_t index) noexcept {
  return scalar_count(rule.scalars.first(index), rule.scalars[index].scope);
}

void set_initial_scalars(const rule_values& rule, scalar_scope scope, double* scalars) noexcept {
  for (const scalar& s : rule.entry->info->scalars) {
    if (s.scope == scope) *scalars++ = initial_value(rule, s);
  }
}

double base_lr(const rule_values& rule) noexcept {
  return rule.entry->lr == no_index ? 0 : rule.values[rule.entry->lr];
}

void set_base_lr(rule_values& rule, double lr) noexcept {
  if (rule.entry->lr != no_index) rule.values[rule.entry->lr] = lr;
}

}  // namespace gradstep::internal
