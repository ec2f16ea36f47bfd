// Contexts. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_CONTEXTS_HPP
#define GRADSTEP_CONTEXTS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

#include <memory>

namespace gradstep {

/// Threads and an instruction set for steps. A context is immutable: any number of threads may use
/// it at the same time.
class context {
 public:
  /// The default options: one thread per CPU that the process may use, and the highest instruction
  /// set that the CPU has. The environment variables GRADSTEP_THREADS and GRADSTEP_ISA override
  /// these defaults.
  context() : context(sized<gradstep_context_options>()) {}
  explicit context(const gradstep_context_options& options) {
    gradstep_context* created = nullptr;
    throw_on_failure(gradstep_context_create(&options, &created));
    handle_.reset(created);
  }

  gradstep_context_info describe() const {
    auto info = sized<gradstep_context_info>();
    throw_on_failure(gradstep_context_describe(handle_.get(), &info));
    return info;
  }
  const gradstep_context* get() const noexcept { return handle_.get(); }

 private:
  struct destroy {
    void operator()(gradstep_context* c) const noexcept { gradstep_context_destroy(c); }
  };
  std::unique_ptr<gradstep_context, destroy> handle_;
};

}  // namespace gradstep

#endif  // GRADSTEP_CONTEXTS_HPP
