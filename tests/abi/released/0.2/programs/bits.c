/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints a hash of the bits that each rule computes on each instruction set, a hash of a schedule's
 * values, and a refusal: the same however the library was built. The program itself uses integer
 * arithmetic, so a host's flags change nothing in it.
 */
#include <gradstep/gradstep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { rows = 17, columns = 59, count = rows * columns, step_count = 4 };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "bits: %s\n", gradstep_last_error());
  exit(1);
}

static uint64_t hash_of(uint64_t hash, const void* data, size_t bytes) { /* FNV-1a */
  const unsigned char* byte = (const unsigned char*)data;
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
  return hash;
}

/* Finite numbers of either sign from 2^-27 to 2^4, with some denormals and zeros. */
static void fill(float* values, uint64_t* state) {
  for (int i = 0; i < count; ++i) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint32_t random = (uint32_t)(*state >> 32);
    uint32_t bits = (random & 0x807fffffu) | ((100u + (random >> 8) % 32u) << 23);
    if (i % 17 == 0) bits = random & 0x8000ffffu;
    if (i % 31 == 0) bits = random & 0x80000000u;
    memcpy(values + i, &bits, sizeof bits);
  }
}

/* A slot that the rule does not use at its defaults adds nothing. */
static uint64_t hash_of_slot(uint64_t hash, const gradstep_optimizer* optimizer, const char* rule,
                             size_t index) {
  gradstep_slot_info info;
  gradstep_array slot;
  size_t slot_elements = 0;
  gradstep_status status;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  must(gradstep_rule_describe_slot(rule, index, &info));
  memset(&slot, 0, sizeof slot);
  status = gradstep_optimizer_get_array(optimizer, 0, info.name, &slot, &slot_elements);
  if (status == GRADSTEP_UNSUPPORTED) return hash;
  must(status);
  return hash_of(hash, slot.data, slot_elements * sizeof(float));
}

/* The optimizer makes the state, so that every rule runs, whatever its slots and scalars. */
static void print_rule(const gradstep_context* context, const char* isa, const char* name) {
  static float param[count], grad[count];
  uint64_t random = 1, hash = UINT64_C(14695981039346656037);
  gradstep_rule* rule = NULL;
  gradstep_optimizer* optimizer = NULL;
  gradstep_optimizer_options options;
  gradstep_group_options group;
  gradstep_tensor tensor;
  gradstep_rule_info info;
  must(gradstep_rule_create(name, &rule));
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 3;
  must(gradstep_optimizer_create(context, &options, &optimizer));
  memset(&group, 0, sizeof group);
  group.struct_size = sizeof group;
  group.name = "all";
  group.rule = rule;
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  memset(&tensor, 0, sizeof tensor);
  tensor.struct_size = sizeof tensor;
  tensor.rows = rows;
  tensor.columns = columns;
  tensor.count = count;
  tensor.param.data = param;
  tensor.grad.data = grad;
  tensor.param.dtype = tensor.grad.dtype = GRADSTEP_FLOAT32;
  fill(param, &random);
  must(gradstep_optimizer_add_tensor(optimizer, 0, "matrix", &tensor, NULL));
  for (int t = 1; t <= step_count; ++t) {
    fill(grad, &random);
    must(gradstep_optimizer_step(optimizer, NULL, NULL));
    hash = hash_of(hash, param, sizeof param);
  }
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  must(gradstep_rule_describe(name, &info));
  for (size_t s = 0; s < info.slot_count; ++s) hash = hash_of_slot(hash, optimizer, name, s);
  printf("%s %s %016llx\n", isa, name, (unsigned long long)hash);
  gradstep_optimizer_destroy(optimizer);
  gradstep_rule_destroy(rule);
}

static void print_isa(const char* isa) {
  gradstep_context_options options;
  gradstep_context* context = NULL;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.isa = isa;
  must(gradstep_context_create(&options, &context));
  for (size_t r = 0; r < gradstep_rule_count(); ++r) {
    print_rule(context, isa, gradstep_rule_name(r));
  }
  gradstep_context_destroy(context);
}

static void print_schedule(void) {
  gradstep_schedule* schedule = NULL;
  uint64_t hash = UINT64_C(14695981039346656037);
  must(gradstep_schedule_create("cosine", &schedule));
  must(gradstep_schedule_set(schedule, "total_steps", 97));
  for (uint64_t t = 1; t <= 100; ++t) {
    double lr = 0;
    must(gradstep_schedule_lr(schedule, 0.1, (double)t, &lr));
    hash = hash_of(hash, &lr, sizeof lr);
  }
  printf("cosine %016llx\n", (unsigned long long)hash);
  gradstep_schedule_destroy(schedule);
}

/* A call that fails by an exception inside the library, whatever the host's flags. */
static void print_refusal(void) {
  gradstep_context* context = NULL;
  gradstep_optimizer* optimizer = NULL;
  must(gradstep_context_create(NULL, &context));
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  if (gradstep_optimizer_load(optimizer, "/dev/null", 0, NULL) == GRADSTEP_OK) exit(1);
  printf("%s\n", gradstep_last_error());
  gradstep_optimizer_destroy(optimizer);
  gradstep_context_destroy(context);
}

int main(void) {
  for (size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i)) print_isa(gradstep_isa_name(i));
  }
  print_schedule();
  print_refusal();
  return 0;
}
