// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gradstep_test {

/// What a system call of a save does in place of its work. The calls: pwrite, fchmod, fsync (of the
/// file), "fsync folder", close, renameat.
enum class fault { none, fails, is_interrupted, is_short, kills };

/// From now on, records the calls. The index-th call has the fault; if it cannot have it (a short
/// fsync, say), it does its work.
void record_calls(fault fault, std::size_t index);

/// Stops recording; gives the names of the calls.
std::vector<std::string> recorded_calls();

/// From now on, every call of that name fails with this error number; 0: no call fails. Names:
/// those above, "flock", "open folder" (an open for reading), and "renameat late", which renames
/// before it fails.
void fail_always(const std::string& name, int error);

}  // namespace gradstep_test
