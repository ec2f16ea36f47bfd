// Contexts for C++: include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_CONTEXTS_HPP
#define GRADSTEP_CONTEXTS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

#include <memory>

namespace gradstep {

/// Threads and an instruction set; immutable, and usable by any number of threads at once.
class context {
 public:
  /// The machine's best instruction set and as many threads as the process may use.
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
