// SPDX-License-Identifier: Apache-2.0
//
// What the figures depend on besides the code: CPU, threads, compiler, versions.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "caches.hpp"

namespace bench {

struct machine {
  std::vector<std::string> isas;           // instruction sets that the CPU has, from the lowest
  std::string best_isa;                    // the default
  std::size_t thread_count;                // the default
  std::size_t serial_below;                // elements
  std::vector<std::size_t> thread_counts;  // 1, 2, 4 ... and thread_count
  std::vector<cache> caches;
  std::size_t node_count = 1;  // NUMA nodes
};

machine this_machine();

/// "software" of a result.
nlohmann::json software_facts(const machine& m);

}  // namespace bench
