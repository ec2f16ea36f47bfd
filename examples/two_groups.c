/* SPDX-License-Identifier: Apache-2.0
 *
 * An optimizer with two groups: weights decay, the bias does not. It uses AdamW, a warm-up with
 * half a cosine, and clipping by norm. It saves a checkpoint; a second optimizer loads it and goes
 * on. C99.
 */
#include <gradstep/gradstep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { feature_count = 3, step_count = 400, saved_step = 200 };

/* Ends the program at a failure. The system then frees the optimizers. */
static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "two_groups: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

/* y = bias + sum of weight * x. The line to find: y = 4 + 2 x0 - x1 + 0 x2. */
typedef struct model {
  float weight[feature_count], weight_grad[feature_count], bias, bias_grad;
  gradstep_optimizer* optimizer;
} model;

static void set_gradients(model* m) {
  memset(m->weight_grad, 0, sizeof m->weight_grad);
  m->bias_grad = 0;
  for (int i = 0; i < 8; ++i) { /* the corners of a cube */
    const float x[feature_count] = {(float)(i & 1), (float)(i >> 1 & 1), (float)(i >> 2)};
    float error = m->bias - (4 + 2 * x[0] - x[1]);
    for (int k = 0; k < feature_count; ++k) error += m->weight[k] * x[k];
    for (int k = 0; k < feature_count; ++k) m->weight_grad[k] += error * x[k] / 8;
    m->bias_grad += error / 8;
  }
}

static void add(model* m, const char* name, double decay, float* param, float* grad, size_t count) {
  gradstep_group_options group = {.struct_size = sizeof group, .name = name};
  const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                  .count = count,
                                  .param = {.data = param, .dtype = GRADSTEP_FLOAT32},
                                  .grad = {.data = grad, .dtype = GRADSTEP_FLOAT32}};
  gradstep_rule* rule = NULL;
  gradstep_schedule* schedule = NULL;
  size_t index = 0;
  must(gradstep_rule_create("adamw", &rule));
  must(gradstep_rule_set(rule, "lr", 0.1));
  must(gradstep_rule_set(rule, "weight_decay", decay));
  must(gradstep_schedule_create("cosine", &schedule));
  must(gradstep_schedule_set(schedule, "warmup_steps", 20));
  must(gradstep_schedule_set(schedule, "total_steps", step_count - 20));
  group.rule = rule;
  group.schedule = schedule;
  must(gradstep_optimizer_add_group(m->optimizer, &group, &index));
  gradstep_rule_destroy(rule), gradstep_schedule_destroy(schedule); /* the group has copies */
  must(gradstep_optimizer_add_tensor(m->optimizer, index, name, &tensor, NULL));
}

static void set_up(model* m, const gradstep_context* context) {
  gradstep_optimizer_options options = {.struct_size = sizeof options, .max_norm = 1};
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  *m = (model){0};
  must(gradstep_optimizer_create(context, &options, &m->optimizer));
  add(m, "weight", 0.01, m->weight, m->weight_grad, feature_count);
  add(m, "bias", 0, &m->bias, &m->bias_grad, 1);
}

static void train(model* m, int steps) {
  gradstep_optimizer_info info = {.struct_size = sizeof info};
  gradstep_group_info group = {.struct_size = sizeof group};
  for (int i = 0; i < steps; ++i) {
    set_gradients(m);
    must(gradstep_optimizer_step(m->optimizer, NULL, NULL));
  }
  must(gradstep_optimizer_describe(m->optimizer, &info));
  must(gradstep_optimizer_describe_group(m->optimizer, 0, &group));
  printf("after step %d: y = %.3f %+.3f x0 %+.3f x1 %+.3f x2, the next lr %.4f\n",
         (int)info.step_count, m->bias, m->weight[0], m->weight[1], m->weight[2], group.lr);
}

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "two_groups.safetensors";
  gradstep_context* context = NULL;
  model first, second;
  must(gradstep_context_create(NULL, &context));
  set_up(&first, context);
  train(&first, saved_step);
  must(gradstep_optimizer_save(first.optimizer, path, GRADSTEP_CHECKPOINT_PARAMS));
  printf("saved to %s\n", path);
  train(&first, step_count - saved_step);
  set_up(&second, context);
  must(gradstep_optimizer_load(second.optimizer, path, GRADSTEP_CHECKPOINT_PARAMS, NULL));
  puts("loaded into a second optimizer");
  train(&second, step_count - saved_step);
  const int alike = memcmp(first.weight, second.weight, sizeof first.weight) == 0 &&
                    memcmp(&first.bias, &second.bias, sizeof first.bias) == 0;
  puts(alike ? "both went on alike, to the bit" : "they went on differently");
  return alike ? 0 : 1;
}
