// SPDX-License-Identifier: Apache-2.0
#include "threads/context.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/names.hpp"
#include "base/round_up.hpp"
#include "base/text.hpp"
#include "threads/cpu_count.hpp"
#include "threads/uncancelled.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t most_threads = 1024;

/// The environment variable's value; null when it is unset or empty.
const char* environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

/// Null when there is none of that name.
const isa_level* find_isa(std::string_view name) {
  for (const isa_level& level : isa_levels()) {
    if (level.kernels->isa == name) return &level;
  }
  return nullptr;
}

/// The highest that this CPU has.
const isa_level* best_isa() {
  const isa_level* best = nullptr;
  for (const isa_level& level : isa_levels()) {
    if (level.is_available()) best = &level;
  }
  return best;
}

name_suggestions available_isas() {
  const auto levels = isa_levels();
  const auto name_at = [](const void*, std::size_t i) { return isa_levels()[i].kernels->isa; };
  std::size_t count = 0;  // a CPU that has a level has all lower ones
  while (count < levels.size() && levels[count].is_available()) ++count;
  return suggest_names("", count, name_at, nullptr);
}

/// Refuses an instruction set with which this build does not compute as docs/numerics.md states.
/// Each is tried once in a process.
void check_exactness(const isa_level& isa) {
  static std::atomic<std::uint32_t> exact_levels;  // bit i: level i has passed
  const std::uint32_t bit = 1U << (&isa - isa_levels().data());
  if ((exact_levels.load(std::memory_order_relaxed) & bit) != 0) return;
  const auto found = in_step_environment(false, [&] { return isa.kernels->find_inexact(); });
  if (found.type != nullptr) {
    refuse(GRADSTEP_UNSUPPORTED,
           "the instruction set %s: this build's %s of %s is not rounded exactly, so no step would "
           "have the bits it should; build gradstep with another compiler or xsimd",
           isa.kernels->isa, found.name, found.type);
  }
  exact_levels.fetch_or(bit, std::memory_order_relaxed);
}

const isa_level* choose_isa(const char* wanted) {
  const char* source = "options.isa";
  if (wanted == nullptr) {
    wanted = environment_variable("GRADSTEP_ISA");
    source = "GRADSTEP_ISA";
  }
  const isa_level* found = wanted == nullptr ? best_isa() : find_isa(wanted);
  if (found == nullptr && wanted == nullptr) {
    refuse(GRADSTEP_UNSUPPORTED,
           "this CPU can run no instruction set of this build, whose flags name vectors of another "
           "length; build gradstep for this CPU");
  }
  if (found == nullptr) {
    refuse(GRADSTEP_UNKNOWN_NAME,
           "%s = %s is no instruction set of this build; this machine can run %s", source,
           quoted(wanted).text, available_isas().text);
  }
  if (!found->is_available()) {
    refuse(GRADSTEP_UNSUPPORTED, "%s = %s: this CPU lacks it; this machine can run %s", source,
           quoted(wanted).text, available_isas().text);
  }
  check_exactness(*found);
  return found;
}

std::size_t thread_count_from(const char* text) {
  std::size_t count = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, count);
  if (error != std::errc() || stop != end || count < 1 || count > most_threads) {
    refuse(GRADSTEP_OUT_OF_RANGE, "GRADSTEP_THREADS = %s is not a whole number in [1, %zu]",
           quoted(text).text, most_threads);
  }
  return count;
}

std::size_t choose_thread_count(const context_options& o) {
  if (o.thread_count > most_threads) {
    refuse(GRADSTEP_OUT_OF_RANGE, "options.thread_count = %zu is outside [0, %zu]", o.thread_count,
           most_threads);
  }
  if (o.thread_count != 0) return o.thread_count;
  if (const char* text = environment_variable("GRADSTEP_THREADS")) return thread_count_from(text);
  if (o.parallel_for == nullptr && !has_arenas()) return 1;
  return std::min(usable_cpu_count(), most_threads);
}

std::size_t choose_piece_size(std::optional<std::size_t> wanted) {
  if (!wanted) return 0;
  if (*wanted == 0 || *wanted > SIZE_MAX / 2) {
    refuse(GRADSTEP_OUT_OF_RANGE, "options.piece_size = %zu is outside [1, %zu]", *wanted,
           SIZE_MAX / 2);
  }
  return round_up(*wanted, piece_multiple);
}

std::unique_ptr<thread_team> make_team(const context_options& o, std::size_t thread_count) {
  if (o.parallel_for != nullptr) return make_host_pool(o.parallel_for, o.pool);
  if (o.uses_caller_arena) return make_caller_arena();
  return make_own_arena(thread_count, o.pins_threads);
}

}  // namespace

context make_context(const context_options& options) {
  [[maybe_unused]] const uncancelled scope;
  context result{.isa = choose_isa(options.isa),
                 .thread_count = choose_thread_count(options),
                 .flush_to_zero = options.flush_to_zero,
                 .serial_below = options.serial_below,
                 .piece_size = choose_piece_size(options.piece_size),
                 .team = nullptr};
  result.team = make_team(options, result.thread_count);
  result.thread_count = std::min(result.thread_count, result.team->most_threads());
  return result;
}

}  // namespace gradstep::internal
