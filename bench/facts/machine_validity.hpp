// SPDX-License-Identifier: Apache-2.0
//
// For tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace bench {

/// Expects what result.schema.json asks of "machine", except of "bandwidth", and that each member
/// of the schema is there and no other. of says whose machine it is, for the messages.
void expect_valid_machine(const nlohmann::json& machine, const std::string& of);

}  // namespace bench
