// SPDX-License-Identifier: Apache-2.0
//
// The library's claims of speed, with their limits.
#pragma once

#include <ostream>
#include <vector>

#include "machine.hpp"
#include "reporter.hpp"

namespace bench {

/// Prints each claim that this run measured, its figure, and whether it is met. A claim is not a
/// test: a missed limit is printed and does nothing more. A claim whose interval is too wide is not
/// judged.
void print_claims(std::ostream& out, const machine& m, const std::vector<row>& rows);

}  // namespace bench
