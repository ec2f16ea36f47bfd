// SPDX-License-Identifier: Apache-2.0
//
// System calls on files. Errors become failures (IO_ERROR) whose sentences name the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/failure.hpp"

namespace gradstep::internal {

/// Files are read and written in parts of this many bytes, so that a part stays in cache.
inline constexpr std::size_t file_buffer_bytes = std::size_t{256} << 10;

/// Owns an open file; -1: none.
class file_descriptor {
 public:
  explicit file_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  ~file_descriptor();
  file_descriptor(file_descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  int get() const noexcept { return descriptor_; }
  /// Returns up the descriptor.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// openat() with O_CLOEXEC. Never returns a descriptor below 3: if the host has closed its standard
/// streams, its output would go into the file. After an error the descriptor is -1, and errno is
/// set.
file_descriptor open_file(int folder, const char* path, int flags,
                          unsigned permissions = 0) noexcept;

/// Throws failure (IO_ERROR): cannot <action> "<path>": <the system's text for the error number>.
[[noreturn]] void refuse_io(const std::string& action, const std::string& path, int error);

/// Opens a regular file for reading. Refuses any other kind of file, without waiting for its
/// writer.
file_descriptor open_to_read(const std::string& path, std::uint64_t& file_bytes);

/// Reads until `bytes` are read or the file ends. Returns how many were read. path: for the
/// sentence.
std::size_t read_at(const file_descriptor& file, void* to, std::size_t bytes, std::uint64_t offset,
                    const std::string& path);

/// Writes all bytes. A file beyond the process's limit (RLIMIT_FSIZE) is an error too; SIGXFSZ does
/// not reach the host.
void write_at(const file_descriptor& file, const void* from, std::size_t bytes,
              std::uint64_t offset, const std::string& path);

/// Waits until the file's data is on the disk. Returns 0 or the error number.
int sync_file(const file_descriptor& file) noexcept;

}  // namespace gradstep::internal
