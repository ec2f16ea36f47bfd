/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint in memory: Adam trains two tensors and is saved with a note; AdamW goes on with one
 * of them, under another name and in another group. C99. With gradstep installed:
 *
 *     cc -std=c99 checkpoint_in_memory.c $(pkg-config --cflags --libs gradstep)
 */
#include <gradstep/gradstep.h>

#include <stdio.h>
#include <stdlib.h>

static void check(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "checkpoint_in_memory: %s\n", gradstep_last_error());
  exit(1);
}

/* An optimizer with one group, whose tensors of two elements have gradients of 1. */
static gradstep_optimizer* make(const gradstep_context* context, const char* rule_name,
                                const char* const* names, size_t count, float (*params)[2]) {
  static float grad[2][2] = {{1, 1}, {1, 1}};
  gradstep_optimizer* optimizer;
  gradstep_rule* rule;
  check(gradstep_optimizer_create(context, NULL, &optimizer));
  check(gradstep_rule_create(rule_name, &rule));
  const gradstep_group_options group = {
      .struct_size = sizeof group, .name = rule_name, .rule = rule};
  check(gradstep_optimizer_add_group(optimizer, &group, NULL));
  for (size_t i = 0; i < count; ++i) {
    const gradstep_tensor tensor = {.struct_size = sizeof tensor,
                                    .count = 2,
                                    .param = {.data = params[i], .dtype = GRADSTEP_FLOAT32},
                                    .grad = {.data = grad[i], .dtype = GRADSTEP_FLOAT32}};
    check(gradstep_optimizer_add_tensor(optimizer, 0, names[i], &tensor, NULL));
  }
  gradstep_rule_destroy(rule);
  return optimizer;
}

int main(void) {
  const char* const whole_names[] = {"encoder.weight", "head.weight"};
  const char* const part_names[] = {"weight"};
  float whole_params[2][2] = {{1, 2}, {3, 4}}, part_params[1][2] = {{0, 0}};
  gradstep_context* context;
  check(gradstep_context_create(NULL, &context));
  gradstep_optimizer* whole = make(context, "adam", whole_names, 2, whole_params);
  gradstep_optimizer* part = make(context, "adamw", part_names, 1, part_params);
  for (int step = 0; step < 10; ++step) check(gradstep_optimizer_step(whole, NULL, NULL));
  check(gradstep_optimizer_set_note(whole, "data", "all of it, once"));

  gradstep_save_options to = {.struct_size = sizeof to, .flags = GRADSTEP_CHECKPOINT_PARAMS};
  uint64_t size; /* found out first, because to.memory is NULL */
  check(gradstep_optimizer_save_to(whole, &to, &size));
  to.memory_size = (size_t)size;
  if ((to.memory = malloc(to.memory_size)) == NULL) return 1;
  check(gradstep_optimizer_save_to(whole, &to, NULL));

  const gradstep_load_options from = {
      .struct_size = sizeof from,
      .flags = GRADSTEP_CHECKPOINT_PARAMS | GRADSTEP_CHECKPOINT_ANY_GROUP,
      .memory = to.memory,
      .memory_size = to.memory_size,
      .file_prefix = "encoder."};
  gradstep_load_result result = {.struct_size = sizeof result};
  const char* note;
  check(gradstep_optimizer_load_from(part, &from, &result));
  check(gradstep_optimizer_get_note(part, "data", &note));
  printf("loaded %zu tensor, left %zu; note: %s\n", result.loaded_count, result.extra_count, note);
  printf("saved %.4f, loaded %.4f", whole_params[0][0], part_params[0][0]);
  check(gradstep_optimizer_step(part, NULL, NULL));
  printf(", after step 11 %.4f\n", part_params[0][0]);
  free(to.memory);
  gradstep_optimizer_destroy(part);
  gradstep_optimizer_destroy(whole);
  gradstep_context_destroy(context);
  return 0;
}
