// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

/// A file that cannot be read or written. what() is a sentence that names the file and the reason.
struct file_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// More than any result has.
inline constexpr std::size_t most_bytes_read = std::size_t{64} << 20;

/// The file's name in quotation marks, for messages.
std::string shown_path(const std::filesystem::path& path);

/// The whole file, or what comes from a pipe. Throws file_error, also for a directory and for more
/// than most_bytes_read.
std::string read_text(const std::filesystem::path& path);

/// Writes the file under a temporary name beside it, then renames it, so that the file is the old
/// one or all of the new one. What exists and is no plain file, such as a pipe or a link, is
/// written to directly. Throws file_error.
void write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace bench
