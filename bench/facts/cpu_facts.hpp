// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace bench {

/// What a result file says of the CPU: "machine" / "cpu" of result.schema.json, from /proc/cpuinfo.
/// architecture is the machine name of uname. root is the folder that holds /proc.
///
/// On AArch64, model_number is the part number, and family and stepping are null. CPUs with several
/// kinds of cores have the microarchitectures of all, joined by "and".
nlohmann::json cpu_facts(const std::filesystem::path& root, const std::string& architecture);

}  // namespace bench
