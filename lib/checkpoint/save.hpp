// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "optimizer/optimizer.hpp"
#include "safetensors/byte_sink.hpp"

namespace gradstep::internal {

/// Writes the optimizer's state to the sink; nullptr: nowhere. with_params: the params too. Returns
/// the bytes of the checkpoint. use::save. Throws failure: those of the sink; INVALID_ARGUMENT for
/// names that the format cannot hold.
std::uint64_t save_checkpoint(const optimizer& o, byte_sink* sink, bool with_params);

}  // namespace gradstep::internal
