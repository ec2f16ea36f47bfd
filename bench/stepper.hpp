// SPDX-License-Identifier: Apache-2.0
//
// Steps of a rule by the stateless call, with all that the rule needs beside its tensors.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bench {

/// The rule's scalars of a scope (GRADSTEP_SCOPE_) before the first step.
std::vector<double> initial_scalars(const gradstep::rule& rule, std::int32_t scope);

/// The options of step 1000 with these flags, and with numbers as in a training run. The first steps
/// of some rules take longer: adafactor's averages have another form while their weight is above
/// one half.
gradstep_apply_options apply_options(std::uint64_t flags);

/// Steps with an ascending step number. It has a workspace, so that steps allocate nothing.
class stepper {
 public:
  stepper(const gradstep::context& context, const gradstep::rule& rule,
          std::vector<gradstep_tensor> tensors, const gradstep_apply_options& options);

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
  struct memory {
    std::vector<double> scalars;  // those that all tensors share
    std::vector<std::byte> workspace;
  };
  std::shared_ptr<memory> memory_;  // options_ points to it; copies of the stepper share it
};

}  // namespace bench
