// SPDX-License-Identifier: Apache-2.0
//
// The passes of one tensor, part by part.
#pragma once

#include <cstddef>

#include "step/pass_workspace.hpp"
#include "step/step_request.hpp"
#include "step/tensor.hpp"

namespace gradstep::internal {

/// A tensor of a request's list with its workspace. The functions are the parts of its step: begin,
/// then for each pass sum_tile for all tiles, add_tiles, finish; then run_last over all elements;
/// then commit. The caller sets the step's floating-point environment.
class pass_tensor {
 public:
  /// Reads the index-th tensor of the list, whose count is not 0.
  void read(const step_request& request, std::size_t index);

  std::size_t pass_count() const { return workspace_.passes().count; }
  std::size_t tile_count() const { return workspace_.tiles().size(); }
  std::size_t count() const { return tensor_.count; }
  pass_state& state() const { return workspace_.state(); }

  /// Puts the constants of the step into the workspace.
  void begin(tensor_constants& constants) const;
  /// Sums a tile. Tiles may be summed side by side.
  void sum_tile(std::size_t pass, std::size_t n) const;
  /// Adds the tiles' sums, and makes row and column slots from theirs.
  void add_tiles(std::size_t pass) const;
  /// Makes constants from state().totals. false: the step stops.
  bool finish(std::size_t pass) const;
  /// Updates the elements [from, to). `from` begins a block of 8-bit slots.
  void run_last(std::size_t from, std::size_t to) const;
  /// Stores row slots, column slots and scalars.
  void commit() const;

  /// All passes, on the calling thread. Not for rules that sum over all tensors.
  void run_all(tensor_constants& constants);

 private:
  step_range range_of(std::size_t from, std::size_t to) const;
  void add_line_slot(std::size_t slot) const;
  void finish_line_slot(std::size_t pass, std::size_t slot) const;
  void commit_line_slot(std::size_t slot) const;

  const step_request* request_ = nullptr;
  tensor tensor_{};
  pass_workspace workspace_;
};

}  // namespace gradstep::internal
