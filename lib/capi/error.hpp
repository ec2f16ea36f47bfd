// SPDX-License-Identifier: Apache-2.0
//
// Failures as the C interface reports them: a status, and a sentence per thread.
#pragma once

#include <gradstep/gradstep.h>

#include "base/failure.hpp"
#include "base/text.hpp"

namespace gradstep::internal {

/// Sets the sentence that gradstep_last_error returns on this thread, and returns the status. The
/// format is printf's; numbers of type double go through to_text(), because printf follows the
/// host's locale. Needs no memory. A sentence that is too long is cut.
[[gnu::format(printf, 2, 3)]] gradstep_status fail(gradstep_status status, const char* format,
                                                   ...) noexcept;

/// INVALID_ARGUMENT: "rule is NULL", say.
gradstep_status fail_as_null(const char* argument) noexcept;

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
