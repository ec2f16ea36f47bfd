// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace gradstep_test {

/// What a call of the system that a save makes (pwrite, fchmod, fsync, close, rename) does
/// in place of its work.
enum class fault { none, fails, is_interrupted, is_short };

/// From now on calls are recorded, and the index-th meets the fault; a call that cannot meet it (an
/// fsync that is short, say) does its work.
void record_calls(fault fault, std::size_t index);

/// Stops that, and gives the names of the calls.
std::vector<std::string> recorded_calls();

}  // namespace gradstep_test
