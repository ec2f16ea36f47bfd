// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/context_setup.hpp"
#include "support/plain_steps.hpp"

namespace gradstep_test {

/// Enough elements for 16 pieces of 64, the last one short.
inline constexpr std::size_t split_count = 1003;

/// The bits of a rule's variant after three serial steps.
inline std::vector<std::uint64_t> serial_bits(const variant& v, std::size_t count = split_count) {
  auto target = v.make(count);
  run_steps(serial_context(), v.rule.get(), target);
  return target.snapshot();
}

}  // namespace gradstep_test
