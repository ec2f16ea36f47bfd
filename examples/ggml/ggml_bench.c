/* SPDX-License-Identifier: Apache-2.0
 *
 * ggml_bench MODEL THREADS: the time of a step of AdamW by ggml's own operator, and by gradstep
 * outside and inside of the graph. MODEL is small (100 tensors of 4096 elements), medium (8 of
 * 2^20) or large (1 of 2^26). */
#define _POSIX_C_SOURCE 199309L
#include <ggml-cpu.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gradstep_ggml.h"

enum { max_tensors = 100, max_repetitions = 15 };

typedef struct model {
  const char* name;
  int tensors, repetitions, inner;
  int64_t elements;
} model;

static const model models[] = {{"small", 100, 15, 50, 4096},
                               {"medium", 8, 7, 1, INT64_C(1) << 20},
                               {"large", 1, 3, 1, INT64_C(1) << 26}};

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "ggml_bench: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

/* One way to step: the same params and gradients for each. */
typedef struct way {
  struct ggml_context* ctx;
  struct ggml_tensor *w[max_tensors], *grad[max_tensors], *m[max_tensors], *v[max_tensors];
  struct ggml_tensor* numbers; /* of ggml's operator */
  struct ggml_cgraph* graph;   /* NULL: outside of a graph */
  struct ggml_cplan plan;
  gradstep_array slots[max_tensors][3];
  gradstep_ggml_operator operators[max_tensors];
  gradstep_apply_options options;
  gradstep_optimizer* optimizer;
  double times[max_repetitions];
  long step;
} way;

static void build(way* of, const model* chosen) {
  const size_t bytes = (size_t)chosen->elements * sizeof(float);
  const struct ggml_init_params size = {.mem_size = (4 * bytes + 4096) * (size_t)chosen->tensors +
                                                    (4U << 20)};
  memset(of, 0, sizeof *of);
  of->ctx = ggml_init(size);
  if (!of->ctx) exit(1);
  of->numbers = ggml_new_tensor_1d(of->ctx, GGML_TYPE_F32, 7);
  for (int k = 0; k < chosen->tensors; ++k) {
    struct ggml_tensor** all[] = {&of->w[k], &of->grad[k], &of->m[k], &of->v[k]};
    for (int i = 0; i < 4; ++i) { /* rows, which ggml's threads share */
      *all[i] = ggml_new_tensor_2d(of->ctx, GGML_TYPE_F32, 64, chosen->elements / 64);
      memset((*all[i])->data, 0, bytes);
    }
    ggml_set_param(of->w[k]);
    ggml_format_name(of->w[k], "w%d", k);
    for (int64_t i = 0; i < chosen->elements; ++i) {
      ((float*)of->w[k]->data)[i] = (float)((i * 7 + k) % 1001 - 500) / 500;
      ((float*)of->grad[k]->data)[i] = (float)((i * 13 + k) % 1009 - 504) / 504;
    }
  }
}

/* The operators of the graph: gradstep's with a rule, otherwise ggml's. */
static void build_graph(way* of, const model* chosen, const gradstep_context* context,
                        const gradstep_rule* rule, int threads) {
  of->graph = ggml_new_graph(of->ctx);
  of->options.struct_size = sizeof of->options;
  for (int k = 0; k < chosen->tensors; ++k) {
    gradstep_array* slots = of->slots[k];
    struct ggml_tensor* step = NULL;
    if (rule) {
      slots[0] = (gradstep_array){.data = of->m[k]->data, .dtype = GRADSTEP_FLOAT32};
      slots[1] = (gradstep_array){.data = of->v[k]->data, .dtype = GRADSTEP_FLOAT32};
      of->operators[k] =
          (gradstep_ggml_operator){context, rule, slots, 3, &of->options, GRADSTEP_OK};
      step = gradstep_ggml_step(of->ctx, of->w[k], of->grad[k], &of->operators[k]);
    } else {
      step = ggml_opt_step_adamw(of->ctx, of->w[k], of->grad[k], of->m[k], of->v[k], of->numbers);
    }
    ggml_build_forward_expand(of->graph, step);
  }
  of->plan = ggml_graph_plan(of->graph, threads, NULL);
  of->plan.work_data = malloc(of->plan.work_size + 1);
}

static gradstep_optimizer* create_optimizer(const way* of, const model* chosen,
                                            const gradstep_context* context,
                                            const gradstep_rule* rule, int32_t slot_dtype) {
  const gradstep_group_options group = {
      .struct_size = sizeof group, .name = "all", .rule = rule, .slot_dtype = slot_dtype};
  gradstep_optimizer* optimizer = NULL;
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  for (int k = 0; k < chosen->tensors; ++k) {
    must(gradstep_optimizer_add_arrays(optimizer, 0, of->w[k]->name, (uint64_t)chosen->elements, 0,
                                       0, GRADSTEP_FLOAT32, of->w[k]->data, GRADSTEP_FLOAT32,
                                       of->grad[k]->data, NULL));
  }
  return optimizer;
}

