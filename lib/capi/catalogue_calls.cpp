// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"

namespace gradstep::internal {

static_assert(static_cast<std::int32_t>(value_kind::real) == GRADSTEP_REAL);
static_assert(static_cast<std::int32_t>(value_kind::flag) == GRADSTEP_FLAG);
static_assert(static_cast<std::int32_t>(value_kind::integer) == GRADSTEP_INTEGER);
static_assert(static_cast<std::int32_t>(value_kind::list) == GRADSTEP_LIST);

gradstep_status check_index(std::size_t index, std::size_t count, const char* owner,
                            const char* thing) noexcept {
  if (index < count) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "index = %zu is past the end: %s has %zu %ss", index, owner,
              count, thing);
}

gradstep_status describe_hyperparameter(const definition& info, std::size_t index,
                                        gradstep_hyperparameter_info* output) noexcept {
  const auto all = info.hyperparameters;
  if (const auto s = check_index(index, all.size(), info.name, info.words.hyperparameter);
      s != GRADSTEP_OK) {
    return s;
  }
  const hyperparameter& h = all[index];
  const value_bounds& b = h.bounds;
  const std::uint32_t flags = (b.minimum_excluded ? GRADSTEP_MINIMUM_EXCLUDED : 0) |
                              (b.maximum_excluded ? GRADSTEP_MAXIMUM_EXCLUDED : 0);
  fill_output(output, {0, h.name, h.help, h.default_value, b.minimum, b.maximum, flags,
                       static_cast<std::int32_t>(b.kind)});
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
