// SPDX-License-Identifier: Apache-2.0
//
// What the figures depend on besides the code.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct machine {
  std::vector<std::string> isas;  // those the CPU has, from the lowest
  std::string best_isa;           // in use by default
  std::size_t thread_count;       // in use by default
  std::size_t serial_below;       // elements
  // CPU, compiler, versions and the above as text, in the order to print them.
  std::vector<std::pair<std::string, std::string>> context;
};

machine this_machine();

}  // namespace bench
