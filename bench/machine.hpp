// SPDX-License-Identifier: Apache-2.0
//
// What the figures depend on besides the code: CPU, threads, compiler, versions.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct machine {
  std::vector<std::string> isas;  // instruction sets that the CPU has, from the lowest
  std::string best_isa;           // the default
  std::size_t thread_count;       // the default
  std::size_t serial_below;       // elements
  // All of it as text, in the order to print it.
  std::vector<std::pair<std::string, std::string>> context;
};

machine this_machine();

}  // namespace bench
