// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

/// A property of a run in which two results differ.
struct difference {
  std::string field;  ///< the path in the result: machine.cpu.model, machine.caches.1.bytes
  std::string a;      ///< "not known" if the result does not say
  std::string b;
};

/// In what the machines, the software, the programs and the modes of two results differ, by field.
/// Bandwidths, which are measured and differ a little each time, are left out.
std::vector<difference> machine_differences(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace bench
