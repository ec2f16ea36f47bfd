// SPDX-License-Identifier: Apache-2.0
//
// Failures of the C interface: a status, and this thread's sentence.
#pragma once

#include <gradstep/gradstep.h>

#include "base/failure.hpp"
#include "base/text.hpp"

namespace gradstep::internal {

/// Sets the sentence that gradstep_last_error gives on this thread, and returns the status. Numbers
/// that are double go through to_text: printf's follow the host's locale. No memory is needed; a
/// sentence that is too long is cut.
[[gnu::format(printf, 2, 3)]] gradstep_status fail(gradstep_status status, const char* format,
                                                   ...) noexcept;

/// The status of the exception that is being handled; sets its sentence. Call it in a catch block.
gradstep_status fail_as_thrown() noexcept;

/// Calls body(), which returns a status, and turns what it throws into one.
template <class Body>
gradstep_status guarded(const Body& body) noexcept {
  try {
    return body();
  } catch (...) {
    return fail_as_thrown();
  }
}

}  // namespace gradstep::internal
