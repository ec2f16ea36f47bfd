// SPDX-License-Identifier: Apache-2.0
//
// Calls that take the arrays of one tensor as arguments.
#include "capi/catalogue_calls.hpp"
#include "capi/dtypes.hpp"
#include "capi/optimizer_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/rule_state_checks.hpp"
#include "capi/stateless_step.hpp"
#include "capi/tensor_addition.hpp"
#include "capi/tensor_checks.hpp"

namespace gradstep::internal {
namespace {

gradstep_array array_of(void* data, std::int32_t dtype) {
  return {data, nullptr, nullptr, 0, dtype, 0};
}

/// The arguments that describe a tensor without slots. All other fields are 0, those too that later
/// versions append.
gradstep_tensor tensor_of(std::uint64_t count, std::uint64_t rows, std::uint64_t columns,
                          std::int32_t param_dtype, void* param, std::int32_t grad_dtype,
                          void* grad) {
  gradstep_tensor t{};
  t.struct_size = sizeof t;
  t.count = count;
  t.rows = rows;
  t.columns = columns;
  t.param = array_of(param, param_dtype);
  t.grad = array_of(grad, grad_dtype);
  return t;
}

gradstep_status check_slot_arguments(const rule_info& rule, std::int32_t slot_dtype,
                                     void* const (&given)[max_slots]) {
  if (slot_dtype != 0 && has_blocks(static_cast<dtype>(slot_dtype))) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "slot_dtype = %d is 8-bit: such slots have scales, which gradstep_apply takes",
                static_cast<int>(slot_dtype));
  }
  if (slot_dtype != 0) {
    if (const auto s = check_dtype("slot_dtype", slot_dtype, float_types); s != GRADSTEP_OK) {
      return s;
    }
  }
  for (std::size_t s = rule.slot_count; s < max_slots; ++s) {
    if (given[s] == nullptr) continue;
    return fail(GRADSTEP_INVALID_ARGUMENT, "slot%zu is set, but %s has %zu slots: it is NULL then",
                s, rule.name, rule.slot_count);
  }
  return GRADSTEP_OK;
}

/// slot_dtype: 0 for the type of the arithmetic.
void place_slots(const rule_info& rule, std::int32_t slot_dtype, void* const (&given)[max_slots],
                 gradstep_tensor& t, gradstep_array (&slots)[max_slots]) {
  const auto computed = static_cast<std::int32_t>(computed_type(t.param.dtype));
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const bool is_per_element = rule.slots[s].extent == slot_extent::element;
    slots[s] = array_of(given[s], slot_dtype != 0 && is_per_element ? slot_dtype : computed);
  }
  t.slots = slots;
  t.slot_count = rule.slot_count;
}

/// Gives the tensor and the options their parts of all scalars. options: the caller's; they become
/// `own`, a copy, if the rule has scalars for all tensors.
gradstep_status place_scalars(const rule_info& rule, double* scalars, gradstep_tensor& t,
                              const gradstep_apply_options*& options, gradstep_apply_options& own) {
  if (options->scalars != nullptr || options->scalar_count != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.scalars or options.scalar_count is set: here the argument scalars has all "
                "scalars");
  }
  if (rule.scalars.empty()) {
    if (scalars == nullptr) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT, "scalars is set, but %s has no scalars: it is NULL then",
                rule.name);
  }
  if (scalars == nullptr) return fail_as_null("scalars");
  if (const auto s = check_alignment("scalars", scalars, sizeof(double)); s != GRADSTEP_OK) {
    return s;
  }
  t.scalar_count = scalar_count(rule, scalar_scope::tensor);
  if (t.scalar_count != 0) t.scalars = scalars;
  const std::size_t shared = scalar_count(rule, scalar_scope::all);
  if (shared == 0) return GRADSTEP_OK;
  own = *options;
  own.scalar_count = shared;
  own.scalars = scalars + t.scalar_count;
  options = &own;
  return GRADSTEP_OK;
}

gradstep_status check_step(const gradstep_apply_options& options, std::uint64_t step) {
  if (options.step != 0 && options.step != step) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "options.step = %llu is neither 0 nor step = %llu",
                static_cast<unsigned long long>(options.step),
                static_cast<unsigned long long>(step));
  }
  return check_step_number("step", step);
}

constexpr gradstep_apply_options no_options{};

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_apply_arrays(const gradstep_context* context, const gradstep_rule* rule,
                                      uint64_t step, uint64_t count, uint64_t rows,
                                      uint64_t columns, int32_t param_dtype, void* param,
                                      int32_t grad_dtype, void* grad, int32_t slot_dtype,
                                      void* slot0, void* slot1, void* slot2, void* slot3,
                                      void* slot4, void* slot5, void* slot6, void* slot7,
                                      double* scalars, const gradstep_apply_options* options,
                                      gradstep_apply_result* result) {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_rule(rule); s != GRADSTEP_OK) return s;
  input_struct<gradstep_apply_options> fields;
  const gradstep_apply_options* read = &no_options;
  if (options != nullptr) {
    if (const auto s = read_apply_options(options, fields); s != GRADSTEP_OK) return s;
    read = &*fields;
  }
  if (const auto s = check_step(*read, step); s != GRADSTEP_OK) return s;
  if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
  const rule_info& info = *rule->entry->info;
  void* const given[] = {slot0, slot1, slot2, slot3, slot4, slot5, slot6, slot7};
  if (const auto s = check_slot_arguments(info, slot_dtype, given); s != GRADSTEP_OK) return s;
  gradstep_tensor t = tensor_of(count, rows, columns, param_dtype, param, grad_dtype, grad);
  gradstep_array slots[max_slots];
  place_slots(info, slot_dtype, given, t, slots);
  gradstep_apply_options with_scalars;
  if (const auto s = place_scalars(info, scalars, t, read, with_scalars); s != GRADSTEP_OK)
    return s;
  if (const auto s = check_array_arguments(*rule, t); s != GRADSTEP_OK) return s;
  if (const auto s = check_mode(tensor_label::of_arrays(), info, t, 0, "a step");
      s != GRADSTEP_OK) {
    return s;
  }
  step_request request = request_of(*rule, given_list(&t, 1).tensors(), *read, step);
  return run_checked(context->value, request, *read, result);
}

gradstep_status gradstep_optimizer_add_arrays(gradstep_optimizer* optimizer, size_t group,
                                              const char* name, uint64_t count, uint64_t rows,
                                              uint64_t columns, int32_t param_dtype, void* param,
                                              int32_t grad_dtype, void* grad, size_t* index) {
  const gradstep_tensor t = tensor_of(count, rows, columns, param_dtype, param, grad_dtype, grad);
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_place(o, group, name); s != GRADSTEP_OK) return s;
    return add_checked(o, group, name, t, tensor_label::of_arrays(), index);
  });
}

}  // extern "C"
