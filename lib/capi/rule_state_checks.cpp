// SPDX-License-Identifier: Apache-2.0
#include "capi/rule_state_checks.hpp"

#include <cstdio>

#include "base/names.hpp"
#include "capi/error.hpp"

namespace gradstep::internal {
namespace {

/// The scalars of a tensor; the address of the element itself for an empty tensor, which needs
/// none.
const void* scalars_of(const given_list& list, std::size_t i) {
  gradstep_tensor room;
  const double* const scalars = list.at(i, room).scalars;
  return scalars == nullptr ? static_cast<const void*>(list.given(i)) : scalars;
}

/// Whether the pointers ascend or descend, so that no two are equal.
bool is_monotonic(const given_list& list) {
  bool ascends = true, descends = true;
  for (std::size_t i = 1; i < list.size(); ++i) {
    const auto a = reinterpret_cast<std::uintptr_t>(scalars_of(list, i - 1));
    const auto b = reinterpret_cast<std::uintptr_t>(scalars_of(list, i));
    ascends &= a < b;
    descends &= b < a;
  }
  return ascends || descends;
}

/// The transform that leads from one mode to another; null if none does.
const transform* transform_between(const rule_info& rule, double before, double after) noexcept {
  for (const transform& t : rule.transforms) {
    if (t.mode_before == before && t.mode_after == after) return &t;
  }
  return nullptr;
}

}  // namespace

gradstep_status check_scalars(const char* prefix, const double* scalars, std::size_t scalar_count,
                              const rule_info& rule, std::size_t count, bool may_be_null) noexcept {
  if (scalars == nullptr && scalar_count == 0 && (count == 0 || may_be_null)) return GRADSTEP_OK;
  if (scalar_count != count) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s.scalar_count = %zu, but %s has %zu scalars here",
                prefix, scalar_count, rule.name, count);
  }
  if (count == 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.scalars is set, but %s has no scalars here: it is NULL then", prefix,
                rule.name);
  }
  char name[120];
  std::snprintf(name, sizeof name, "%s.scalars", prefix);
  if (scalars == nullptr) return fail_as_null(name);
  return check_alignment(name, scalars, sizeof(double));
}

gradstep_status check_is_whole(tensor_label label, const rule_entry& rule,
                               const gradstep_tensor& t) noexcept {
  const bool is_whole = t.first_index == 0 && (t.whole_count == 0 || t.whole_count == t.count);
  if (is_whole || !rule.has_passes) return GRADSTEP_OK;
  return fail(GRADSTEP_UNSUPPORTED,
              "%s is a piece of a tensor (first_index = %llu, whole_count = %llu, count = %llu), "
              "but %s sums over whole tensors",
              label.text().text, static_cast<unsigned long long>(t.first_index),
              static_cast<unsigned long long>(t.whole_count),
              static_cast<unsigned long long>(t.count), rule.info->name);
}

gradstep_status check_scalars_differ(const rule_info& rule, const given_list& list) noexcept {
  constexpr std::size_t most = 1024;
  if (scalar_count(rule, scalar_scope::tensor) == 0 || is_monotonic(list)) return GRADSTEP_OK;
  if (list.size() > most) return GRADSTEP_OK;
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (scalars_of(list, i) != scalars_of(list, j)) continue;
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].scalars = %p is also tensors[%zu].scalars: each tensor has its own",
                  i, scalars_of(list, i), j);
    }
  }
  return GRADSTEP_OK;
}

gradstep_status check_mode(tensor_label label, const rule_info& rule, const gradstep_tensor& t,
                           double mode, const char* call) noexcept {
  if (rule.mode == no_index || t.count == 0) return GRADSTEP_OK;
  const std::size_t place = place_in_scope(rule, rule.mode);
  if (t.scalars[place] == mode) return GRADSTEP_OK;
  const transform* needed = transform_between(rule, t.scalars[place], mode);
  return fail(GRADSTEP_WRONG_ORDER, "%s[%zu], %s of %s, is %s, but %s needs %s: %s%s%s comes first",
              label.of("scalars").text, place, rule.scalars[rule.mode].name, rule.name,
              to_text(t.scalars[place]).text, call, to_text(mode).text,
              needed != nullptr ? "the transform \"" : "a transform",
              needed != nullptr ? needed->name : "", needed != nullptr ? "\"" : "");
}

gradstep_status check_modes(const rule_info& rule, const given_list& list, double mode,
                            const char* call) noexcept {
  if (rule.mode == no_index) return GRADSTEP_OK;
  for (std::size_t i = 0; i < list.size(); ++i) {
    gradstep_tensor room;
    if (const auto s = check_mode(tensor_label(i), rule, list.at(i, room), mode, call);
        s != GRADSTEP_OK) {
      return s;
    }
  }
  return GRADSTEP_OK;
}

gradstep_status check_workspace(const gradstep_apply_options& o, std::size_t bytes) noexcept {
  if (o.workspace == nullptr) {
    if (o.workspace_size == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT, "options.workspace is NULL, but workspace_size = %zu",
                o.workspace_size);
  }
  if (o.workspace_size >= bytes) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "options.workspace_size = %zu is less than %zu, which gradstep_workspace_size gives",
              o.workspace_size, bytes);
}

gradstep_status find_scalar(const rule_info& rule, const char* name, std::size_t& index) noexcept {
  index = find_scalar(rule, name);
  if (index != no_index) return GRADSTEP_OK;
  return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no scalar of %s, which has %zu",
              quoted(name).text, rule.name, rule.scalars.size());
}

std::size_t transform_index(const rule_info& rule, std::string_view name) noexcept {
  for (std::size_t i = 0; i < rule.transforms.size(); ++i) {
    if (rule.transforms[i].name == name) return i;
  }
  return no_index;
}

gradstep_status find_transform(const rule_info& rule, const char* name,
                               std::size_t& index) noexcept {
  if (name == nullptr) return fail_as_null("name");
  index = transform_index(rule, name);
  if (index != no_index) return GRADSTEP_OK;
  const auto at = [](const void* all, std::size_t i) {
    return static_cast<const transform*>(all)[i].name;
  };
  const auto known = suggest_names(name, rule.transforms.size(), at, rule.transforms.data());
  return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no transform of %s%s%s", quoted(name).text,
              rule.name, rule.transforms.empty() ? ", which has none" : "; known and nearest: ",
              rule.transforms.empty() ? "" : known.text);
}

}  // namespace gradstep::internal
