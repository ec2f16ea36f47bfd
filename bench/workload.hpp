// SPDX-License-Identifier: Apache-2.0
//
// A rule's arrays, in the dtypes of a storage, cut into tensors for a step to work on.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench_team.hpp"
#include "layout.hpp"
#include "pass_lists.hpp"
#include "reused_arrays.hpp"
#include "stored_dtypes.hpp"
#include "traffic.hpp"

namespace bench {

/// A rule's arrays for a layout, with numbers as in a training run: gradients of about +-0.01,
/// slots and scalars as the rule starts them. Gradients stay unless steps zero them. So no slot
/// decays to a denormal, however many steps run.
class workload {
 public:
  /// flags: those of gradstep_apply_options. An average needs an array of its own.
  workload(const gradstep::rule& rule, const storage& stored, std::uint64_t flags, const layout& l,
           arrays& memory, team& threads);

  /// The layout's tensors. Each begins on a cache line, and on a block if a dtype has blocks.
  const std::vector<gradstep_tensor>& tensors() const { return tensors_; }
  /// One tensor with as many elements, in the same memory.
  const gradstep_tensor& flat() const { return flat_; }

  /// The bytes that a step of flat() moves: a pass that reads the gradients, if a norm or a check
  /// needs it, the passes in which the rule sums, and the update.
  traffic bytes() const;
  std::size_t count() const { return flat_.count; }

  /// Sets the gradients to their first values again, for steps that zero them.
  void refill_grad(team& threads) const;

  void* param() const { return flat_.param.data; }
  void* grad() const { return flat_.grad.data; }
  void* slot(std::size_t index) const { return slot_arrays_[index].data; }
  void* copy() const { return flat_.copy.data; }
  void* average() const { return flat_.average.data; }

 private:
  struct slot_array {
    std::string name;
    std::byte* data = nullptr;  // null: the rule does not use the slot
    float* scales = nullptr;    // of 8-bit dtypes
    std::int32_t dtype = 0;
    double initial_value = 0;
    bool starts_as_param = false;
    std::size_t count = 0;      // elements
    bool is_by_element = true;  // false: one number per row, for example
  };

  void place(const gradstep::rule& rule, arrays& memory);
  void fill(team& threads) const;
  void fill_array(const gradstep_array& array, std::size_t count, const std::vector<double>& values,
                  team& threads) const;
  gradstep_tensor tensor_at(std::size_t begin, std::size_t count, std::size_t index);
  void cut(const layout& l);
  void add_streams(std::string_view array, access mode, pass& to) const;
  pass update_pass() const;

  pass_list passes_;
  storage stored_;
  std::uint64_t flags_;
  std::size_t rows_, columns_;  // of each tensor
  std::size_t grain_;           // elements; each tensor begins at a multiple
  std::size_t span_;            // elements from the first tensor's begin to the last one's end
  std::byte* param_ = nullptr;
  std::byte* grad_ = nullptr;
  std::uint16_t* low_ = nullptr;
  std::byte* copy_ = nullptr;
  std::byte* average_ = nullptr;
  std::vector<slot_array> slot_arrays_;
  std::vector<gradstep_array> slots_;    // of every tensor in turn
  std::vector<double> initial_scalars_;  // of a tensor
  std::vector<double> scalars_;          // of every tensor in turn
  gradstep_tensor flat_{};
  std::vector<gradstep_tensor> tensors_;
};

}  // namespace bench
