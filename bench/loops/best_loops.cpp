// SPDX-License-Identifier: Apache-2.0
#include <gradstep/gradstep.h>

#include <cstring>

#include "level_loops.hpp"

namespace bench {

namespace baseline {
extern const level_loops loops;
}
#if defined(__x86_64__)
namespace avx2 {
extern const level_loops loops;
}
namespace avx512 {
extern const level_loops loops;
}
#endif

namespace {

/// Whether the library finds that instruction set in this CPU.
[[maybe_unused]] bool has(const char* isa) {
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (std::strcmp(gradstep_isa_name(i), isa) == 0) return gradstep_isa_is_available(i) != 0;
  }
  return false;
}

const level_loops& find_best() {
#if defined(__x86_64__)
  if (has("avx512")) return avx512::loops;
  if (has("avx2")) return avx2::loops;
#endif
  return baseline::loops;
}

}  // namespace

const level_loops& best_loops() {
  static const level_loops& best = find_best();
  return best;
}

}  // namespace bench
