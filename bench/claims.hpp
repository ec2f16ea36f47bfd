// SPDX-License-Identifier: Apache-2.0
//
// What this library promises of its speed, each beside its limit.
#pragma once

#include <ostream>
#include <vector>

#include "machine.hpp"
#include "reporter.hpp"

namespace bench {

/// Prints each claim with the figure of this run, or that it was not measured. Figures are not
/// tests: a missed limit is printed and nothing more.
void print_claims(std::ostream& out, const machine& m, const std::vector<row>& rows);

}  // namespace bench
