// SPDX-License-Identifier: Apache-2.0
//
// Result files of gradstep-bench. result.schema.json says what is in them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

namespace bench {

/// A text that is no valid result. what() is a sentence that names the file, the place in it, and
/// what is allowed there.
struct invalid_result : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads a result and checks that it obeys the schema, that no two rows have the same name and
/// contender, and that each estimate has low <= median <= high. Throws file_error (files.hpp) or
/// invalid_result.
nlohmann::json read_result(const std::filesystem::path& path);

/// The same for the text of a file. `file` is its name in messages.
nlohmann::json parse_result(std::string_view text, std::string_view file);

/// Writes a result as JSON, as write_text() writes files. Checks nothing: JSON has no NaN and no
/// infinity, which are written as null. Throws file_error.
void write_result(const std::filesystem::path& path, const nlohmann::json& result);

}  // namespace bench
