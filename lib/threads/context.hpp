// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/isa.hpp"
#include "threads/thread_team.hpp"

namespace gradstep::internal {

/// Which threads run a step, and which instruction set. Immutable.
struct context {
  const isa_level* isa;
  std::size_t thread_count;
  bool flush_to_zero;
  std::size_t serial_below;  // elements
  std::size_t piece_size;    // elements; 0: chosen per step
  std::unique_ptr<thread_team> team;
};

}  // namespace gradstep::internal
