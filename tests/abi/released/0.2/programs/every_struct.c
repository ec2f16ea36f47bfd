/* SPDX-License-Identifier: Apache-2.0
 *
 * Uses every struct that has a struct_size, in the calls that take it. Prints the structs' names
 * and, last, how many they are.
 *
 * grown_library.sh compiles this program with today's header, and with one whose structs have grown
 * (-DGROWN). It runs both with today's library and with the grown one.
 * Usage: every_struct "today" or "grown", whichever library it runs with */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "placed_struct.h"

enum { count = 300 };
static gradstep_context* context;
static gradstep_rule* rule;
static gradstep_optimizer* optimizer;
static float params[4][count], grads[4][count];

static gradstep_status context_create(void* s) {
  gradstep_context* made = NULL;
  const gradstep_status status = gradstep_context_create(s, &made);
  gradstep_context_destroy(made);
  return status;
}
static gradstep_status optimizer_create(void* s) {
  gradstep_optimizer* made = NULL;
  const gradstep_status status = gradstep_optimizer_create(context, s, &made);
  gradstep_optimizer_destroy(made);
  return status;
}
static gradstep_status set_options(void* s) { return gradstep_optimizer_set_options(optimizer, s); }
static gradstep_status add_group(void* s) {
  static char name[] = "group a";
  gradstep_group_options* options = s;
  options->name = name;
  ++name[6];
  return gradstep_optimizer_add_group(optimizer, options, NULL);
}
static gradstep_status step(void* s) { return gradstep_optimizer_step(optimizer, s, NULL); }
static gradstep_status step_in_parts(void* s) {
  const gradstep_status status = gradstep_optimizer_begin_step(optimizer, s);
  return status == GRADSTEP_OK ? gradstep_optimizer_end_step(optimizer, NULL) : status;
}
static gradstep_status step_result(void* s) { return gradstep_optimizer_step(optimizer, NULL, s); }
static gradstep_status end_step(void* s) {
  check_ok(gradstep_optimizer_begin_step(optimizer, NULL), "begin_step");
  return gradstep_optimizer_end_step(optimizer, s);
}

static void check_options(void) {
  gradstep_group_options* group = MAKE(gradstep_group_options);
  group->rule = rule;
  INPUT(MAKE(gradstep_context_options), context_create);
  INPUT(MAKE(gradstep_optimizer_options), optimizer_create);
  INPUT(MAKE(gradstep_optimizer_options), set_options);
  INPUT(group, add_group);
  INPUT(MAKE(gradstep_step_options), step);
  INPUT(MAKE(gradstep_step_options), step_in_parts);
  OUTPUT(MAKE(gradstep_apply_result), step_result);
  OUTPUT(MAKE(gradstep_apply_result), end_step);
}

static void fill_tensor(gradstep_tensor* tensor, size_t i) {
  tensor->count = count;
  tensor->param.data = params[i];
  tensor->grad.data = grads[i];
  tensor->param.dtype = tensor->grad.dtype = GRADSTEP_FLOAT32;
}
static gradstep_status add_tensor(void* s) {
  static char name[] = "tensor a";
  ++name[7];
  fill_tensor(s, 3);
  ((gradstep_tensor*)s)->count = 0; /* no two tensors share elements */
  return gradstep_optimizer_add_tensor(optimizer, 0, name, s, NULL);
}

enum { list_size = 3 };
static gradstep_tensor* list;
static gradstep_apply_options* apply_options;
static gradstep_status apply(void* s) {
  (void)s; /* one of the list */
  return gradstep_apply(context, rule, list, list_size, apply_options, NULL);
}
static gradstep_status apply_with(void* s) {
  return gradstep_apply(context, rule, list, list_size, s, NULL);
}
static gradstep_status apply_result(void* s) {
  return gradstep_apply(context, rule, list, list_size, apply_options, s);
}
static gradstep_status norm(void* s) { return gradstep_gradient_norm(context, list, list_size, s); }

/* The list's elements follow each other, so what is read beyond one is the next one's struct_size.
 */
static void check_tensors(void) {
  static gradstep_array slots[1];
  gradstep_norm_result* found = MAKE(gradstep_norm_result);
  size_t i;
  list = make(sizeof *list, list_size, "gradstep_tensor");
  for (i = 0; i < list_size; ++i) {
    fill_tensor(&list[i], i);
    list[i].slots = slots;
    list[i].slot_count = 1;
    grads[i][0] = 2;
  }
  apply_options = MAKE(gradstep_apply_options);
  apply_options->step = 1;
  INPUT(apply_options, apply_with);
  for (i = 0; i < list_size; ++i) INPUT(&list[i], apply);
  OUTPUT(MAKE(gradstep_apply_result), apply_result);
  OUTPUT(found, norm);
  check(found->norm * found->norm > 11.99 && found->norm * found->norm < 12.01,
        "the norm of the list", "wrong");
  INPUT(MAKE(gradstep_tensor), add_tensor);
}

static gradstep_status scaler_init(void* s) { return gradstep_loss_scaler_init(s); }
static gradstep_status scaler_update(void* s) { return gradstep_loss_scaler_update(s, 0); }
static gradstep_status set_scaler(void* s) {
  return gradstep_optimizer_set_loss_scaler(optimizer, s);
}
static gradstep_status get_scaler(void* s) {
  return gradstep_optimizer_get_loss_scaler(optimizer, s);
}
static gradstep_status plateau_init(void* s) { return gradstep_plateau_init(s, 0.5); }
static gradstep_status plateau_report(void* s) { return gradstep_plateau_report(s, 1, NULL); }
static gradstep_status set_plateau(void* s) {
  return gradstep_optimizer_set_plateau(optimizer, 0, s);
}
static gradstep_status get_plateau(void* s) {
  return gradstep_optimizer_get_plateau(optimizer, 0, s);
}

