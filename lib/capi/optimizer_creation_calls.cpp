// SPDX-License-Identifier: Apache-2.0
//
// Creating an optimizer, and adding and changing its tensors.
#include <cmath>
#include <cstdio>

#include "capi/optimizer_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/state_structs.hpp"
#include "capi/tensor_addition.hpp"
#include "capi/tensor_array_checks.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/setup.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {
namespace {

/// NULL: no options.
gradstep_status read_options(const gradstep_optimizer_options* given, optimizer_options& options) {
  if (given == nullptr) return GRADSTEP_OK;
  input_struct<gradstep_optimizer_options> fields;
  if (const auto s = fields.read(given, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known =
      ((2 * GRADSTEP_APPLY_NEAREST_SLOTS - 1) & ~std::uint64_t{GRADSTEP_APPLY_GRAD_SCALE}) |
      GRADSTEP_APPLY_AVERAGE_EQUAL;
  if (const auto s = check_known_flags("options.flags", fields->flags, known); s != GRADSTEP_OK)
    return s;
  if (const auto s = check_shared_numbers(*fields); s != GRADSTEP_OK) return s;
  options = {step_options_of(*fields), gradient_limits_of(*fields)};
  return GRADSTEP_OK;
}

/// place: in the caller's array of gradients; SIZE_MAX: it is given alone.
gradstep_status check_grad(const optimizer& o, std::size_t tensor, const void* grad,
                           std::size_t place = SIZE_MAX) {
  if (grad == nullptr) return GRADSTEP_OK;  // the tensor has none then
  if (o.table.records[tensor].is_removed) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "grads[%zu] = %p is not NULL, but tensor %zu was removed", place, grad, tensor);
  }
  const auto size = size_of(o.table.records[tensor].grad.type);
  if (o.table.tensors[tensor].count == 0) return GRADSTEP_OK;
  const gradstep_status status = check_alignment("grad", grad, size);
  if (status == GRADSTEP_OK || place == SIZE_MAX) return status;
  char name[32];
  std::snprintf(name, sizeof name, "grads[%zu]", place);
  return check_alignment(name, grad, size);
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_create(const gradstep_context* context,
                                          const gradstep_optimizer_options* options,
                                          gradstep_optimizer** optimizer) {
  if (context == nullptr) return fail_as_null("context");
  if (optimizer == nullptr) return fail_as_null("optimizer");
  optimizer_options read;
  if (const auto s = read_options(options, read); s != GRADSTEP_OK) return s;
  return guarded([&] {
    watch_forks();
    *optimizer =
        new gradstep_optimizer{.value = gradstep::internal::optimizer(context->value, read)};
    return GRADSTEP_OK;
  });
}

void gradstep_optimizer_destroy(gradstep_optimizer* optimizer) { delete optimizer; }

gradstep_status gradstep_optimizer_set_options(gradstep_optimizer* optimizer,
                                               const gradstep_optimizer_options* options) {
  return change_between_steps(optimizer, [&](auto& o) {
    optimizer_options read;
    if (options == nullptr) return fail_as_null("options");
    if (const auto s = read_options(options, read); s != GRADSTEP_OK) return s;
    o.options = read;
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_add_tensor(gradstep_optimizer* optimizer, size_t group,
                                              const char* name, const gradstep_tensor* tensor,
                                              size_t* index) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_place(o, group, name); s != GRADSTEP_OK) return s;
    input_struct<gradstep_tensor> fields;
    if (const auto s = fields.read(tensor, "tensor"); s != GRADSTEP_OK) return s;
    return add_checked(o, group, name, *fields, tensor_label::of_argument(), index);
  });
}

gradstep_status gradstep_optimizer_set_grad(gradstep_optimizer* optimizer, size_t tensor,
                                            void* grad) {
  return change_tensor(optimizer, tensor, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_grad(o, tensor, grad); s != GRADSTEP_OK) return s;
    set_grad(o, tensor, grad);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_grads(gradstep_optimizer* optimizer, size_t first,
                                             size_t count, void* const* grads) {
  return change(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_range(o, first, count); s != GRADSTEP_OK) return s;
    if (count != 0 && grads == nullptr) return fail_as_null("grads");
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto s = check_grad(o, first + i, grads[i], i); s != GRADSTEP_OK) return s;
    }
    set_grads(o, first, {grads, count});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_frozen(gradstep_optimizer* optimizer, size_t tensor,
                                              int32_t is_frozen) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    set_frozen(o, tensor, is_frozen != 0);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_loss_scaler(gradstep_optimizer* optimizer,
                                                   const gradstep_loss_scaler* scaler) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (scaler == nullptr) {
      set_loss_scaler(o, {});
      return GRADSTEP_OK;
    }
    loss_scaler read;
    if (const auto s = read_loss_scaler(scaler, read); s != GRADSTEP_OK) return s;
    check_loss_scaler(read);
    set_loss_scaler(o, read);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_get_loss_scaler(const gradstep_optimizer* optimizer,
                                                   gradstep_loss_scaler* scaler) {
  return look_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_output_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
    if (!o.loss_scaler) {
      return fail(GRADSTEP_UNSUPPORTED, "the optimizer has no loss scaler at present");
    }
    fill_loss_scaler(scaler, *o.loss_scaler);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
