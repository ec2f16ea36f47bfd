/* SPDX-License-Identifier: Apache-2.0
 *
 * Fits w x = y by ggml's own AdamW, and by gradstep outside and inside of the graph: the params
 * agree, and the loss falls. */
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradstep_ggml.h"

enum { inputs = 24, outputs = 8, points = 32, steps = 60, weights = inputs * outputs };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "ggml_step_test: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

typedef struct data {
  float x[points * inputs], y[points * outputs], start[weights];
} data;

static void fill(data* d) {
  for (int i = 0; i < points * inputs; ++i) d->x[i] = sinf((float)(i * i % 1009));
  for (int i = 0; i < weights; ++i) d->start[i] = cosf((float)(3 * i)) / 4;
  memset(d->y, 0, sizeof d->y);
  for (int p = 0; p < points; ++p) {
    for (int o = 0; o < outputs; ++o) {
      for (int i = 0; i < inputs; ++i) {
        d->y[p * outputs + o] += d->x[p * inputs + i] * sinf((float)(o * inputs + i));
      }
    }
  }
}

static struct ggml_opt_optimizer_params own_params(void* userdata) {
  struct ggml_opt_optimizer_params params = ggml_opt_get_default_optimizer_params(userdata);
  params.adamw.alpha = 0.02F;
  params.adamw.wd = 0.1F;
  return params;
}

static gradstep_rule* create_rule(void) {
  gradstep_rule* rule = NULL;
  must(gradstep_rule_create("adamw", &rule));
  must(gradstep_rule_set(rule, "lr", 0.02));
  must(gradstep_rule_set(rule, "weight_decay", 0.1));
  return rule;
}

static gradstep_optimizer* create_optimizer(const gradstep_context* context, ggml_opt_context_t opt,
                                            struct ggml_tensor* w) {
  gradstep_optimizer_options options = {.struct_size = sizeof options,
                                        .flags = GRADSTEP_APPLY_ZERO_GRAD};
  gradstep_rule* rule = create_rule();
  gradstep_group_options group = {.struct_size = sizeof group, .name = "all", .rule = rule};
  gradstep_optimizer* optimizer = NULL;
  must(gradstep_optimizer_create(context, &options, &optimizer));
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  must(gradstep_ggml_add(optimizer, 0, opt, w));
  gradstep_rule_destroy(rule);
  return optimizer;
}

/* By ggml_opt: with ggml's own AdamW, or, with a context, gradstep outside of the graph. `result`
 * becomes the params. Returns the last loss. */
static double run_ggml_opt(const data* d, const gradstep_context* context, float* result) {
  const struct ggml_init_params size = {.mem_size = 1 << 20, .no_alloc = true};
  struct ggml_context *ctx = ggml_init(size), *ctx_compute = ggml_init(size);
  ggml_backend_t backend = ggml_backend_cpu_init();
  ggml_backend_sched_t sched = ggml_backend_sched_new(&backend, NULL, 1, 2048, false, true);
  struct ggml_tensor* x = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, inputs, points);
  struct ggml_tensor* w = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, inputs, outputs);
  ggml_set_param(w);
  ggml_set_name(w, "w");
  struct ggml_tensor* out = ggml_mul_mat(ctx_compute, w, x);
  ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(ctx, backend);
  struct ggml_opt_params params =
      ggml_opt_default_params(sched, GGML_OPT_LOSS_TYPE_MEAN_SQUARED_ERROR);
  double loss = 0, unused = 0;
  params.ctx_compute = ctx_compute;
  params.inputs = x;
  params.outputs = out;
  params.get_opt_pars = own_params;
  if (context) gradstep_ggml_prepare(&params);
  ggml_opt_context_t opt = ggml_opt_init(params);
  ggml_opt_result_t found = ggml_opt_result_init();
  gradstep_optimizer* optimizer = context ? create_optimizer(context, opt, w) : NULL;
  const gradstep_step_options options = {.struct_size = sizeof options,
                                         .flags = GRADSTEP_STEP_GRAD_SCALE,
                                         .grad_scale = GRADSTEP_GGML_PERIOD};
  memcpy(w->data, d->start, sizeof d->start);
  memcpy(x->data, d->x, sizeof d->x);
  for (int step = 0; step < steps; ++step) {
    ggml_opt_alloc(opt, true);
    memcpy(ggml_opt_labels(opt)->data, d->y, sizeof d->y);
    ggml_opt_result_reset(found);
    ggml_opt_eval(opt, found);
    if (context) must(gradstep_optimizer_step(optimizer, &options, NULL));
  }
  ggml_opt_result_loss(found, &loss, &unused);
  memcpy(result, w->data, sizeof d->start);
  gradstep_optimizer_destroy(optimizer);
  ggml_opt_result_free(found);
  ggml_opt_free(opt);
  ggml_backend_sched_free(sched);
  ggml_backend_buffer_free(buffer);
  ggml_backend_free(backend);
  ggml_free(ctx_compute), ggml_free(ctx);
  return loss;
}

