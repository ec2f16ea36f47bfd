// SPDX-License-Identifier: Apache-2.0
#include "safetensors/byte_source.hpp"

#include <algorithm>
#include <cstring>

#include "json/json_writing.hpp"

namespace gradstep::internal {

std::size_t byte_source::read(void* to, std::size_t bytes, std::uint64_t offset) {
  if (bytes == 0 || offset >= size_) return 0;
  return read_within(to, static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size_ - offset)),
                     offset);
}

file_source::file_source(const std::string& path)
    : byte_source(0, in_quotes(path)), path_(path), file_(open_to_read(path, size_)) {}

std::size_t file_source::read_within(void* to, std::size_t bytes, std::uint64_t offset) {
  return read_at(file_, to, bytes, offset, path_);
}

stream_source::stream_source(gradstep_read read, void* stream, std::uint64_t size)
    : byte_source(size, "what options.read reads"), read_(read), stream_(stream) {}

std::size_t stream_source::read_within(void* to, std::size_t bytes, std::uint64_t offset) {
  std::int32_t answer = 0;
  try {
    answer = read_(stream_, offset, to, bytes);
  } catch (...) {
    refuse(GRADSTEP_IO_ERROR, "options.read has thrown an exception for %zu bytes at offset %llu",
           bytes, static_cast<unsigned long long>(offset));
  }
  if (answer == 0) return bytes;
  refuse(GRADSTEP_IO_ERROR, "options.read has returned %d for %zu bytes at offset %llu", answer,
         bytes, static_cast<unsigned long long>(offset));
}

memory_source::memory_source(const void* memory, std::size_t size)
    : byte_source(size, "options.memory"), memory_(static_cast<const char*>(memory)) {}

std::size_t memory_source::read_within(void* to, std::size_t bytes, std::uint64_t offset) {
  std::memcpy(to, memory_ + offset, bytes);
  return bytes;
}

}  // namespace gradstep::internal
