// SPDX-License-Identifier: Apache-2.0
//
// A run as a result file has it: see tool/result.schema.json.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bandwidth.hpp"
#include "claims.hpp"
#include "machine.hpp"
#include "noise.hpp"
#include "runner.hpp"

namespace bench {

struct finished_run {
  std::string mode;  // "quick"
  std::string cpus;  // "all"
  double seconds;
  std::size_t visits;
  std::optional<noise> meanwhile;
  std::vector<bandwidth> bandwidths;
  std::vector<measured_case> cases;
  std::vector<judged_claim> claims;
};

nlohmann::json result_of(const machine& m, const finished_run& run);

}  // namespace bench
