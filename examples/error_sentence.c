/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentence of a failure in a buffer of the caller's: what a binding does for a language whose
 * next call may run on another thread. C99. With gradstep installed:
 *
 *     cc -std=c99 error_sentence.c $(pkg-config --cflags --libs gradstep)
 */
#include <gradstep/gradstep.h>

#include <stdio.h>
#include <string.h>

static uint64_t of_double(double number) {
  uint64_t word;
  memcpy(&word, &number, sizeof word);
  return word;
}
static uint64_t of_pointer(const void* pointer) { return (uint64_t)(uintptr_t)pointer; }

int main(void) {
  gradstep_rule* rule = NULL;
  char sentence[200];

  uint64_t create[] = {of_pointer("adamw"), of_pointer(&rule)};
  gradstep_status status = gradstep_call("gradstep_rule_create", create, 2, sentence, 200);
  printf("%s \"%s\"\n", gradstep_status_name(status), sentence);

  uint64_t set[] = {of_pointer(rule), of_pointer("beta2"), of_double(1.5)};
  status = gradstep_call("gradstep_rule_set", set, 3, sentence, 200);
  printf("%s \"%s\"\n", gradstep_status_name(status), sentence);

  status = gradstep_call("gradstep_rule_set", set, 3, sentence, 16); /* cut */
  printf("%s \"%s\"\n", gradstep_status_name(status), sentence);
  gradstep_rule_destroy(rule);
  return 0;
}
