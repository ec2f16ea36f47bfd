// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Writes the optimizer's state to a file, whole or not at all; with_params: the params too.
/// use::save. Throws failure: IO_ERROR; INVALID_ARGUMENT for names that the format cannot hold.
void save_checkpoint(const optimizer& o, const std::string& path, bool with_params);

}  // namespace gradstep::internal
