// SPDX-License-Identifier: Apache-2.0
//
// Binding threads to CPUs, on Linux. Elsewhere nothing is bound.
#pragma once

#include <vector>

namespace bench {

/// Binds the calling thread, and those that it starts later, to these CPUs. False if the system
/// refuses.
bool bind_this_thread(const std::vector<int>& cpus);

inline constexpr int unbound = -1;

/// While it lives, the calling thread runs on that CPU alone.
class bound_thread {
 public:
  /// unbound: changes nothing.
  explicit bound_thread(int cpu);
  ~bound_thread();
  bound_thread(const bound_thread&) = delete;
  bound_thread& operator=(const bound_thread&) = delete;

 private:
  std::vector<int> before_;  // empty: nothing was changed
};

}  // namespace bench
