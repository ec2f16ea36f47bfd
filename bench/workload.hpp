// SPDX-License-Identifier: Apache-2.0
//
// What a step works on: a rule's arrays, in the dtypes of a storage, cut into tensors.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench_team.hpp"
#include "layout.hpp"
#include "reused_arrays.hpp"
#include "stored_dtypes.hpp"
#include "traffic.hpp"

namespace bench {

/// A rule's arrays for a layout, filled as a training run would: gradients of about 0.01 and of
/// either sign, slots at the rule's initial values. Unless steps zero them the gradients stay, so
/// no slot decays to a denormal however many steps are run.
class workload {
 public:
  /// The flags of gradstep_apply_options say what is done besides the update: an average has an
  /// array of its own.
  workload(const gradstep::rule& rule, const storage& stored, std::uint64_t flags, const layout& l,
           arrays& memory, team& threads);

  /// The layout's tensors; each begins on a cache line, and on a block where dtypes have blocks.
  const std::vector<gradstep_tensor>& tensors() const { return tensors_; }
  /// As many elements as one tensor, on the same memory.
  const gradstep_tensor& flat() const { return flat_; }

  /// What one step moves, on that one tensor: the reading of the gradients, where a norm or a check
  /// asks for it, and the update.
  traffic bytes() const;
  std::size_t count() const { return flat_.count; }

  /// The gradients as they were at first, for steps that zero them.
  void refill_grad(team& threads) const;

  void* param() const { return flat_.param; }
  void* grad() const { return flat_.grad; }
  void* slot(std::size_t index) const { return slot_arrays_[index].data; }
  void* copy() const { return flat_.param_copy; }
  void* average() const { return flat_.average; }

 private:
  struct slot_array {
    std::string name;
    std::byte* data = nullptr;  // null where the rule does not use it
    float* scales = nullptr;    // of 8-bit dtypes
    std::int32_t dtype = 0;
  };

  void place(const gradstep::rule& rule, arrays& memory);
  void fill(const gradstep::rule& rule, team& threads) const;
  void fill_array(const gradstep_array& array, const std::vector<double>& values,
                  team& threads) const;
  gradstep_array whole(void* data, void* extra, std::int32_t dtype) const;
  gradstep_tensor tensor_at(std::size_t begin, std::size_t count, std::size_t index);
  void cut(const layout& l);

  storage stored_;
  std::uint64_t flags_;
  std::size_t grain_;  // elements; every tensor begins at a multiple
  std::size_t span_;   // elements, from the first of the tensors to the end of the last
  std::byte* param_ = nullptr;
  std::byte* grad_ = nullptr;
  std::uint16_t* low_ = nullptr;
  std::byte* copy_ = nullptr;
  std::byte* average_ = nullptr;
  std::vector<slot_array> slot_arrays_;
  std::vector<std::int32_t> slot_dtypes_;
  std::vector<void*> slots_;    // of every tensor in turn
  std::vector<float*> scales_;  // likewise
  gradstep_tensor flat_{};
  std::vector<gradstep_tensor> tensors_;
};

/// What the options of step 0 say with these flags: numbers that a training run would have.
gradstep_apply_options apply_options(std::uint64_t flags);

/// Steps with an ascending step number.
class stepper {
 public:
  stepper(const gradstep::context& context, const gradstep::rule& rule,
          std::vector<gradstep_tensor> tensors, const gradstep_apply_options& options)
      : context_(&context), rule_(&rule), tensors_(std::move(tensors)), options_(options) {}

  /// One gradstep_apply, validation and all.
  void operator()() {
    ++options_.step;
    gradstep::throw_on_failure(gradstep_apply(context_->get(), rule_->get(), tensors_.data(),
                                              tensors_.size(), &options_, nullptr));
  }

 private:
  const gradstep::context* context_;
  const gradstep::rule* rule_;
  std::vector<gradstep_tensor> tensors_;
  gradstep_apply_options options_;
};

}  // namespace bench
