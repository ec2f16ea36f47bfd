// SPDX-License-Identifier: Apache-2.0
#include "listed_passes.hpp"

#include <cstddef>

#include "workload.hpp"

namespace bench {

std::vector<listed_pass> list_passes(const bench_case& c) {
  const gradstep::rule rule(c.variant.rule, c.variant.settings);
  const layout tensor =
      c.tensors.columns == 0 ? flat_layout(block_elements) : matrix_layout(16, 16);
  arrays memory;
  team alone(1);
  const workload w(rule, c.stored, c.flags, tensor, memory, alone);
  std::vector<listed_pass> list;
  for (const pass& p : w.bytes().passes) {
    const char* const verbs[] = {"read", "write", "read, write"};  // in access's order
    listed_pass listed{"", 0};
    for (const stream& s : p) {
      listed.first += (listed.first.empty() ? "" : "; ") + s.name + " (" +
                      verbs[static_cast<std::size_t>(s.mode)] + ")";
      listed.second += s.bytes_per_element();
    }
    list.push_back(std::move(listed));
  }
  return list;
}

}  // namespace bench
