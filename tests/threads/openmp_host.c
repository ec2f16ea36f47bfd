/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that uses OpenMP: prints the thread count of contexts that it creates before, in and after
 * parallel regions. */
#include <gradstep/gradstep.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t threads_of_a_new_context(void) {
  gradstep_context* context = NULL;
  gradstep_context_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (gradstep_context_create(NULL, &context) != GRADSTEP_OK) exit(1);
  if (gradstep_context_describe(context, &info) != GRADSTEP_OK) exit(1);
  gradstep_context_destroy(context);
  return info.thread_count;
}

int main(int argc, char** argv) {
  (void)argv;
  if (argc == 1) printf("%zu\n", threads_of_a_new_context());
#pragma omp parallel
  {
#pragma omp critical
    printf("%zu\n", threads_of_a_new_context());
  }
  printf("%zu\n", threads_of_a_new_context());
  return 0;
}
