// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// What a caller says about a load.
struct load_settings {
  bool loads_params = false;
  bool is_partial = false;      // loads the tensors that fit; the others stay as they are
  bool keeps_settings = false;  // of the optimizer: rules' values, schedules, plateaus, the loss
                                // scaler, which tensors are frozen
};

/// Counts of tensors.
struct load_counts {
  std::size_t loaded = 0;
  std::size_t missing = 0;  // of the optimizer, not loaded
  std::size_t extra = 0;    // of the file, not loaded
};

/// Reads a file that save_checkpoint has written. All of the file is read, verified and compared
/// with the optimizer, and all memory is allocated, before anything changes. use::all. Throws
/// failure: IO_ERROR; CORRUPT for a damaged file; MISMATCH for a file of another model.
load_counts load_checkpoint(optimizer& o, const std::string& path, const load_settings& settings);

}  // namespace gradstep::internal
