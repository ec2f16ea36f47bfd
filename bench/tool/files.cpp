// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "shown_text.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& what, const std::string& reason) {
  throw file_error(shown_path(path) + " cannot be " + what + ": " + reason + ".");
}

/// The reason of the last failed call of the system.
std::string last_reason() { return std::generic_category().message(errno); }

void write_directly(const fs::path& path, std::string_view text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw file_error(last_reason());
}

void write_and_rename(const fs::path& path, std::string_view text) {
  fs::path temporary = path;
  temporary += ".part-" + std::to_string(::getpid());
  try {
    write_directly(temporary, text);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw file_error(error.code().message());
  } catch (const file_error&) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace

std::string shown_path(const fs::path& path) {
  return "\"" + shown_text(path.string(), 1000) + "\"";
}

std::string read_text(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) refuse(path, "read", "it is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, "read", last_reason());
  std::string text;
  std::array<char, 65536> part;
  do {
    file.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > most_bytes_read) {
      refuse(path, "read", "it has more than " + std::to_string(most_bytes_read) + " bytes");
    }
  } while (file);
  if (file.bad()) refuse(path, "read", last_reason());
  return text;
}

void write_text(const fs::path& path, std::string_view text) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) refuse(path, "written", "it is a directory");
  const fs::file_status status = fs::symlink_status(path, ignored);
  try {
    if (fs::exists(status) && !fs::is_regular_file(status)) {
      write_directly(path, text);
    } else {
      write_and_rename(path, text);
    }
  } catch (const file_error& error) {
    refuse(path, "written", error.what());
  }
}

}  // namespace bench
