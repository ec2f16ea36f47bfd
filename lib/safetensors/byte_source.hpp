// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of a file come from: a file of the system, a function of the caller, or memory.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "safetensors/file_io.hpp"

namespace gradstep::internal {

/// Bytes that can be read in any order. Their number is known; the bytes may change all the time.
class byte_source {
 public:
  virtual ~byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  /// What sentences call it.
  const std::string& shown() const noexcept { return shown_; }

  /// Reads until `bytes` are read or the source ends. Returns how many were read. Throws failure
  /// (IO_ERROR).
  std::size_t read(void* to, std::size_t bytes, std::uint64_t offset);

 protected:
  byte_source(std::uint64_t size, std::string shown) : size_(size), shown_(std::move(shown)) {}

  std::uint64_t size_;

 private:
  /// The bytes are within size(), and at least one. May return fewer if the source has shrunk.
  virtual std::size_t read_within(void* to, std::size_t bytes, std::uint64_t offset) = 0;

  std::string shown_;
};

/// A regular file. It is read with read(), never mapped. Throws failure (IO_ERROR).
class file_source final : public byte_source {
 public:
  explicit file_source(const std::string& path);

 private:
  std::size_t read_within(void* to, std::size_t bytes, std::uint64_t offset) override;

  std::string path_;
  file_descriptor file_;
};

/// A function of the caller's that reads.
class stream_source final : public byte_source {
 public:
  stream_source(gradstep_read read, void* stream, std::uint64_t size);

 private:
  std::size_t read_within(void* to, std::size_t bytes, std::uint64_t offset) override;

  gradstep_read read_;
  void* stream_;
};

/// Memory of the caller's.
class memory_source final : public byte_source {
 public:
  memory_source(const void* memory, std::size_t size);

 private:
  std::size_t read_within(void* to, std::size_t bytes, std::uint64_t offset) override;

  const char* memory_;
};

}  // namespace gradstep::internal
