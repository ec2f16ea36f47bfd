// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "kernels/isa.hpp"
#include "threads/thread_team.hpp"

namespace gradstep::internal {

/// The size of a piece is a multiple of this many elements.
inline constexpr std::size_t piece_multiple = 64;

/// Zen 4, adamw in float32, the time of 2 threads over the time of 1: with steps back to back 0.8
/// for 16K elements, 0.6 to 0.9 for 32K, 0.5 from 64K on; with 5 ms between steps, after which the
/// worker sleeps, 2.1, 1.7 and 1.4, and still 1.1 for 256K. A lower default would save little and
/// could double a step's time.
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

/// What a new context is to be. The team is the host's pool if `parallel_for` is set, else the
/// caller's arena if `uses_caller_arena`, else an arena of the context's own.
struct context_options {
  const char* isa = nullptr;     // null: GRADSTEP_ISA, or the best that this CPU has
  std::size_t thread_count = 0;  // 0: GRADSTEP_THREADS, or all CPUs that the process may use
  bool flush_to_zero = false;
  bool pins_threads = false;  // of the own arena
  bool uses_caller_arena = false;
  gradstep_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
  std::size_t serial_below = default_serial_below;
  std::optional<std::size_t> piece_size;  // rounded up to a multiple of piece_multiple
};

/// Throws failure: UNKNOWN_NAME or UNSUPPORTED for the instruction set, OUT_OF_RANGE for the
/// numbers. Throws std::bad_alloc. The calling thread is not cancelled in here: files are read.
context make_context(const context_options& options);

}  // namespace gradstep::internal
