/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps whose arrays are arguments, for languages that can pin arguments but no pointers in
 * structs. First a stateless step, then an optimizer. C99. With gradstep installed:
 *
 *     cc -std=c99 arrays_as_arguments.c $(pkg-config --cflags --libs gradstep)
 */
#include <gradstep/gradstep.h>

#include <stdio.h>
#include <stdlib.h>

enum { n = 1000, f32 = GRADSTEP_FLOAT32 };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "arrays_as_arguments: %s\n", gradstep_last_error());
  exit(1);
}

int main(void) {
  static float param[n], grad[n], exp_avg[n], exp_avg_sq[n]; /* all 0 */
  static float other[n];
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  gradstep_optimizer* optimizer = NULL;
  gradstep_group_options group = {.struct_size = sizeof group, .name = "all"};

  must(gradstep_context_create(NULL, &context));
  must(gradstep_rule_create("adamw", &rule));
  must(gradstep_rule_set(rule, "lr", 0.01));
  for (uint64_t t = 1; t <= 2000; ++t) {
    for (int i = 0; i < n; ++i) grad[i] = param[i] - 3;
    must(gradstep_apply_arrays(context, rule, t, n, 0, 0, f32, param, f32, grad, 0, exp_avg,
                               exp_avg_sq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  }
  printf("stateless: %.1f\n", (double)param[0]);

  group.rule = rule;
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  must(gradstep_optimizer_add_arrays(optimizer, 0, "other", n, 0, 0, f32, other, f32, grad, NULL));
  for (int t = 1; t <= 2000; ++t) {
    for (int i = 0; i < n; ++i) grad[i] = other[i] - 3;
    must(gradstep_optimizer_step(optimizer, NULL, NULL));
  }
  printf("optimizer: %.1f\n", (double)other[0]);
  gradstep_optimizer_destroy(optimizer);
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  return 0;
}
