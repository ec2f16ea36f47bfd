/* SPDX-License-Identifier: Apache-2.0
 *
 * gradstep as the optimizer of ggml's training on the CPU, in two ways: outside of the graph, for
 * ggml_opt, and inside of a graph, as its last operators. C99. Copy this file and gradstep_ggml.c
 * into your program. */
#ifndef EXAMPLES_GGML_GRADSTEP_GGML_H
#define EXAMPLES_GGML_GRADSTEP_GGML_H

#include <ggml-opt.h>
#include <ggml.h>
#include <gradstep/gradstep.h>

/* ---- Outside of the graph ------------------------------------------------------------------ */

/* ggml_opt then computes gradients and never steps: its period is so long that its own step is not
 * reached. The period is a power of two, and means are losses divided by it, so the gradients of
 * GGML_OPT_LOSS_TYPE_SUM are as they are, and those of the other losses need the step's grad_scale
 * GRADSTEP_GGML_PERIOD. (Times 1 / n to accumulate over n evaluations.) */
enum { GRADSTEP_GGML_PERIOD = 1 << 30 };

/* Sets the fields of ggml_opt's params that this needs; ctx_compute, inputs and outputs must be set
 * (static graphs). ggml's own optimizer becomes SGD, which has no state. */
void gradstep_ggml_prepare(struct ggml_opt_params* params);

/* Adds a param of the graph under its ggml name. Its matrices have ne[1] rows of ne[0] columns. The
 * optimizer keeps the pointers to its elements and to its gradient, which ggml_opt_context owns:
 * destroy the optimizer first. The optimizer needs GRADSTEP_APPLY_ZERO_GRAD, or call ggml_opt_reset
 * with false after each step. Fails with GRADSTEP_UNSUPPORTED for a tensor that is not on the host,
 * is no param, or has gaps or another type than float32; else as gradstep_optimizer_add_arrays. */
gradstep_status gradstep_ggml_add(gradstep_optimizer* optimizer, size_t group,
                                  ggml_opt_context_t opt, struct ggml_tensor* node);

/* ---- Inside of the graph ------------------------------------------------------------------- */

/* The step of one param as an operator. The caller sets the fields; they and what they point to
 * stay as long as the graph is computed. Before each computation set options.step. `status` is that
 * of the last computation: anything but GRADSTEP_OK means that a thread changed nothing. */
typedef struct gradstep_ggml_operator {
  const gradstep_context* context;
  const gradstep_rule* rule;   /* neither sums over tensors nor has scalars */
  const gradstep_array* slots; /* of this param, at their initial values */
  size_t slot_count;
  const gradstep_apply_options* options;
  gradstep_status status;
} gradstep_ggml_operator;

/* A node that steps `node` in place, by all threads of the graph's computation. Add it by
 * ggml_build_forward_expand, after ggml_build_backward_expand: `grad` is ggml_graph_get_grad. */
struct ggml_tensor* gradstep_ggml_step(struct ggml_context* ctx, struct ggml_tensor* node,
                                       struct ggml_tensor* grad, gradstep_ggml_operator* step);

#endif
