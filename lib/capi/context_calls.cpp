// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/float_environment.hpp"
#include "base/names.hpp"
#include "capi/handles.hpp"
#include "capi/structs.hpp"
#include "threads/cpu_count.hpp"
#include "threads/uncancelled.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t most_threads = 1024;

// Zen 4, adamw in float32, the time of 2 threads over that of 1: with steps back to back 0.8 for
// 16K elements, 0.6 to 0.9 for 32K, 0.5 from 64K on; with 5 ms between steps, after which the
// worker sleeps, 2.1, 1.7 and 1.4, and still 1.1 for 256K. Lower would save little and can cost
// double.
constexpr std::size_t default_serial_below = 32768;

constexpr std::size_t piece_multiple = 64;

/// Null when it is not set or empty.
const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

name_suggestions available_isas() {
  const auto name_at = [](const void*, std::size_t i) { return gradstep_isa_name(i); };
  std::size_t count = 0;  // lower ones are available where a higher one is
  while (gradstep_isa_is_available(count) != 0) ++count;
  return suggest_names("", count, name_at, nullptr);
}

/// Whether this build computes with the instruction set as docs/numerics.md states.
gradstep_status check_exactness(const isa_level& isa) {
  static std::atomic<std::uint32_t> exact_levels;  // a bit for each that has been tried
  const std::uint32_t bit = 1U << (&isa - isa_levels().data());
  if ((exact_levels.load(std::memory_order_relaxed) & bit) != 0) return GRADSTEP_OK;
  inexact_operation found;
  {
    const float_environment environment(false);
    found = isa.kernels->find_inexact();
  }
  if (found.type != nullptr) {
    return fail(GRADSTEP_UNSUPPORTED,
                "the instruction set %s: this build's %s of %s is not rounded exactly, so no step "
                "would have the bits it should; build gradstep with another compiler or xsimd",
                isa.kernels->isa, found.name, found.type);
  }
  exact_levels.fetch_or(bit, std::memory_order_relaxed);
  return GRADSTEP_OK;
}

gradstep_status choose_isa(const char* wanted, context& result) {
  const char* source = "options.isa";
  if (wanted == nullptr) {
    wanted = environment("GRADSTEP_ISA");
    source = "GRADSTEP_ISA";
  }
  const isa_level* found = wanted == nullptr ? &best_isa() : find_isa(wanted);
  if (found == nullptr) {
    return fail(GRADSTEP_UNKNOWN_NAME,
                "%s = %s is no instruction set of this build; this machine can run %s", source,
                quoted(wanted).text, available_isas().text);
  }
  if (!found->is_available()) {
    return fail(GRADSTEP_UNSUPPORTED, "%s = %s: this CPU lacks it; this machine can run %s", source,
                quoted(wanted).text, available_isas().text);
  }
  if (const auto s = check_exactness(*found); s != GRADSTEP_OK) return s;
  result.isa = found;
  return GRADSTEP_OK;
}

gradstep_status choose_thread_count(std::size_t wanted, context& result) {
  if (wanted > most_threads) {
    return fail(GRADSTEP_OUT_OF_RANGE, "options.thread_count = %zu is outside [0, %zu]", wanted,
                most_threads);
  }
  if (wanted == 0) {
    if (const char* text = environment("GRADSTEP_THREADS")) {
      const char* end = text + std::strlen(text);
      const auto [stop, error] = std::from_chars(text, end, wanted);
      if (error != std::errc() || stop != end || wanted < 1 || wanted > most_threads) {
        return fail(GRADSTEP_OUT_OF_RANGE,
                    "GRADSTEP_THREADS = %s is not a whole number in [1, %zu]", quoted(text).text,
                    most_threads);
      }
    }
  }
  result.thread_count = wanted != 0 ? wanted : std::min(usable_cpu_count(), most_threads);
  return GRADSTEP_OK;
}

