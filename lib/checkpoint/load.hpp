// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "optimizer/optimizer.hpp"
#include "safetensors/byte_source.hpp"

namespace gradstep::internal {

/// What a caller says about a load.
struct load_settings {
  bool loads_params = false;
  bool is_partial = false;      // loads the tensors that fit; the others stay as they are
  bool keeps_settings = false;  // of the optimizer: rules' values, schedules, plateaus, the loss
                                // scaler, which tensors are frozen
  bool has_any_group = false;   // tensors are matched by name alone
  bool starts_missing = false;  // slots and averages that the file lacks get initial values
  // A tensor of the file has file_prefix where the optimizer's has prefix.
  std::string file_prefix = {};
  std::string prefix = {};
};

/// Counts of tensors.
struct load_counts {
  std::size_t loaded = 0;
  std::size_t missing = 0;  // of the optimizer, not loaded
  std::size_t extra = 0;    // of the file, not loaded
};

/// Reads a file that save_checkpoint has written. All of the file is read, verified and compared
/// with the optimizer, and all memory is allocated, before anything changes. use::all. Throws
/// failure: IO_ERROR; CORRUPT for a damaged file; MISMATCH for a file of another model, or of a
/// later version of the library.
load_counts load_checkpoint(optimizer& o, std::unique_ptr<byte_source> source,
                            const load_settings& settings);

}  // namespace gradstep::internal
