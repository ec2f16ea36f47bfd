/* SPDX-License-Identifier: Apache-2.0
 *
 * A host like ggml: its threads are already inside an operator, each with its number ith of nth.
 * Each thread makes its part of the step, and a barrier ends the operator. The bits are those of
 * one call. C99 and POSIX threads. With gradstep installed:
 *
 *     cc -std=c99 -pthread inside_an_operator.c $(pkg-config --cflags --libs gradstep)
 */
#define _POSIX_C_SOURCE 200809L
#include <gradstep/gradstep.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { n = 100000, nth = 4, steps = 10 };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "inside_an_operator: %s\n", gradstep_last_error());
  exit(1);
}

static gradstep_context* context;
static gradstep_rule* rule;
static pthread_barrier_t barrier;

static float param[2][n], grad[n], exp_avg[2][n], exp_avg_sq[2][n]; /* [0]: in parts */

static void step(int which, uint64_t t, size_t ith) {
  const gradstep_array slots[] = {{.data = exp_avg[which], .dtype = GRADSTEP_FLOAT32},
                                  {.data = exp_avg_sq[which], .dtype = GRADSTEP_FLOAT32},
                                  {.data = NULL}};
  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = n,
                                  .param = {.data = param[which], .dtype = GRADSTEP_FLOAT32},
                                  .grad = {.data = grad, .dtype = GRADSTEP_FLOAT32},
                                  .slots = slots,
                                  .slot_count = 3};
  const gradstep_apply_options options = {.struct_size = sizeof options, .step = t};
  if (which == 0) {
    must(gradstep_apply_part(context, rule, &tensor, 1, &options, ith, nth, NULL));
  } else {
    must(gradstep_apply(context, rule, &tensor, 1, &options, NULL));
  }
}

static void* compute(void* ith) {
  for (uint64_t t = 1; t <= steps; ++t) {
    step(0, t, *(const size_t*)ith);
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

int main(void) {
  const gradstep_context_options one_thread = {.struct_size = sizeof one_thread, .thread_count = 1};
  size_t numbers[nth];
  pthread_t threads[nth];

  must(gradstep_context_create(&one_thread, &context)); /* parts need no other threads */
  must(gradstep_rule_create("adamw", &rule));
  for (int i = 0; i < n; ++i) grad[i] = (float)(i % 7) - 3;
  pthread_barrier_init(&barrier, NULL, nth);
  for (size_t i = 0; i < nth; ++i) {
    numbers[i] = i;
    if (pthread_create(&threads[i], NULL, compute, &numbers[i]) != 0) return 1;
  }
  for (size_t i = 0; i < nth; ++i) pthread_join(threads[i], NULL);
  for (uint64_t t = 1; t <= steps; ++t) step(1, t, 0);
  printf("%d steps by %d threads inside an operator: param[1] = %.6f, %s\n", steps, nth,
         (double)param[0][1],
         memcmp(param[0], param[1], sizeof param[0]) == 0 ? "the bits of one call" : "other bits");
  pthread_barrier_destroy(&barrier);
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  return 0;
}
