// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <cstdint>
#include <string>

#include "fuzz/finding.hpp"

namespace gradstep_test {

/// The checkpoint of an optimizer, with its params; empty inside a step.
inline std::string checkpoint_of(const gradstep_optimizer* optimizer) {
  gradstep_save_options options{};
  options.struct_size = sizeof options;
  options.flags = GRADSTEP_CHECKPOINT_PARAMS;
  std::uint64_t size = 0;
  if (gradstep_optimizer_save_to(optimizer, &options, &size) != GRADSTEP_OK) return {};
  std::string bytes(size, '\0');
  options.memory = bytes.data();
  options.memory_size = bytes.size();
  check_that(gradstep_optimizer_save_to(optimizer, &options, &size) == GRADSTEP_OK,
             "a checkpoint has a size, but cannot be written");
  return bytes;
}

}  // namespace gradstep_test
