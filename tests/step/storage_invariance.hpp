// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {

/// A rule with its richest options, and the bits of three serial steps with any storage.
class storage_invariance : public testing::TestWithParam<std::string> {
 protected:
  stored_parameter make(const storage& how, std::size_t count, std::size_t offset = 0) const {
    return {rule_.get(), GetParam(), how, count, 1, offset};
  }

  /// Calls body(storage, flags) for each storage, with all options. has_norm: clips by norm too.
  /// The sum of the norm over several tensors is added in another order than over one.
  template <class Body>
  static void for_each_storage(bool has_norm, const Body& body) {
    const std::uint64_t flags = has_norm ? all_flags : all_flags & ~GRADSTEP_APPLY_MAX_NORM;
    for (const storage& how : full_storages()) {
      SCOPED_TRACE(to_text(how));
      body(how, how.flags | flags);
      if (HasFailure()) return;
    }
  }

  std::vector<std::uint64_t> serial_bits(const storage& how, std::uint64_t flags,
                                         std::size_t count) const {
    auto target = make(how, count);
    run_stored(serial_context(), rule_.get(), target, flags);
    return target.snapshot();
  }

  rule_handle rule_ = make_rule(GetParam(), richest_options(GetParam()));
};

}  // namespace gradstep_test
