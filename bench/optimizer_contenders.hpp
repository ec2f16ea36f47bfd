// SPDX-License-Identifier: Apache-2.0
//
// The optimizer's step beside the same work through the stateless call.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <vector>

#include "cases.hpp"
#include "interleave.hpp"

namespace bench {

/// One gradstep_optimizer_step, and what one calls without an optimizer: one gradstep_apply for
/// each group. Both on the same arrays, dealt out to the groups in turn; every second group is
/// without weight decay, as norms and biases are. The context and the tensors' arrays outlive both.
std::vector<contender> optimizer_contenders(const gradstep::context& context,
                                            const rule_variant& variant,
                                            const std::vector<gradstep_tensor>& tensors,
                                            std::size_t group_count);

}  // namespace bench
