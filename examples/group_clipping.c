/* SPDX-License-Identifier: Apache-2.0
 *
 * Clipping per group. The gradients of a head are a thousand times those of a body. If all are
 * clipped by one norm, the body hardly moves. If the head is clipped by its own norm, the body
 * moves freely. C99.
 */
#include <gradstep/gradstep.h>
#include <stdio.h>
#include <stdlib.h>

enum { body_count = 9000, head_count = 100 };

/* Ends the program at a failure. The system then frees the optimizer. */
static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "group_clipping: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

/* A group with one tensor, whose params are 0 and whose gradients are all the same. max_norm: 0 for
 * none of the group's own. Returns the group's index. */
static size_t add(gradstep_optimizer* optimizer, const char* name, double max_norm, float* param,
                  float* grad, size_t count, float value) {
  gradstep_tensor tensor = {.struct_size = sizeof tensor, .count = count};
  gradstep_group_options group = {.struct_size = sizeof group, .name = name};
  gradstep_rule* rule = NULL;
  size_t index = 0;
  must(gradstep_rule_create("sgd", &rule));
  must(gradstep_rule_set(rule, "lr", 1));
  group.rule = rule;
  if (max_norm > 0) group.flags = GRADSTEP_GROUP_MAX_NORM, group.max_norm = max_norm;
  must(gradstep_optimizer_add_group(optimizer, &group, &index));
  gradstep_rule_destroy(rule);
  for (size_t i = 0; i < count; ++i) param[i] = 0, grad[i] = value;
  tensor.param = (gradstep_array){.data = param, .dtype = GRADSTEP_FLOAT32};
  tensor.grad = (gradstep_array){.data = grad, .dtype = GRADSTEP_FLOAT32};
  must(gradstep_optimizer_add_tensor(optimizer, index, name, &tensor, NULL));
  return index;
}

static void step(const gradstep_context* context, const char* what, double head_max_norm) {
  static float body[body_count], body_grad[body_count], head[head_count], head_grad[head_count];
  gradstep_optimizer_options options = {.struct_size = sizeof options, .max_norm = 1};
  gradstep_apply_result result = {.struct_size = sizeof result};
  gradstep_group_info info = {.struct_size = sizeof info};
  gradstep_optimizer* optimizer = NULL;
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  must(gradstep_optimizer_create(context, &options, &optimizer));
  add(optimizer, "body", 0, body, body_grad, body_count, 0.01f);
  const size_t group = add(optimizer, "head", head_max_norm, head, head_grad, head_count, 10);
  /* A group may also get its max_norm later. Infinity would only tell its norm. */
  must(gradstep_optimizer_set_group_max_norm(optimizer, 0, head_max_norm > 0 ? 1 : 0));
  must(gradstep_optimizer_step(optimizer, NULL, &result));
  must(gradstep_optimizer_describe_group(optimizer, group, &info));
  printf(
      "%s: the norm of all is %.2f, of the head %.2f; the body moves by %.5f, the head by %.2f\n",
      what, result.grad_norm, info.grad_norm, -body[0], -head[0]);
  gradstep_optimizer_destroy(optimizer);
}

int main(void) {
  gradstep_context* context = NULL;
  must(gradstep_context_create(NULL, &context));
  step(context, "one norm", 0);
  step(context, "a norm for each group", 2);
  gradstep_context_destroy(context);
  return 0;
}
