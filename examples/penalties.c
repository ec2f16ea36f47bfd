/* SPDX-License-Identifier: Apache-2.0
 *
 * An L1 penalty, which drives params that the loss hardly needs to 0, and weight decay before or
 * after the step. C99.
 */
#include <gradstep/gradstep.h>

#include <stdio.h>

#define TRY(call)                                                \
  do {                                                           \
    if ((call) != GRADSTEP_OK) {                                 \
      fprintf(stderr, "penalties: %s\n", gradstep_last_error()); \
      goto done;                                                 \
    }                                                            \
  } while (0)

enum { n = 3 };
static double param[n], grad[n], state[3][n];

/* To three decimals, so that what is almost 0 is printed without a sign. */
static double rounded(double x) { return (double)(long)(1000 * x + (x < 0 ? -0.5 : 0.5)) / 1000; }

/* Steps towards `goal` from 0; the loss is the sum of (param - goal)^2 / 2. */
static gradstep_status run(const gradstep_context* context, const gradstep_rule* rule,
                           size_t slot_count, const double goal[n], int steps) {
  gradstep_status status = GRADSTEP_OK;
  gradstep_array slots[3] = {{.data = state[0], .dtype = GRADSTEP_FLOAT64},
                             {.data = state[1], .dtype = GRADSTEP_FLOAT64},
                             {.data = state[2], .dtype = GRADSTEP_FLOAT64}};
  gradstep_tensor tensor = {.struct_size = sizeof tensor,
                            .count = n,
                            .param = {.data = param, .dtype = GRADSTEP_FLOAT64},
                            .grad = {.data = grad, .dtype = GRADSTEP_FLOAT64},
                            .slots = slots,
                            .slot_count = slot_count};
  gradstep_apply_options options = {.struct_size = sizeof options};
  for (int i = 0; i < n; ++i) param[i] = state[0][i] = state[1][i] = state[2][i] = 0;
  for (options.step = 1; options.step <= (uint64_t)steps; ++options.step) {
    for (int i = 0; i < n; ++i) grad[i] = param[i] - goal[i];
    status = gradstep_apply(context, rule, &tensor, 1, &options, NULL);
    if (status != GRADSTEP_OK) break;
  }
  return status;
}

int main(void) {
  int exit_code = 1;
  const double goal[n] = {1, 0.125, -2};
  gradstep_context* context = NULL;
  gradstep_rule *sgd = NULL, *adamw = NULL;

  TRY(gradstep_context_create(NULL, &context));
  TRY(gradstep_rule_create("sgd", &sgd));
  TRY(gradstep_rule_set(sgd, "lr", 0.001));
  for (int i = 0; i < 2; ++i) {
    const double penalty = i * 0.25;
    TRY(gradstep_rule_set(sgd, "l1_penalty", penalty));
    TRY(run(context, sgd, 1, goal, 20000));
    printf("l1_penalty %.2f: %.3f %.3f %.3f\n", penalty, rounded(param[0]), rounded(param[1]),
           rounded(param[2]));
  }

  TRY(gradstep_rule_create("adamw", &adamw));
  TRY(gradstep_rule_set(adamw, "lr", 0.5));
  TRY(gradstep_rule_set(adamw, "weight_decay", 0.5));
  for (int i = 0; i < 2; ++i) {
    TRY(gradstep_rule_set(adamw, "decay_after_step", i));
    TRY(run(context, adamw, 3, goal, 1));
    printf("decay_after_step %d: %.3f %.3f %.3f\n", i, param[0], param[1], param[2]);
  }
  exit_code = 0;
done:
  gradstep_rule_destroy(adamw);
  gradstep_rule_destroy(sgd);
  gradstep_context_destroy(context);
  return exit_code;
}