/* Structs that the caller keeps: read and filled. */
static void check_states(void) {
  gradstep_loss_scaler* scaler = MAKE(gradstep_loss_scaler);
  gradstep_plateau* plateau = MAKE(gradstep_plateau);
  OUTPUT(scaler, scaler_init);
  INPUT(scaler, scaler_update);
  INPUT(scaler, set_scaler);
  OUTPUT(scaler, get_scaler);
  check(scaler->scale == 65536, "the scale", "wrong");
  OUTPUT(plateau, plateau_init);
  INPUT(plateau, plateau_report);
  INPUT(plateau, set_plateau);
  OUTPUT(plateau, get_plateau);
  check(plateau->lr == 0.5 && plateau->best == 1, "the plateau", "wrong");
}

static gradstep_slot_layout* layout;
static gradstep_status describe_context(void* s) { return gradstep_context_describe(context, s); }
static gradstep_status describe_rule(void* s) { return gradstep_rule_describe("adamw", s); }
static gradstep_status describe_value(void* s) {
  return gradstep_rule_describe_hyperparameter("adamw", 0, s);
}
static gradstep_status describe_slot(void* s) { return gradstep_rule_describe_slot("adamw", 0, s); }
static gradstep_status describe_scalar(void* s) {
  return gradstep_rule_describe_scalar("nadam", 0, s);
}
static gradstep_status slot_layout(void* s) {
  return gradstep_rule_slot_layout(rule, 0, &list[0], 0, s);
}
static gradstep_status slot_layout_of(void* s) {
  return gradstep_rule_slot_layout(rule, 0, s, 0, layout);
}
static gradstep_status describe_schedule(void* s) {
  return gradstep_schedule_describe("cosine", s);
}
static gradstep_status describe_optimizer(void* s) {
  return gradstep_optimizer_describe(optimizer, s);
}
static gradstep_status describe_group(void* s) {
  return gradstep_optimizer_describe_group(optimizer, 0, s);
}
static gradstep_status describe_tensor(void* s) {
  return gradstep_optimizer_describe_tensor(optimizer, 0, s);
}
static gradstep_status load(void* s) {
  char path[] = "/tmp/every_struct.XXXXXX";
  const int file = mkstemp(path);
  gradstep_status status = file < 0 ? GRADSTEP_IO_ERROR : GRADSTEP_OK;
  if (status == GRADSTEP_OK) status = gradstep_optimizer_save(optimizer, path, 0);
  if (status == GRADSTEP_OK) status = gradstep_optimizer_load(optimizer, path, 0, s);
  if (file >= 0) close(file);
  unlink(path);
  return status;
}

static unsigned char checkpoint[1 << 16];
static gradstep_status save_to(void* s) {
  uint64_t size = 0;
  gradstep_save_options* options = s;
  options->memory = checkpoint;
  options->memory_size = sizeof checkpoint;
  return gradstep_optimizer_save_to(optimizer, options, &size);
}
static gradstep_status load_from(void* s) {
  uint64_t size = 0;
  gradstep_load_options* options = s;
  gradstep_save_options* asking = MAKE(gradstep_save_options);
  check_ok(gradstep_optimizer_save_to(optimizer, asking, &size), "save_to");
  options->memory = checkpoint;
  options->memory_size = (size_t)size;
  return gradstep_optimizer_load_from(optimizer, options, NULL);
}

static void check_descriptions(void) {
  OUTPUT(MAKE(gradstep_context_info), describe_context);
  OUTPUT(MAKE(gradstep_rule_info), describe_rule);
  OUTPUT(MAKE(gradstep_hyperparameter_info), describe_value);
  OUTPUT(MAKE(gradstep_slot_info), describe_slot);
  OUTPUT(MAKE(gradstep_scalar_info), describe_scalar);
  layout = MAKE(gradstep_slot_layout);
  OUTPUT(layout, slot_layout);
  INPUT(&list[0], slot_layout_of);
  OUTPUT(MAKE(gradstep_schedule_info), describe_schedule);
  OUTPUT(MAKE(gradstep_optimizer_info), describe_optimizer);
  OUTPUT(MAKE(gradstep_group_info), describe_group);
  OUTPUT(MAKE(gradstep_tensor_info), describe_tensor);
  OUTPUT(MAKE(gradstep_load_result), load);
  INPUT(MAKE(gradstep_save_options), save_to);
  INPUT(MAKE(gradstep_load_options), load_from);
}

int main(int argc, char** argv) {
  int i;
  library_is_grown = argc == 2 && strcmp(argv[1], "grown") == 0;
  check(argc == 2 && (library_is_grown || strcmp(argv[1], "today") == 0), "usage",
        "every_struct today|grown");
  check_ok(gradstep_context_create(NULL, &context), "no context");
  check_ok(gradstep_rule_create("sgd", &rule), "no rule");
  check_ok(gradstep_optimizer_create(context, NULL, &optimizer), "no optimizer");
  check_options();
  check_tensors();
  check_states();
  check_descriptions();
  gradstep_optimizer_destroy(optimizer);
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  for (i = 0; i < name_count; ++i) printf("%s\n", names[i]);
  printf("%d structs in %d calls\n", name_count, call_count);
  return 0;
}
