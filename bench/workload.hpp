// SPDX-License-Identifier: Apache-2.0
//
// What a step works on: a rule's arrays, cut into tensors.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "roof.hpp"
#include "team.hpp"

namespace bench {

/// The tensors' sizes, in elements.
struct layout {
  std::string name;
  std::vector<std::size_t> counts;

  std::size_t total() const;
};

/// One tensor. `name` is the count in K and M of 1024.
layout flat_layout(std::size_t count);
/// 1000 tensors of 1000 to 4000 elements: the norms and biases of a large network.
layout small_layout();
/// The 148 parameters, 124 million elements, of GPT-2 small.
layout gpt2_layout();

/// A dtype of the library: its code, name and size.
struct element_type {
  std::int32_t code;
  const char* name;
  std::size_t bytes;
};
inline constexpr element_type float32{GRADSTEP_FLOAT32, "float32", 4};
inline constexpr element_type float64{GRADSTEP_FLOAT64, "float64", 8};

/// A rule's arrays for a layout, filled as a training run would: gradients of about 0.01 and of
/// either sign, slots at the rule's initial values. The gradients stay, so no slot decays to a
/// denormal however many steps are run.
class workload {
 public:
  workload(const gradstep::rule& rule, const element_type& type, const layout& l, arrays& memory,
           team& threads);

  /// The layout's tensors; each begins on a cache line.
  const std::vector<gradstep_tensor>& tensors() const { return tensors_; }
  /// As many elements as one tensor, on the same memory.
  const gradstep_tensor& flat() const { return flat_; }

  streams bytes() const;
  std::size_t bytes_per_element() const;
  std::size_t count() const { return flat_.count; }

  void* param() const { return flat_.param; }
  const void* grad() const { return flat_.grad; }
  void* slot(std::size_t index) const { return flat_slots_[index]; }

 private:
  void place(const gradstep::rule& rule, std::size_t span, arrays& memory);
  void fill(const gradstep::rule& rule, std::size_t span, team& threads);
  gradstep_tensor tensor_at(std::size_t begin, std::size_t count, void** slots) const;
  void cut(const layout& l);

  element_type type_;
  std::byte* param_ = nullptr;
  std::byte* grad_ = nullptr;
  std::vector<void*> flat_slots_;  // null where the rule does not use it
  std::vector<void*> slots_;       // of every tensor in turn
  gradstep_tensor flat_{};
  std::vector<gradstep_tensor> tensors_;
};

/// Steps with an ascending step number.
class stepper {
 public:
  stepper(const gradstep::context& context, const gradstep::rule& rule,
          std::vector<gradstep_tensor> tensors)
      : context_(&context), rule_(&rule), tensors_(std::move(tensors)) {
    options_ = gradstep::sized<gradstep_apply_options>();
  }

  /// One gradstep_apply, validation and all.
  void operator()() {
    ++options_.step;
    gradstep::check(gradstep_apply(context_->get(), rule_->get(), tensors_.data(), tensors_.size(),
                                   &options_, nullptr));
  }

 private:
  const gradstep::context* context_;
  const gradstep::rule* rule_;
  std::vector<gradstep_tensor> tensors_;
  gradstep_apply_options options_;
};

}  // namespace bench
