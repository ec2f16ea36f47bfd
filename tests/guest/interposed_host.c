/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads the library into a host that exports functions under the library's names, as a host does
 * that was linked with a static copy of another version. The library must call its own functions
 * (ghorwin/MasterSim 2, apache/pulsar-client-cpp 432). Usage: interposed_host LIBRARY */
#include <dlfcn.h>
#include <gradstep/gradstep.h>
#include <stdio.h>
#include <string.h>

static int stolen_calls = 0;

const char* gradstep_isa_name(size_t index) {
  ++stolen_calls;
  return index == 0 ? "stolen" : NULL;
}
int32_t gradstep_isa_is_available(size_t index) {
  ++stolen_calls;
  return index == 0;
}
size_t gradstep_rule_count(void) {
  ++stolen_calls;
  return 0;
}
const char* gradstep_rule_name(size_t index) {
  (void)index;
  ++stolen_calls;
  return NULL;
}
gradstep_status gradstep_schedule_check(const gradstep_schedule* schedule) {
  (void)schedule;
  ++stolen_calls;
  return GRADSTEP_INTERNAL;
}

/* Declares own_NAME, the library's function. dlsym gives it as a pointer to an object. */
#define OWN(name)                              \
  __typeof__(&name) own_##name;                \
  do {                                         \
    void* found = dlsym(library, #name);       \
    if (found == NULL) return 2;               \
    memcpy(&own_##name, &found, sizeof found); \
  } while (0)

int main(int argument_count, char** arguments) {
  void* library = argument_count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library == NULL) return 2;
  OWN(gradstep_context_create);
  OWN(gradstep_rule_create);
  OWN(gradstep_schedule_create);
  OWN(gradstep_schedule_lr);
  OWN(gradstep_schedule_destroy);

  gradstep_context_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.isa = "none"; /* so that the sentence lists those that there are */
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  gradstep_schedule* schedule = NULL;
  double lr = 0;
  if (own_gradstep_context_create(&options, &context) != GRADSTEP_UNKNOWN_NAME) return 3;
  if (own_gradstep_rule_create("none", &rule) != GRADSTEP_UNKNOWN_NAME) return 3;
  if (own_gradstep_schedule_create("constant", &schedule) != GRADSTEP_OK) return 3;
  const gradstep_status status = own_gradstep_schedule_lr(schedule, 0.5, 1, &lr);
  own_gradstep_schedule_destroy(schedule);
  if (stolen_calls != 0) fprintf(stderr, "the host's functions were called\n");
  return status == GRADSTEP_OK && lr == 0.5 && stolen_calls == 0 ? 0 : 1;
}
