// SPDX-License-Identifier: Apache-2.0
#include "safetensors/byte_sink.hpp"

#include <cstring>

#include "base/failure.hpp"

namespace gradstep::internal {

void stream_sink::write(const void* from, std::size_t bytes, std::uint64_t offset) {
  std::int32_t answer = 0;
  try {
    answer = write_(stream_, from, bytes);
  } catch (...) {
    refuse(GRADSTEP_IO_ERROR, "options.write has thrown an exception for %zu bytes at offset %llu",
           bytes, static_cast<unsigned long long>(offset));
  }
  if (answer == 0) return;
  refuse(GRADSTEP_IO_ERROR, "options.write has returned %d for %zu bytes at offset %llu", answer,
         bytes, static_cast<unsigned long long>(offset));
}

void memory_sink::begin(std::uint64_t size) {
  if (size <= memory_size_) return;
  refuse(GRADSTEP_INVALID_ARGUMENT,
         "options.memory_size = %zu is too small: the checkpoint has %llu bytes", memory_size_,
         static_cast<unsigned long long>(size));
}

void memory_sink::write(const void* from, std::size_t bytes, std::uint64_t offset) {
  std::memcpy(memory_ + offset, from, bytes);
}

}  // namespace gradstep::internal
