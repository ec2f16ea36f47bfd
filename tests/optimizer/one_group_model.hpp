// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/optimizer_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// Options with these flags, and numbers for clipping by norm and averages.
inline gradstep_optimizer_options with_flags(std::uint64_t flags) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = flags;
  options.max_norm = 1;
  options.average_decay = 0.5;
  return options;
}

/// An optimizer with one group. The group has one tensor per count.
struct one_group_model {
  one_group_model(const gradstep_context* context, const gradstep_rule* rule,
                  const gradstep_optimizer_options& options, const std::vector<std::size_t>& counts,
                  std::int32_t dtype = GRADSTEP_FLOAT32)
      : optimizer(make_optimizer(context, options)) {
    add_group(optimizer.get(), "all", rule);
    for (const std::size_t count : counts) tensors.emplace_back(count, dtype, tensors.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      add_tensor(optimizer.get(), 0, "tensor " + std::to_string(i), tensors[i].tensor());
    }
  }
  gradstep_optimizer* get() const { return optimizer.get(); }
  void set_gradients(std::uint64_t seed) {
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].set_gradient(100 * seed + i);
  }

  std::vector<plain_tensor> tensors;
  optimizer_handle optimizer;
};

}  // namespace gradstep_test