/* By a graph whose last operator is gradstep's step. */
static double run_inside(const data* d, const gradstep_context* context, float* result) {
  const struct ggml_init_params size = {.mem_size = 16 << 20};
  struct ggml_context* ctx = ggml_init(size);
  struct ggml_tensor* x = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, inputs, points);
  struct ggml_tensor* y = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, outputs, points);
  struct ggml_tensor* w = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, inputs, outputs);
  ggml_set_param(w);
  struct ggml_tensor* squares = ggml_sqr(ctx, ggml_sub(ctx, ggml_mul_mat(ctx, w, x), y));
  struct ggml_tensor* loss = ggml_scale(ctx, ggml_sum(ctx, squares), 1.0F / (points * outputs));
  ggml_set_loss(loss);
  struct ggml_cgraph* graph = ggml_new_graph_custom(ctx, 128, true);
  ggml_build_forward_expand(graph, loss);
  ggml_build_backward_expand(ctx, graph, NULL);
  float exp_avg[weights] = {0}, exp_avg_sq[weights] = {0};
  const gradstep_array slots[] = {{.data = exp_avg, .dtype = GRADSTEP_FLOAT32},
                                  {.data = exp_avg_sq, .dtype = GRADSTEP_FLOAT32},
                                  {.data = NULL}}; /* max_exp_avg_sq, which amsgrad uses */
  gradstep_rule* rule = create_rule();
  gradstep_apply_options options = {.struct_size = sizeof options};
  gradstep_ggml_operator step = {context, rule, slots, 3, &options, GRADSTEP_OK};
  ggml_build_forward_expand(graph,
                            gradstep_ggml_step(ctx, w, ggml_graph_get_grad(graph, w), &step));
  memcpy(w->data, d->start, sizeof d->start);
  memcpy(x->data, d->x, sizeof d->x);
  memcpy(y->data, d->y, sizeof d->y);
  for (int t = 1; t <= steps; ++t) {
    options.step = (uint64_t)t;
    ggml_graph_reset(graph); /* the gradient of the loss becomes 1 */
    ggml_graph_compute_with_ctx(ctx, graph, 2);
    must(step.status);
  }
  const double last = *(float*)loss->data;
  memcpy(result, w->data, sizeof d->start);
  gradstep_rule_destroy(rule);
  ggml_free(ctx);
  return last;
}

static int agree(const char* what, const float* a, const float* b, double loss, double own_loss) {
  float largest = 0;
  for (int i = 0; i < weights; ++i) largest = fmaxf(largest, fabsf(a[i] - b[i]));
  printf("%s: loss %.5f, ggml's own %.5f, the params differ by at most %g\n", what, loss, own_loss,
         (double)largest);
  return largest < 1e-4F && fabs(loss - own_loss) < 1e-4 * own_loss;
}

int main(void) {
  static data d;
  static float own[weights], outside[weights], inside[weights];
  gradstep_context* context = NULL;
  double moved = 0;
  fill(&d);
  must(gradstep_context_create(NULL, &context));
  const double own_loss = run_ggml_opt(&d, NULL, own);
  const double outside_loss = run_ggml_opt(&d, context, outside);
  const double inside_loss = run_inside(&d, context, inside);
  gradstep_context_destroy(context);
  for (int i = 0; i < weights; ++i) moved += fabs((double)own[i] - d.start[i]) / weights;
  const int is_good = agree("outside", outside, own, outside_loss, own_loss) &
                      agree("inside", inside, own, inside_loss, own_loss);
  return is_good && moved > 0.1 ? 0 : 1;
}
