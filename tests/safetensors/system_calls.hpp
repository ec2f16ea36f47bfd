// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gradstep_test {

/// What a call of the system that a save makes does in place of its work: pwrite, fchmod, fsync of
/// the file or "fsync folder", close, renameat.
enum class fault { none, fails, is_interrupted, is_short, kills };

/// From now on calls are recorded, and the index-th meets the fault; a call that cannot meet it (an
/// fsync that is short, say) does its work.
void record_calls(fault fault, std::size_t index);

/// Stops that, and gives the names of the calls.
std::vector<std::string> recorded_calls();

/// From now on every call of that name fails with this error number; 0: none does. Beside those
/// above: "flock", "open folder" (to read it), and "renameat late", which does its work all the
/// same.
void fail_always(const std::string& name, int error);

}  // namespace gradstep_test
