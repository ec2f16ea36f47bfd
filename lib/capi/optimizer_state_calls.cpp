// SPDX-License-Identifier: Apache-2.0
//
// State of an optimizer that comes from elsewhere, or goes there: counts, scalars, arrays.
#include <algorithm>
#include <cmath>

#include "capi/array_arguments.hpp"
#include "capi/array_lookup.hpp"
#include "capi/optimizer_calls.hpp"
#include "capi/rule_state_checks.hpp"
#include "optimizer/given_state.hpp"
#include "optimizer/overlaps.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_step_count(std::uint64_t count) noexcept {
  if (count <= most_counted) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "step_count = %llu is past 2^53, the most that is counted",
              static_cast<unsigned long long>(count));
}

/// INVALID_ARGUMENT if the caller's array cannot hold the numbers of the tensor's.
gradstep_status check_sign(const char* name, const gradstep_array& array, const array_names& names,
                           std::size_t index) noexcept {
  const bool is_non_negative =
      index < names.rule.slot_count && names.rule.slots[index].is_non_negative;
  if (array.dtype != GRADSTEP_E5M3_B256 || is_non_negative) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s.dtype = %d, GRADSTEP_E5M3_B256, has no sign, but %s may be below 0", name,
              static_cast<int>(array.dtype), names.at(index));
}

/// Checks the arguments of an export or an import. index becomes that of the tensor's array, and
/// `theirs` the caller's array, whose argument has the name.
gradstep_status check_exchange(const optimizer& o, std::size_t tensor, const char* array_name,
                               const char* name, const gradstep_array* array, std::size_t count,
                               std::size_t& index, operand& theirs) noexcept {
  if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
  if (array_name == nullptr) return fail_as_null("array_name");
  if (array == nullptr) return fail_as_null(name);
  if (const auto s = find_array(o, tensor, array_name, index); s != GRADSTEP_OK) return s;
  const named_array found = array_of(o, tensor, index);
  if (count != found.count) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "count = %zu, but %s of tensor %zu, %s, has %zu elements", count, array_name,
                tensor, o.table.records[tensor].quoted_name().text, found.count);
  }
  const array_names names = names_of(o, tensor);
  const bool is_per_element =
      index >= names.rule.slot_count || names.rule.slots[index].extent == slot_extent::element;
  const std::size_t columns = is_per_element ? o.table.tensors[tensor].columns : 0;
  if (const auto s =
          check_array_argument(name, array, count, columns,
                               is_per_element ? "the tensor has no rows: rows and columns are 0"
                                              : "the array does not have one number per element");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_sign(name, *array, names, index); s != GRADSTEP_OK) return s;
  theirs = operand_of(*array, columns);
  return GRADSTEP_OK;
}

/// INVALID_ARGUMENT if an import would read the array that it writes.
gradstep_status check_source(const optimizer& o, std::size_t tensor, std::size_t index,
                             const operand& from) noexcept {
  const named_array array = array_of(o, tensor, index);
  return check_is_apart("from", from, array.name, array.array, array.count,
                        o.table.tensors[tensor].columns);
}

/// Throws failure (INVALID_ARGUMENT) if an export would write to an array of the optimizer.
void check_no_array_is_there(const optimizer& o, std::size_t tensor, const operand& to,
                             std::size_t count) {
  if (count == 0) return;
  const std::size_t length = elements_with_gaps(count, o.table.tensors[tensor].columns, to.pitch);
  check_apart(o, "to.data", to.data, length * size_of(to.type));
  const std::size_t extra = extra_size(to.type, has_lower_halves(to), length);
  if (extra != 0) check_apart(o, "to.extra", to.extra, extra);
}

/// A mode has one of the values that transforms begin with or leave.
gradstep_status check_mode_value(const rule_info& rule, std::size_t index, double value) noexcept {
  if (index != rule.mode) return GRADSTEP_OK;
  const bool is_mode = std::any_of(
      rule.transforms.begin(), rule.transforms.end(),
      [&](const transform& t) { return value == t.mode_before || value == t.mode_after; });
  if (is_mode) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "value = %s is no value of %s, which transforms of %s set",
              to_text(value).text, rule.scalars[index].name, rule.name);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_set_step_count(gradstep_optimizer* optimizer,
                                                  uint64_t step_count) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_step_count(step_count); s != GRADSTEP_OK) return s;
    set_step_count(o, step_count);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_tensor_step_count(gradstep_optimizer* optimizer,
                                                         size_t tensor, uint64_t step_count) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_or_all(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_step_count(step_count); s != GRADSTEP_OK) return s;
    set_tensor_step_count(o, tensor, step_count);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_scalar(gradstep_optimizer* optimizer, size_t tensor,
                                              const char* name, double value) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (name == nullptr) return fail_as_null("name");
    const rule_info& rule = *o.groups[o.table.records[tensor].group].settings.rule.entry->info;
    std::size_t index = 0;
    if (const auto s = find_scalar(rule, name, index); s != GRADSTEP_OK) return s;
    if (!std::isfinite(value)) {
      return fail(GRADSTEP_OUT_OF_RANGE, "value = %s is not finite", to_text(value).text);
    }
    if (const auto s = check_mode_value(rule, index, value); s != GRADSTEP_OK) return s;
    set_scalar(o, tensor, index, value);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_export_array(const gradstep_optimizer* optimizer, size_t tensor,
                                                const char* array_name, const gradstep_array* to,
                                                size_t count) {
  return save_between_steps(optimizer, [&](auto& o) {
    std::size_t index = 0;
    operand theirs{};
    if (const auto s = check_exchange(o, tensor, array_name, "to", to, count, index, theirs);
        s != GRADSTEP_OK) {
      return s;
    }
    check_no_array_is_there(o, tensor, theirs, count);
    export_array(o, tensor, index, theirs);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_import_array(gradstep_optimizer* optimizer, size_t tensor,
                                                const char* array_name, const gradstep_array* from,
                                                size_t count) {
  return change_between_steps(optimizer, [&](auto& o) {
    std::size_t index = 0;
    operand theirs{};
    if (const auto s = check_exchange(o, tensor, array_name, "from", from, count, index, theirs);
        s != GRADSTEP_OK) {
      return s;
    }
    if (const auto s = check_source(o, tensor, index, theirs); s != GRADSTEP_OK) return s;
    import_array(o, tensor, index, theirs);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
