// SPDX-License-Identifier: Apache-2.0
//
// Makes every call of the library, for tools that watch a program's memory. Prints nothing. Exits
// with 1 when a call failed that should succeed. Usage: every_call FOLDER
#include "guest/every_call.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = std::string(argv[1]) + "/every_call.state";
  bool is_good = true;
  for (size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) == 0) continue;
    for (const threading kind : {threading::serial, threading::host_pool}) {
      is_good = make_every_call(make_context(gradstep_isa_name(i), kind), path) && is_good;
    }
  }
  return is_good ? 0 : 1;
}
