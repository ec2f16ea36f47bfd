// SPDX-License-Identifier: Apache-2.0
#include "step/ranges.hpp"

#include <algorithm>

#include "base/mix.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {
namespace {

/// The key of a tensor's random bits at this step. A caller who splits a tensor gives all pieces
/// the same key.
std::uint64_t random_key(const step_request& r, const tensor& t, std::size_t index) {
  const std::uint64_t key = t.key != 0 ? t.key : index + 1;
  return derived_key(derived_key(derived_key(0, r.options.seed), key), r.step);
}

}  // namespace

// Fields are set in place. To make an operand elsewhere and copy it costs a store that is not
// forwarded, for each array of each small tensor.
void read_for_step(const step_request& r, std::uint32_t used_slots, std::size_t index, tensor& t) {
  r.tensors.read(index, used_slots, t);
  t.param.is_stochastic = r.options.has_stochastic_param && size_of(t.param.type) < sizeof(float) &&
                          t.param.extra == nullptr;
  bool needs_key = t.param.is_stochastic;
  t.slot_count = r.rule.info->slot_count;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if ((used_slots >> s & 1) == 0) {
      t.slots[s] = {};
      continue;
    }
    t.slots[s].is_stochastic =
        !r.options.has_nearest_slots && size_of(t.slots[s].type) < sizeof(float);
    needs_key |= t.slots[s].is_stochastic;
  }
  if (!r.updates_average()) t.average.data = nullptr;
  t.offset = 0;
  t.line_slots = 0;
  t.directions = nullptr;
  t.random_key = needs_key ? random_key(r, t, index) : 0;
}

std::size_t granularity_of(const tensor& t) noexcept {
  const auto is_in_blocks = [](const operand& slot) { return has_blocks(slot.type); };
  const bool has_any = std::any_of(t.slots, t.slots + t.slot_count, is_in_blocks);
  return has_any ? block_elements : piece_multiple;
}

}  // namespace gradstep::internal
