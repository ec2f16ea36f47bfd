// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of a file go: to a file of the system, a function of the caller, or memory.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "safetensors/file_replacement.hpp"

namespace gradstep::internal {

/// begin() comes first, then writes that together are all bytes, then commit().
class byte_sink {
 public:
  byte_sink() = default;
  virtual ~byte_sink() = default;
  byte_sink(const byte_sink&) = delete;
  byte_sink& operator=(const byte_sink&) = delete;

  /// Whether each write has to begin where the last one has ended, from 0 on.
  virtual bool is_sequential() const noexcept = 0;
  /// size: of all writes together. Throws failure before anything is written.
  virtual void begin(std::uint64_t size) = 0;
  virtual void write(const void* from, std::size_t bytes, std::uint64_t offset) = 0;
  virtual void commit() = 0;
};

/// Replaces a file, whole or not at all (file_replacement).
class file_sink final : public byte_sink {
 public:
  explicit file_sink(const std::string& path) : path_(path) {}

  bool is_sequential() const noexcept override { return false; }
  void begin(std::uint64_t) override { file_.emplace(path_); }
  void write(const void* from, std::size_t bytes, std::uint64_t offset) override {
    file_->write(from, bytes, offset);
  }
  void commit() override { file_->commit(); }

 private:
  std::string path_;
  std::optional<file_replacement> file_;
};

/// Gives the bytes to a function of the caller's, in order. Throws failure (IO_ERROR).
class stream_sink final : public byte_sink {
 public:
  stream_sink(gradstep_write write, void* stream) : write_(write), stream_(stream) {}

  bool is_sequential() const noexcept override { return true; }
  void begin(std::uint64_t) override {}
  void write(const void* from, std::size_t bytes, std::uint64_t offset) override;
  void commit() override {}

 private:
  gradstep_write write_;
  void* stream_;
};

/// Fills the caller's memory. Throws failure (INVALID_ARGUMENT) if it is too small.
class memory_sink final : public byte_sink {
 public:
  memory_sink(void* memory, std::size_t size)
      : memory_(static_cast<char*>(memory)), memory_size_(size) {}

  bool is_sequential() const noexcept override { return false; }
  void begin(std::uint64_t size) override;
  void write(const void* from, std::size_t bytes, std::uint64_t offset) override;
  void commit() override {}

 private:
  char* memory_;
  std::size_t memory_size_;
};

}  // namespace gradstep::internal
