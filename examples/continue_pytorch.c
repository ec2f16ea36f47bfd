/* SPDX-License-Identifier: Apache-2.0
 *
 * Goes on with a run of PyTorch's AdamW: its params, state and step count after step 12 are
 * imported, 12 more steps are taken, and the params are compared with PyTorch's after each.
 * data/record_pytorch_run.py has recorded the run. C99.
 *
 *     usage: continue_pytorch [FILE]
 */
#include <gradstep/gradstep.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { count = 37, done_steps = 12, step_count = 24 };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "continue_pytorch: %s: %s\n", gradstep_status_name(status),
          gradstep_last_error());
  exit(1);
}

/* Reads a line of the file: the key and `count` numbers. */
static void read_numbers(FILE* file, const char* key, double* values) {
  char word[32];
  int is_read = fscanf(file, "%31s", word) == 1 && strcmp(word, key) == 0;
  for (int i = 0; i < count; ++i) is_read = is_read && fscanf(file, "%lf", &values[i]) == 1;
  if (is_read) return;
  fprintf(stderr, "continue_pytorch: the file lacks a line of %s\n", key);
  exit(1);
}

/* An AdamW with the hyper-parameters of the run. */
static gradstep_optimizer* create_optimizer(const gradstep_context* context) {
  gradstep_group_options group = {.struct_size = sizeof group, .name = "all"};
  gradstep_optimizer* optimizer = NULL;
  gradstep_rule* rule = NULL;
  must(gradstep_rule_create("adamw", &rule));
  must(gradstep_rule_set(rule, "lr", 0.02));
  must(gradstep_rule_set(rule, "beta1", 0.85));
  must(gradstep_rule_set(rule, "beta2", 0.97));
  must(gradstep_rule_set(rule, "weight_decay", 0.1));
  must(gradstep_rule_set(rule, "amsgrad", 1));
  group.rule = rule;
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  gradstep_rule_destroy(rule);
  return optimizer;
}

int main(int argc, char** argv) {
  static const char* const slots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  static double param[count], grad[count], values[count];
  const char* path = argc > 1 ? argv[1] : EXAMPLES_PYTORCH_RUN;
  const gradstep_array from = {.data = values, .dtype = GRADSTEP_FLOAT64};
  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = count,
                                  .param = {.data = param, .dtype = GRADSTEP_FLOAT64},
                                  .grad = {.data = grad, .dtype = GRADSTEP_FLOAT64}};
  gradstep_context* context = NULL;
  double largest = 0, difference = 0;
  FILE* file = fopen(path, "r");
  if (file == NULL) {
    fprintf(stderr, "continue_pytorch: cannot read %s\n", path);
    return 1;
  }
  must(gradstep_context_create(NULL, &context));
  gradstep_optimizer* optimizer = create_optimizer(context);
  must(gradstep_optimizer_add_tensor(optimizer, 0, "weight", &tensor, NULL));

  read_numbers(file, "param", param); /* the optimizer uses the caller's param in place */
  for (int s = 0; s < 3; ++s) {
    read_numbers(file, slots[s], values);
    must(gradstep_optimizer_import_array(optimizer, 0, slots[s], &from, count));
  }
  must(gradstep_optimizer_set_tensor_step_count(optimizer, GRADSTEP_ALL_TENSORS, done_steps));
  must(gradstep_optimizer_set_step_count(optimizer, done_steps));

  for (int step = done_steps + 1; step <= step_count; ++step) {
    read_numbers(file, "grad", grad);
    read_numbers(file, "param", values);
    must(gradstep_optimizer_step(optimizer, NULL, NULL));
    for (int i = 0; i < count; ++i) {
      largest = fmax(largest, fabs(values[i]));
      difference = fmax(difference, fabs(values[i] - param[i]));
    }
  }
  fclose(file);
  gradstep_optimizer_destroy(optimizer);
  gradstep_context_destroy(context);
  printf("steps %d to %d: params of up to %.3f differ from PyTorch's by at most %.1e\n",
         done_steps + 1, step_count, largest, difference);
  return 0;
}