static void make_step(way* of) {
  ++of->step;
  of->options.step = (uint64_t)of->step;
  const float numbers[] = {1e-3F,
                           0.9F,
                           0.999F,
                           1e-8F,
                           0.01F,
                           1 / (1 - powf(0.9F, (float)of->step)),
                           1 / (1 - powf(0.999F, (float)of->step))};
  memcpy(of->numbers->data, numbers, sizeof numbers);
  if (of->graph) {
    if (ggml_graph_compute(of->graph, &of->plan) != GGML_STATUS_SUCCESS) exit(1);
    must(of->operators[0].status);
  } else {
    must(gradstep_optimizer_step(of->optimizer, NULL, NULL));
  }
}

static double milliseconds_of(way* of, int inner) {
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int i = 0; i < inner; ++i) make_step(of);
  clock_gettime(CLOCK_MONOTONIC, &end);
  return ((double)(end.tv_sec - begin.tv_sec) * 1e3 +
          (double)(end.tv_nsec - begin.tv_nsec) * 1e-6) /
         inner;
}

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static double median_of(way* of, int count) {
  qsort(of->times, (size_t)count, sizeof of->times[0], compare);
  return of->times[count / 2];
}

static void expect_alike(const way* a, const way* b, const model* chosen) {
  for (int k = 0; k < chosen->tensors; ++k) {
    const float *x = a->w[k]->data, *y = b->w[k]->data;
    for (int64_t i = 0; i < chosen->elements; ++i) {
      if (fabsf(x[i] - y[i]) <= 1e-3F * fmaxf(1, fabsf(x[i]))) continue;
      fprintf(stderr, "ggml_bench: the params differ: %g and %g\n", x[i], y[i]);
      exit(1);
    }
  }
}

static double state_bytes(const way* of, const model* chosen, const gradstep_context* context,
                          const gradstep_rule* rule, int32_t dtype) {
  gradstep_optimizer* optimizer = create_optimizer(of, chosen, context, rule, dtype);
  gradstep_optimizer_info info = {.struct_size = sizeof info};
  must(gradstep_optimizer_describe(optimizer, &info));
  gradstep_optimizer_destroy(optimizer);
  return (double)info.state_bytes / (double)chosen->elements / chosen->tensors;
}

int main(int argc, char** argv) {
  static way ways[3]; /* ggml's own, outside, inside */
  static const char* const where[] = {"", " outside of the graph", " inside of the graph"};
  const model* chosen = NULL;
  const int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
  for (int i = 0; i < 3 && argc > 2; ++i) {
    if (strcmp(models[i].name, argv[1]) == 0) chosen = &models[i];
  }
  if (!chosen || threads < 1) {
    fputs("usage: ggml_bench small|medium|large THREADS\n", stderr);
    return 1;
  }
  const gradstep_context_options options = {.struct_size = sizeof options,
                                            .thread_count = (size_t)threads};
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  must(gradstep_context_create(&options, &context));
  must(gradstep_rule_create("adamw", &rule));
  for (int i = 0; i < 3; ++i) build(&ways[i], chosen);
  build_graph(&ways[0], chosen, NULL, NULL, threads);
  ways[1].optimizer = create_optimizer(&ways[1], chosen, context, rule, 0);
  build_graph(&ways[2], chosen, context, rule, threads);
  for (int r = -1; r < chosen->repetitions; ++r) {
    for (int i = 0; i < 3; ++i) {
      ways[i].times[r < 0 ? 0 : r] = milliseconds_of(&ways[i], chosen->inner);
    }
  }
  const double own = median_of(&ways[0], chosen->repetitions);
  for (int i = 1; i < 3; ++i) {
    const double ours = median_of(&ways[i], chosen->repetitions);
    expect_alike(&ways[0], &ways[i], chosen);
    printf("ggml%s %s %d threads: engine %.4f ms, gradstep %.4f ms, ratio %.2f\n", where[i],
           chosen->name, threads, own, ours, own / ours);
  }
  printf(
      "bytes of state per parameter: engine 8, gradstep %.2f (float32), %.2f (bfloat16), %.2f "
      "(s1e4m3_b256)\n",
      state_bytes(&ways[1], chosen, context, rule, GRADSTEP_FLOAT32),
      state_bytes(&ways[1], chosen, context, rule, GRADSTEP_BFLOAT16),
      state_bytes(&ways[1], chosen, context, rule, GRADSTEP_S1E4M3_B256));
  gradstep_optimizer_destroy(ways[1].optimizer);
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  for (int i = 0; i < 3; ++i) free(ways[i].plan.work_data), ggml_free(ways[i].ctx);
  return 0;
}
