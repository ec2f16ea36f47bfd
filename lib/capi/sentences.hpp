// SPDX-License-Identifier: Apache-2.0
//
// Where each thread's sentence about its last failure is kept.
#pragma once

#include <cstddef>

#include "base/failure.hpp"

namespace gradstep::internal {

/// This thread's place for a sentence, `sentence_size` bytes that stay the thread's until it ends;
/// empty at first. Null where there is no memory for one. It can be called at any time: before the
/// library's own initialisation, from destructors of static, thread_local and thread-specific
/// objects, from any number of threads.
char* sentence_place() noexcept;

/// What is in it; "" where this thread has none.
const char* sentence() noexcept;

}  // namespace gradstep::internal
