// SPDX-License-Identifier: Apache-2.0
//
// What the enumeration of rules and of schedules shares.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>

#include "capi/error.hpp"
#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {

/// `owner` has `count` `things`.
gradstep_status check_index(std::size_t index, std::size_t count, const char* owner,
                            const char* things) noexcept;

gradstep_hyperparameter_info info_of(const hyperparameter& h) noexcept;

}  // namespace gradstep::internal
