// SPDX-License-Identifier: Apache-2.0
#include "capi/handles.hpp"
#include "capi/structs.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_flags(const gradstep_context_options& o) noexcept {
  constexpr std::uint64_t known = GRADSTEP_CONTEXT_CALLER_ARENA | GRADSTEP_CONTEXT_PIN_THREADS |
                                  GRADSTEP_CONTEXT_FLUSH_TO_ZERO | GRADSTEP_CONTEXT_SERIAL_BELOW |
                                  GRADSTEP_CONTEXT_PIECE_SIZE;
  return check_known_flags("options.flags", o.flags, known);
}

/// Throws failure where options exclude each other.
void check_combination(const gradstep_context_options& o) {
  const bool uses_caller_arena = has(o, GRADSTEP_CONTEXT_CALLER_ARENA);
  if (uses_caller_arena && o.parallel_for != nullptr) {
    refuse(GRADSTEP_INVALID_ARGUMENT,
           "options.parallel_for and GRADSTEP_CONTEXT_CALLER_ARENA exclude each other");
  }
  if (o.parallel_for == nullptr && o.pool != nullptr) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "options.pool is set but options.parallel_for is NULL");
  }
  const bool has_own_arena = !uses_caller_arena && o.parallel_for == nullptr;
  if (has(o, GRADSTEP_CONTEXT_PIN_THREADS) && !has_own_arena) {
    refuse(GRADSTEP_INVALID_ARGUMENT,
           "GRADSTEP_CONTEXT_PIN_THREADS needs an arena of the context's own: without "
           "GRADSTEP_CONTEXT_CALLER_ARENA and options.parallel_for");
  }
}

context_options options_of(const gradstep_context_options& o) noexcept {
  context_options result;
  result.isa = o.isa;
  result.thread_count = o.thread_count;
  result.flush_to_zero = has(o, GRADSTEP_CONTEXT_FLUSH_TO_ZERO);
  result.pins_threads = has(o, GRADSTEP_CONTEXT_PIN_THREADS);
  result.uses_caller_arena = has(o, GRADSTEP_CONTEXT_CALLER_ARENA);
  result.parallel_for = o.parallel_for;
  result.pool = o.pool;
  if (has(o, GRADSTEP_CONTEXT_SERIAL_BELOW)) result.serial_below = o.serial_below;
  if (has(o, GRADSTEP_CONTEXT_PIECE_SIZE)) result.piece_size = o.piece_size;
  return result;
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
  if (context == nullptr) return fail_as_null("context");
  return guarded([&] {
    context_options wanted;
    if (options != nullptr) {
      input_struct<gradstep_context_options> fields;
      if (const auto s = fields.read(options, "options"); s != GRADSTEP_OK) return s;
      if (const auto s = check_flags(*fields); s != GRADSTEP_OK) return s;
      check_combination(*fields);
      wanted = options_of(*fields);
    }
    *context = new gradstep_context{make_context(wanted)};
    return GRADSTEP_OK;
  });
}

void gradstep_context_destroy(gradstep_context* context) { delete context; }

gradstep_status gradstep_context_describe(const gradstep_context* context,
                                          gradstep_context_info* info) {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_output_struct(info, "info"); s != GRADSTEP_OK) return s;
  const auto& c = context->value;
  const std::size_t threads = c.team->is_inherited() ? 1 : c.thread_count;
  fill_output(info,
              {0, c.isa->kernels->isa, threads, c.serial_below, c.piece_size, c.team->kind()});
  return GRADSTEP_OK;
}

}  // extern "C"
