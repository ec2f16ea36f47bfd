/* SPDX-License-Identifier: Apache-2.0
 *
 * Averages of params. Noisy gradients keep a param moving around its goal, 3. Its moving average
 * (EMA) and the mean of its last values (SWA) come nearer. Both begin late. A frozen tensor gets
 * its average from gradstep_optimizer_start_average. C99.
 */
#include <gradstep/gradstep.h>
#include <stdio.h>
#include <stdlib.h>

enum { count = 500, step_count = 400 };

/* Ends the program at a failure. The system then frees the optimizer. */
static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "averages: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

/* The mean of the squared distances from the goal. */
static double error_of(const float* values) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += (values[i] - 3.0) * (values[i] - 3.0);
  return sum / count;
}

/* A tensor with an average. */
static size_t add(gradstep_optimizer* optimizer, const char* name, float* param, float* grad,
                  float* average) {
  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = count,
                                  .param = {.data = param, .dtype = GRADSTEP_FLOAT32},
                                  .grad = {.data = grad, .dtype = GRADSTEP_FLOAT32},
                                  .average = {.data = average, .dtype = GRADSTEP_FLOAT32}};
  size_t index = 0;
  must(gradstep_optimizer_add_tensor(optimizer, 0, name, &tensor, &index));
  return index;
}

/* Trains, and averages from a step on, as the options say. */
static void train(const gradstep_context* context, const char* what, int first_averaged,
                  gradstep_optimizer_options averaging) {
  static float param[count], grad[count], average[count], frozen[count], frozen_average[count];
  gradstep_optimizer* optimizer = NULL;
  gradstep_rule* rule = NULL;
  uint64_t random = 1;
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  must(gradstep_rule_create("sgd", &rule));
  must(gradstep_rule_set(rule, "lr", 0.1));
  const gradstep_group_options group = {.struct_size = sizeof group, .name = "all", .rule = rule};
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  gradstep_rule_destroy(rule);
  for (int i = 0; i < count; ++i) param[i] = 0, frozen[i] = 3, frozen_average[i] = 0;
  const size_t weight = add(optimizer, "weight", param, grad, average);
  const size_t kept = add(optimizer, "frozen", frozen, NULL, frozen_average);
  must(gradstep_optimizer_set_frozen(optimizer, kept, 1));
  must(gradstep_optimizer_start_average(optimizer, kept)); /* no step will write it */

  for (int step = 1; step <= step_count; ++step) {
    for (int i = 0; i < count; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      grad[i] = param[i] - 3 + (float)(random >> 40) * 0x1p-22f - 2; /* noise in [-2, 2) */
    }
    if (step == first_averaged) must(gradstep_optimizer_set_options(optimizer, &averaging));
    must(gradstep_optimizer_step(optimizer, NULL, NULL));
  }
  gradstep_tensor_info info = {.struct_size = sizeof info};
  must(gradstep_optimizer_describe_tensor(optimizer, weight, &info));
  printf("%s: mean squared error of the params %.4f, of their average of %d %.4f, frozen %.4f\n",
         what, error_of(param), (int)info.average_count, error_of(average),
         error_of(frozen_average));
  gradstep_optimizer_destroy(optimizer);
}

int main(void) {
  gradstep_optimizer_options options = {.struct_size = sizeof options};
  gradstep_context* context = NULL;
  must(gradstep_context_create(NULL, &context));
  options.flags = GRADSTEP_APPLY_AVERAGE;
  options.average_decay = 0.99;
  train(context, "EMA", 100, options);
  options.flags = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;
  options.average_decay = 0;
  train(context, "SWA", 201, options);
  gradstep_context_destroy(context);
  return 0;
}
