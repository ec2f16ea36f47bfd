// SPDX-License-Identifier: Apache-2.0
//
// Contexts for tests, and the instruction sets that a context can use on this machine.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/host_pools.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

struct context_deleter {
  void operator()(gradstep_context* context) const { gradstep_context_destroy(context); }
};
using context_handle = std::unique_ptr<gradstep_context, context_deleter>;

inline context_handle make_context(const gradstep_context_options& options) {
  gradstep_context* context = nullptr;
  EXPECT_EQ(gradstep_context_create(&options, &context), GRADSTEP_OK) << gradstep_last_error();
  return context_handle(context);
}

inline gradstep_context_options serial_options(const char* isa = nullptr) {
  auto options = sized<gradstep_context_options>();
  options.thread_count = 1;
  options.isa = isa;
  return options;
}

inline context_handle make_serial_context(const char* isa = nullptr, bool flushes_to_zero = false) {
  auto options = serial_options(isa);
  if (flushes_to_zero) options.flags |= GRADSTEP_CONTEXT_FLUSH_TO_ZERO;
  return make_context(options);
}

/// A serial context that the whole program shares.
inline const gradstep_context* serial_context() {
  static const context_handle context = make_serial_context();
  return context.get();
}

inline gradstep_context_info describe_context(const gradstep_context* context) {
  auto info = sized<gradstep_context_info>();
  EXPECT_EQ(gradstep_context_describe(context, &info), GRADSTEP_OK) << gradstep_last_error();
  return info;
}

inline std::string isa_in_use(const gradstep_context* context) {
  const char* isa = describe_context(context).isa;
  return isa == nullptr ? "" : isa;
}

inline std::size_t threads_of(const gradstep_context* context) {
  return describe_context(context).thread_count;
}

/// Whether a context can have threads of its own: not in a build without oneTBB.
inline bool has_own_threads() {
  static const std::string threading = describe_context(serial_context()).threading;
  return threading != "calling thread";
}

/// Options of a context that splits even a small step into pieces of 64 elements, on `thread_count`
/// threads: its own, or those of a host's pool if it can have none.
inline gradstep_context_options split_options(std::size_t thread_count, const char* isa = nullptr) {
  auto options = serial_options(isa);
  options.flags = GRADSTEP_CONTEXT_SERIAL_BELOW | GRADSTEP_CONTEXT_PIECE_SIZE;
  options.thread_count = thread_count;
  options.serial_below = 0;
  options.piece_size = 64;
  if (thread_count > 1 && !has_own_threads()) options.parallel_for = run_on_a_thread_each;
  return options;
}

// ---- Instruction sets -------------------------------------------------------------------------

inline std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) == 1) names.emplace_back(gradstep_isa_name(i));
  }
  return names;
}

/// Calls body(context) for a serial context of each instruction set, with and without
/// FLUSH_TO_ZERO, until a check fails.
template <class Body>
void for_every_context(const Body& body) {
  for (const std::string& isa : available_isas()) {
    for (const bool flushes : {false, true}) {
      SCOPED_TRACE(isa);
      SCOPED_TRACE(flushes ? "flush to zero" : "denormals");
      body(make_serial_context(isa.c_str(), flushes).get());
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// Whether an instruction set has fused multiply-add. All but the baseline of x86 have it.
inline bool fuses(std::string_view isa) {
#if defined(__x86_64__) || defined(_M_X64)
  return isa != "baseline";
#else
  static_cast<void>(isa);
  return true;
#endif
}

/// The instruction sets whose results must be the same bits.
inline std::vector<std::string> fused_isas() {
  auto names = available_isas();
  std::erase_if(names, [](const std::string& isa) { return !fuses(isa); });
  return names;
}

}  // namespace gradstep_test
