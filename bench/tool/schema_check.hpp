// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace bench {

/// What is wrong with the value by the JSON Schema (draft 7), as a clause that names the place as a
/// JSON pointer, what is there, and what is allowed: `/run/mode is "fast"; allowed is "quick" or
/// "full"`. None: the value is valid. Of several violations one is told.
std::optional<std::string> schema_violation(const nlohmann::json& schema,
                                            const nlohmann::json& value);

}  // namespace bench
