// SPDX-License-Identifier: Apache-2.0
//
// A child of fork() has its parent's memory, but only the thread that forked. Nobody finishes there
// what the parent's other threads had begun.
#pragma once

namespace gradstep::internal {

/// The number of forks that led to this process since watch_forks(). A parent has made whatever was
/// made under another number.
unsigned process_generation() noexcept;

/// From now on a fork changes the child's process_generation(). Throws std::bad_alloc.
void watch_forks();

}  // namespace gradstep::internal
