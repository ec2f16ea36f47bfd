/* SPDX-License-Identifier: Apache-2.0 */
#include "gradstep_ggml.h"

#include <ggml-backend.h>

void gradstep_ggml_prepare(struct ggml_opt_params* params) {
  params->build_type = GGML_OPT_BUILD_TYPE_OPT; /* ggml_opt_grad_acc needs this graph */
  params->opt_period = GRADSTEP_GGML_PERIOD;
  params->optimizer = GGML_OPT_OPTIMIZER_TYPE_SGD;
}

static int is_plain(const struct ggml_tensor* of) {
  return of->type == GGML_TYPE_F32 && ggml_is_contiguous(of) &&
         (!of->buffer || ggml_backend_buffer_is_host(of->buffer));
}

static uint64_t columns_of(const struct ggml_tensor* of) { return (uint64_t)of->ne[0]; }

/* 0: one row, which is a flat tensor. */
static uint64_t rows_of(const struct ggml_tensor* of) {
  return ggml_nrows(of) > 1 ? (uint64_t)of->ne[1] : 0;
}

gradstep_status gradstep_ggml_add(gradstep_optimizer* optimizer, size_t group,
                                  ggml_opt_context_t opt, struct ggml_tensor* node) {
  struct ggml_tensor* grad = ggml_opt_grad_acc(opt, node);
  const uint64_t rows = rows_of(node);
  if (!grad || !is_plain(node) || !is_plain(grad)) return GRADSTEP_UNSUPPORTED;
  return gradstep_optimizer_add_arrays(optimizer, group, node->name, (uint64_t)ggml_nelements(node),
                                       rows, rows ? columns_of(node) : 0, GRADSTEP_FLOAT32,
                                       node->data, GRADSTEP_FLOAT32, grad->data, NULL);
}

/* ggml calls it on each of nth threads. */
static void make_part(struct ggml_tensor* dst, const struct ggml_tensor* node,
                      const struct ggml_tensor* grad, int ith, int nth, void* userdata) {
  gradstep_ggml_operator* step = userdata;
  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = (uint64_t)ggml_nelements(node),
                                  .rows = rows_of(node),
                                  .columns = rows_of(node) ? columns_of(node) : 0,
                                  .param = {.data = dst->data, .dtype = GRADSTEP_FLOAT32},
                                  .grad = {.data = grad->data, .dtype = GRADSTEP_FLOAT32},
                                  .slots = step->slots,
                                  .slot_count = step->slot_count};
  const gradstep_status status = gradstep_apply_part(step->context, step->rule, &tensor, 1,
                                                     step->options, (size_t)ith, (size_t)nth, NULL);
  if (ith == 0) step->status = status; /* a wrong argument is refused by all threads alike */
}

struct ggml_tensor* gradstep_ggml_step(struct ggml_context* ctx, struct ggml_tensor* node,
                                       struct ggml_tensor* grad, gradstep_ggml_operator* step) {
  GGML_ASSERT(is_plain(node) && grad && is_plain(grad));
  return ggml_map_custom2_inplace(ctx, node, grad, make_part, GGML_N_TASKS_MAX, step);
}
