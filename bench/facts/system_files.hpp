// SPDX-License-Identifier: Apache-2.0
//
// Reading the small text files by which Linux describes the machine (/proc, /sys).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// Without white space at its ends.
std::string trimmed(const std::string& text);

/// The file's first line, trimmed. Nothing: the file cannot be read, or the line is empty.
std::optional<std::string> read_line(const std::filesystem::path& file);

/// Decimal, or hexadecimal with 0x. Nothing: the text is not one number.
std::optional<long long> parse_integer(const std::string& text);
std::optional<long long> read_integer(const std::filesystem::path& file);

/// The CPUs of a list such as "0-2,5", in its order. Empty: the text is not such a list.
std::vector<int> parse_cpu_list(const std::string& text);
/// Empty: the file cannot be read or is not a list of CPUs.
std::vector<int> read_cpu_list(const std::filesystem::path& file);

/// The numbers of the folder's entries that are named by the prefix and a number, as cpu0 and cpu1,
/// ascending. Empty: none, or the folder cannot be read.
std::vector<int> numbered_entries(const std::filesystem::path& folder, const std::string& prefix);

}  // namespace bench
