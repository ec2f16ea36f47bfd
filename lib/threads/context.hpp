// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "kernels/isa.hpp"
#include "threads/thread_team.hpp"

namespace gradstep::internal {

/// The size of a piece is a multiple of this many elements: of whole cache lines, so that no two
/// threads write the same line, and of whole strips.
inline constexpr std::size_t piece_multiple = 64;

/// Measured on Zen 4, adamw in float32, as time with 2 threads / time with 1 thread. Steps back to
/// back: 0.8 for 16K elements, 0.6 to 0.9 for 32K, 0.5 from 64K on. Steps 5 ms apart, when the
/// worker has fallen asleep: 2.1, 1.7, 1.4, and still 1.1 for 256K. A lower default would save
/// little, and could double a step's time.
inline constexpr std::size_t default_serial_below = 32768;

/// Which threads run a step, and with which instruction set. Immutable.
struct context {
  const isa_level* isa;
  std::size_t thread_count;  // the most that work on a step, the caller's included
  bool flush_to_zero;
  std::size_t serial_below;  // elements; a smaller step runs on the calling thread alone
  std::size_t piece_size;    // elements; 0: chosen per step
  std::unique_ptr<thread_team> team;
};

/// The choices for a new context. The team is the host's pool if `parallel_for` is set, the
/// caller's arena if `uses_caller_arena`, and otherwise an arena of the context's own or, without
/// oneTBB, the calling thread.
struct context_options {
  const char* isa = nullptr;     // null: GRADSTEP_ISA, or the best that this CPU has
  std::size_t thread_count = 0;  // 0: GRADSTEP_THREADS, or all CPUs that the process may use, or
                                 // 1 without a pool and without oneTBB
  bool flush_to_zero = false;
  bool pins_threads = false;  // only for an arena of the context's own
  bool uses_caller_arena = false;
  gradstep_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
  std::size_t serial_below = default_serial_below;
  std::optional<std::size_t> piece_size;  // rounded up to a multiple of piece_multiple
};

/// Throws failure (UNKNOWN_NAME or UNSUPPORTED for the instruction set, OUT_OF_RANGE for numbers,
/// UNSUPPORTED for threads that this build does not have) or std::bad_alloc. A cancellation of the
/// calling thread waits until the call returns.
context make_context(const context_options& options);

}  // namespace gradstep::internal
