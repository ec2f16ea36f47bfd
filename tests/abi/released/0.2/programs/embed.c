/* SPDX-License-Identifier: Apache-2.0
 *
 * The shortest useful host of gradstep: fits y = 3 x - 1 with AdamW. C99. With gradstep installed:
 *
 *     cc -std=c99 embed.c $(pkg-config --cflags --libs gradstep) -o embed
 */
#include <gradstep/gradstep.h>

#include <stdio.h>

#define TRY(call)                                            \
  do {                                                       \
    if ((call) != GRADSTEP_OK) {                             \
      fprintf(stderr, "embed: %s\n", gradstep_last_error()); \
      goto done;                                             \
    }                                                        \
  } while (0)

static void squared_error_gradient(const float line[2], float grad[2]) {
  grad[0] = grad[1] = 0;
  for (int i = 0; i < 5; ++i) {
    const float x = (float)i / 2 - 1;
    const float error = line[0] * x + line[1] - (3 * x - 1);
    grad[0] += error * x;
    grad[1] += error;
  }
}

int main(void) {
  int exit_code = 1;
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  float line[2] = {0, 0}, grad[2], exp_avg[2] = {0, 0}, exp_avg_sq[2] = {0, 0};
  const gradstep_array slots[] = {{.data = exp_avg, .dtype = GRADSTEP_FLOAT32},
                                  {.data = exp_avg_sq, .dtype = GRADSTEP_FLOAT32},
                                  {.data = NULL}}; /* for amsgrad, which is off */

  TRY(gradstep_context_create(NULL, &context));
  TRY(gradstep_rule_create("adamw", &rule));
  TRY(gradstep_rule_set(rule, "lr", 0.1));
  TRY(gradstep_rule_set(rule, "weight_decay", 0));

  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = 2,
                                  .param = {.data = line, .dtype = GRADSTEP_FLOAT32},
                                  .grad = {.data = grad, .dtype = GRADSTEP_FLOAT32},
                                  .slots = slots,
                                  .slot_count = 3};
  for (int t = 1; t <= 500; ++t) {
    gradstep_apply_options options = {.struct_size = sizeof options, .step = (uint64_t)t};
    squared_error_gradient(line, grad);
    TRY(gradstep_apply(context, rule, &tensor, 1, &options, NULL));
  }
  printf("y = %.3f x %+.3f\n", line[0], line[1]);
  exit_code = 0;
done:
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  return exit_code;
}
