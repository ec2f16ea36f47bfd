// SPDX-License-Identifier: Apache-2.0
//
// The names that the state gives to the dtypes of arrays.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernels/storage/dtype.hpp"

namespace gradstep::internal {

struct stored_type {
  dtype type;
  bool has_low;  // bfloat16 with lower halves
};

/// "bfloat16", or "bfloat16 with lower halves".
std::string stored_name(dtype type, bool has_low);

/// No value: no dtype has that name.
std::optional<stored_type> find_stored_type(std::string_view name);

}  // namespace gradstep::internal
