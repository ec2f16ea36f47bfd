// SPDX-License-Identifier: Apache-2.0
//
// A tensor's array, by the name that a caller gives.
#pragma once

#include "optimizer/named_arrays.hpp"

namespace gradstep::internal {

/// index becomes that of the array, as names_of counts. UNKNOWN_NAME; UNSUPPORTED if the tensor has
/// elements and does not have the array at present.
gradstep_status find_array(const optimizer& o, std::size_t tensor, const char* name,
                           std::size_t& index) noexcept;

}  // namespace gradstep::internal
