// SPDX-License-Identifier: Apache-2.0
//
// A machine for tests.
#pragma once

#include "machine.hpp"

namespace bench {

inline machine fake_machine(std::size_t threads = 2, std::size_t nodes = 1) {
  machine m;
  m.isas = {"baseline", "avx2"};
  m.best_isa = "avx2";
  m.thread_count = threads;
  m.serial_below = 32768;
  m.node_count = nodes;
  for (std::size_t n = 1; n < threads; n *= 2) m.thread_counts.push_back(n);
  m.thread_counts.push_back(threads);
  m.caches = {{1, 32 << 10, 1}, {2, 1 << 20, 1}, {3, 32 << 20, 4}};
  return m;
}

}  // namespace bench
