// SPDX-License-Identifier: Apache-2.0
#include "chain.hpp"

#include <cstdint>

namespace bench {

void run_chain() {
  std::uint64_t value = 1;
  for (int i = 0; i < 10000; ++i) {
    value *= 0x9e3779b97f4a7c15;
#if defined(__GNUC__)
    __asm__ volatile("" : "+r"(value));  // the product has to be there before the next one begins
#endif
  }
}

}  // namespace bench
