// SPDX-License-Identifier: Apache-2.0
//
// The header compiles as C++11, and a C++11 program can call the library.
#include <gradstep/gradstep.h>

#define LAYOUT(name, condition) static_assert(condition, #name)
#include "abi/struct_layout.h"

extern "C" const char* gradstep_test_from_cpp11() {
  gradstep_context_options options = {};
  options.struct_size = sizeof options;
  return options.flags == 0 ? gradstep_version_text() : nullptr;
}
