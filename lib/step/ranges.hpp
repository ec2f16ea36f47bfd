// SPDX-License-Identifier: Apache-2.0
//
// What a kernel is handed: a tensor of a list, made ready for a step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "step/step_request.hpp"
#include "step/tensor.hpp"

namespace gradstep::internal {

/// Reads the index-th tensor of the request's list and leaves present what the step uses.
/// used_slots: of the request's rule with its values, as bits.
void read_for_step(const step_request& request, std::uint32_t used_slots, std::size_t index,
                   tensor& into);

/// Where pieces may cut a tensor: between blocks of 8-bit slots.
std::size_t granularity_of(const tensor& t) noexcept;

}  // namespace gradstep::internal
