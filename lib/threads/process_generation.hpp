// SPDX-License-Identifier: Apache-2.0
//
// A child of fork() has the memory of its parent but only the thread that forked. What other
// threads were to do, nobody does there.
#pragma once

namespace gradstep::internal {

/// Counts the forks that led to this process since it began to watch them: what was made under
/// another number was made by a parent.
unsigned process_generation() noexcept;

/// From now on a fork changes the number, in the child. Throws std::bad_alloc.
void watch_forks();

}  // namespace gradstep::internal
