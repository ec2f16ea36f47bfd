// SPDX-License-Identifier: Apache-2.0
//
// A step by plain scalar code in the arithmetic of an instruction set, whatever the dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <vector>

#include "support/stored_parameter.hpp"

namespace gradstep_test {

/// Whether the plain code has all that the step needs: it knows neither delta nor FRESH_SLOTS
/// nor tensors without elements.
bool has_oracle(const std::vector<stored_parameter>& list, const gradstep_apply_options& options,
                const gradstep_apply_result& result);

/// Makes the step that the context makes. `result`: what the library's step has found.
void step_by_oracle(const gradstep_context* context, const gradstep_rule* rule,
                    const std::string& rule_name, std::vector<stored_parameter>& list,
                    const gradstep_apply_options& options, const gradstep_apply_result& result);

}  // namespace gradstep_test
