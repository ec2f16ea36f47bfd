// SPDX-License-Identifier: Apache-2.0
//
// A place for each thread's sentence about its last failure.
#pragma once

#include <cstddef>

#include "base/failure.hpp"

namespace gradstep::internal {

/// This thread's place for a sentence: `sentence_size` bytes, empty at first, that stay the
/// thread's until it ends. Null if there is no memory for a place. May be called at any time:
/// before the library's own initialisation; from destructors of static, thread_local and
/// thread-specific objects; from any number of threads.
char* sentence_place() noexcept;

/// This thread's sentence; "" if this thread has no place.
const char* sentence() noexcept;

}  // namespace gradstep::internal
