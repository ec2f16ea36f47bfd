// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace bench {

/// The different caches for data of all CPUs that are on: "machine" / "caches" of
/// result.schema.json, ordered by level. Caches alike, as the cores' own, are one entry. A cache of
/// which the system does not say the size or the CPUs that share it is left out. root is the folder
/// that holds /sys.
nlohmann::json cache_facts(const std::filesystem::path& root);

}  // namespace bench
