// SPDX-License-Identifier: Apache-2.0
//
// What the passes of rules move, as their formulas need it. The library does not tell, so these
// lists state it, and the roof moves the same bytes pass by pass.
#pragma once

#include <string_view>
#include <vector>

namespace bench {

/// Names of arrays: "param", "grad" or a slot's name.
using array_names = std::vector<std::string_view>;

/// The passes of a step. A pass before the last one only reads. The last one reads and writes the
/// param and the slots, and reads the gradient. Slots of rows and columns are left out: they are
/// small.
struct pass_list {
  std::vector<array_names> reads_before;  // of each pass before the last one
  array_names left_alone;                 // slots that the last pass does not touch
};

/// For a rule that has no list here, that of one pass. A roof of a new rule of several passes is
/// too low until the rule is listed.
const pass_list& passes_of(std::string_view rule, bool is_matrix);

/// Whether the rule sums over tensors before it updates them. Its steps then need a workspace.
bool has_several_passes(std::string_view rule);

}  // namespace bench
