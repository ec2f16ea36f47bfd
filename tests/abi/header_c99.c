/* SPDX-License-Identifier: Apache-2.0
 *
 * The header compiles as C99, and a C program can call the library. */
#include <gradstep/gradstep.h>

#define LAYOUT(name, condition) typedef char layout_##name[(condition) ? 1 : -1]
#include "abi/struct_layout.h"

const char* gradstep_test_from_c99(void);

const char* gradstep_test_from_c99(void) {
  gradstep_context_options options = {0};
  options.struct_size = sizeof options;
  return options.flags == 0 ? gradstep_version_text() : NULL;
}