gradstep_status check_flags(const gradstep_context_options& o) {
  constexpr std::uint64_t known = GRADSTEP_CONTEXT_CALLER_ARENA | GRADSTEP_CONTEXT_PIN_THREADS |
                                  GRADSTEP_CONTEXT_FLUSH_TO_ZERO | GRADSTEP_CONTEXT_SERIAL_BELOW |
                                  GRADSTEP_CONTEXT_PIECE_SIZE;
  if (const auto s = check_known_flags("options.flags", o.flags, known); s != GRADSTEP_OK) return s;
  const bool uses_caller_arena = (o.flags & GRADSTEP_CONTEXT_CALLER_ARENA) != 0;
  if (uses_caller_arena && o.parallel_for != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.parallel_for and GRADSTEP_CONTEXT_CALLER_ARENA exclude each other");
  }
  if (o.parallel_for == nullptr && o.pool != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "options.pool is set but options.parallel_for is NULL");
  }
  const bool has_own_arena = !uses_caller_arena && o.parallel_for == nullptr;
  if ((o.flags & GRADSTEP_CONTEXT_PIN_THREADS) != 0 && !has_own_arena) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "GRADSTEP_CONTEXT_PIN_THREADS needs an arena of the context's own: without "
                "GRADSTEP_CONTEXT_CALLER_ARENA and options.parallel_for");
  }
  return GRADSTEP_OK;
}

gradstep_status choose_sizes(const gradstep_context_options& o, context& result) {
  result.flush_to_zero = (o.flags & GRADSTEP_CONTEXT_FLUSH_TO_ZERO) != 0;
  result.serial_below =
      (o.flags & GRADSTEP_CONTEXT_SERIAL_BELOW) != 0 ? o.serial_below : default_serial_below;
  result.piece_size = 0;
  if ((o.flags & GRADSTEP_CONTEXT_PIECE_SIZE) == 0) return GRADSTEP_OK;
  if (o.piece_size == 0 || o.piece_size > SIZE_MAX / 2) {
    return fail(GRADSTEP_OUT_OF_RANGE, "options.piece_size = %zu is outside [1, %zu]", o.piece_size,
                SIZE_MAX / 2);
  }
  result.piece_size = (o.piece_size + piece_multiple - 1) / piece_multiple * piece_multiple;
  return GRADSTEP_OK;
}

std::unique_ptr<thread_team> make_team(const gradstep_context_options& o,
                                       std::size_t thread_count) {
  if (o.parallel_for != nullptr) return make_host_pool(o.parallel_for, o.pool);
  if ((o.flags & GRADSTEP_CONTEXT_CALLER_ARENA) != 0) return make_caller_arena();
  return make_own_arena(thread_count, (o.flags & GRADSTEP_CONTEXT_PIN_THREADS) != 0);
}

gradstep_status make_context(const gradstep_context_options& o, context& result) {
  if (const auto s = check_struct(&o, "options"); s != GRADSTEP_OK) return s;
  if (const auto s = check_flags(o); s != GRADSTEP_OK) return s;
  if (const auto s = choose_isa(o.isa, result); s != GRADSTEP_OK) return s;
  if (const auto s = choose_thread_count(o.thread_count, result); s != GRADSTEP_OK) return s;
  if (const auto s = choose_sizes(o, result); s != GRADSTEP_OK) return s;
  result.team = make_team(o, result.thread_count);
  result.thread_count = std::min(result.thread_count, result.team->most_threads());
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

size_t gradstep_isa_count(void) { return isa_levels().size(); }

const char* gradstep_isa_name(size_t index) {
  return index < isa_levels().size() ? isa_levels()[index].kernels->isa : nullptr;
}

int32_t gradstep_isa_is_available(size_t index) {
  return index < isa_levels().size() && isa_levels()[index].is_available();
}

gradstep_status gradstep_context_create(const gradstep_context_options* options,
                                        gradstep_context** context) {
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  [[maybe_unused]] const uncancelled scope;  // it reads files
  return guarded([&] {
    gradstep_context_options defaults{};
    defaults.struct_size = sizeof defaults;
    auto created = std::make_unique<gradstep_context>();
    const auto status = make_context(options == nullptr ? defaults : *options, created->value);
    if (status == GRADSTEP_OK) *context = created.release();
    return status;
  });
}

void gradstep_context_destroy(gradstep_context* context) { delete context; }

gradstep_status gradstep_context_describe(const gradstep_context* context,
                                          gradstep_context_info* info) {
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
  const auto& c = context->value;
  const std::size_t threads = c.team->is_inherited() ? 1 : c.thread_count;
  fill_output(*info,
              {0, c.isa->kernels->isa, threads, c.serial_below, c.piece_size, c.team->kind()});
  return GRADSTEP_OK;
}

}  // extern "C"
