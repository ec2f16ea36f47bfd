/* SPDX-License-Identifier: Apache-2.0
 *
 * An engine that applies changes itself, as dlib, DL4J, Optimisers.jl and optax do: each step turns
 * the gradient into the change, in place, and the engine adds it to the param. C99.
 */
#include <gradstep/gradstep.h>

#include <stdio.h>

#define TRY(call)                                                  \
  do {                                                             \
    if ((call) != GRADSTEP_OK) {                                   \
      fprintf(stderr, "change_only: %s\n", gradstep_last_error()); \
      goto done;                                                   \
    }                                                              \
  } while (0)

enum { n = 3 };

int main(void) {
  int exit_code = 1;
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  const float goal[n] = {1, -2, 3};
  float param[n] = {0, 0, 0}, grad[n], velocity[n] = {0, 0, 0};
  const gradstep_array slot = {.data = velocity, .dtype = GRADSTEP_FLOAT32};
  gradstep_tensor tensor = {.struct_size = sizeof tensor,
                            .count = n,
                            .param = {.data = param, .dtype = GRADSTEP_FLOAT32},
                            .grad = {.data = grad, .dtype = GRADSTEP_FLOAT32},
                            .slots = &slot,
                            .slot_count = 1};
  gradstep_apply_options options = {.struct_size = sizeof options};

  TRY(gradstep_context_create(NULL, &context));
  TRY(gradstep_rule_create("sgd", &rule));
  TRY(gradstep_rule_set(rule, "lr", 0.125));
  TRY(gradstep_rule_set(rule, "momentum", 0.5));
  tensor.delta = tensor.grad; /* the change replaces the gradient */
  for (options.step = 1; options.step <= 100; ++options.step) {
    for (int i = 0; i < n; ++i) grad[i] = param[i] - goal[i];
    TRY(gradstep_apply(context, rule, &tensor, 1, &options, NULL)); /* only reads param */
    if (options.step <= 2)
      printf("change %d: %g %g %g\n", (int)options.step, grad[0], grad[1], grad[2]);
    for (int i = 0; i < n; ++i) param[i] += grad[i];
  }
  printf("param: %.4f %.4f %.4f\n", param[0], param[1], param[2]);
  exit_code = 0;
done:
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  return exit_code;
}
