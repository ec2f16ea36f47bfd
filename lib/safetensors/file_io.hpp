// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing at a position of a file, errors as failures with the path in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/failure.hpp"

namespace gradstep::internal {

/// Files are checked and written in parts of this many bytes, so that a part stays in cache.
inline constexpr std::size_t file_buffer_bytes = std::size_t{256} << 10;

/// A descriptor that is closed at the end.
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
  /// Gives up the descriptor.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// As openat(), with O_CLOEXEC, but never a descriptor below 3: where the host has closed its
/// standard streams, what it prints meanwhile would go into the file. -1, with errno, when it
/// fails.
file_descriptor open_file(int folder, const char* path, int flags,
                          unsigned permissions = 0) noexcept;

/// IO_ERROR: cannot <action> "<path>": <what the system says of the error number>.
failure io_failure(const std::string& action, const std::string& path, int error);

/// Opens a regular file to read; any other kind is refused, without waiting for a writer of it.
file_descriptor open_to_read(const std::string& path, std::uint64_t& file_bytes);

/// Reads until `bytes` are there or the file ends; gives how many came. The path is for failures.
std::size_t read_at(const file_descriptor& file, void* to, std::size_t bytes, std::uint64_t offset,
                    const std::string& path);

/// A file beyond the process's limit (RLIMIT_FSIZE) is such an error too, not the signal that ends
/// a process.
void write_at(const file_descriptor& file, const void* from, std::size_t bytes,
              std::uint64_t offset, const std::string& path);

/// Waits until what was written is on the disk; gives 0 or the error number.
int sync_file(const file_descriptor& file) noexcept;

}  // namespace gradstep::internal
