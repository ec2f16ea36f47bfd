// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"

namespace gradstep::internal {

static_assert(static_cast<std::int32_t>(value_kind::real) == GRADSTEP_REAL);
static_assert(static_cast<std::int32_t>(value_kind::flag) == GRADSTEP_FLAG);
static_assert(static_cast<std::int32_t>(value_kind::integer) == GRADSTEP_INTEGER);
static_assert(static_cast<std::int32_t>(value_kind::list) == GRADSTEP_LIST);

gradstep_status check_index(std::size_t index, std::size_t count, const char* owner,
                            const char* things) noexcept {
  if (index < count) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "index = %zu is past the end: %s has %zu %s", index, owner,
              count, things);
}

gradstep_hyperparameter_info info_of(const hyperparameter& h) noexcept {
  const std::uint32_t flags = (h.minimum_excluded ? GRADSTEP_MINIMUM_EXCLUDED : 0) |
                              (h.maximum_excluded ? GRADSTEP_MAXIMUM_EXCLUDED : 0);
  return {0,         h.name,    h.help, h.default_value,
          h.minimum, h.maximum, flags,  static_cast<std::int32_t>(h.kind)};
}

}  // namespace gradstep::internal
