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

enum { count = 1003, most_slots = 8, step_count = 4 };

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

static void print_rule(const gradstep_context* context, const char* isa, const char* name) {
  static float param[count], grad[count], slot[most_slots][count];
  gradstep_array slots[most_slots];
  uint64_t random = 1, hash = UINT64_C(14695981039346656037);
  gradstep_rule* rule = NULL;
  gradstep_rule_info info;
  gradstep_tensor tensor;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  must(gradstep_rule_describe(name, &info));
  must(gradstep_rule_create(name, &rule));
  memset(slot, 0, sizeof slot);
  memset(slots, 0, sizeof slots);
  for (size_t s = 0; s < info.slot_count && s < most_slots; ++s) {
    slots[s].data = slot[s];
    slots[s].dtype = GRADSTEP_FLOAT32;
  }
  memset(&tensor, 0, sizeof tensor);
  tensor.struct_size = sizeof tensor;
  tensor.count = count;
  tensor.param.data = param;
  tensor.grad.data = grad;
  tensor.param.dtype = tensor.grad.dtype = GRADSTEP_FLOAT32;
  tensor.slots = slots;
  tensor.slot_count = info.slot_count;
  fill(param, &random);
  for (uint64_t t = 1; t <= step_count; ++t) {
    gradstep_apply_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.step = t;
    options.flags = GRADSTEP_APPLY_MAX_NORM;
    options.max_norm = 3;
    fill(grad, &random);
    must(gradstep_apply(context, rule, &tensor, 1, &options, NULL));
    hash = hash_of(hash, param, sizeof param);
  }
  printf("%s %s %016llx\n", isa, name, (unsigned long long)hash_of(hash, slot, sizeof slot));
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
