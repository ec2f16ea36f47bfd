// SPDX-License-Identifier: Apache-2.0
//
// A measure of the CPU's clock: a chain of operations that each wait for the one before. Its time is
// a number of cycles, wherever arrays lie.
#pragma once

namespace bench {

/// Takes about 10 microseconds.
void run_chain();

}  // namespace bench
