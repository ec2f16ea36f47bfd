// SPDX-License-Identifier: Apache-2.0
//
// The memory that a harness declares to the library. Each block ends where the declared array or
// struct ends, so AddressSanitizer sees every byte beyond it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/finding.hpp"

namespace gradstep_test {

/// All blocks live as long as this object: an optimizer keeps pointers to some of them.
class fuzz_memory {
 public:
  /// A block whose bytes follow from `pattern`. 0: zeros.
  void* block(std::size_t bytes, std::uint8_t pattern = 0) {
    blocks_.push_back({std::make_unique<std::uint8_t[]>(bytes), bytes});
    std::uint8_t* const begin = blocks_.back().bytes.get();
    fill(begin, bytes, pattern);
    return begin;
  }

  /// A copy, which nothing changes.
  template <class T>
  T* copy(const T* from, std::size_t count) {
    void* const to = block(count * sizeof(T));
    if (count != 0) std::memcpy(to, from, count * sizeof(T));
    return static_cast<T*>(to);
  }

  /// Remembers what all blocks hold.
  void remember() {
    remembered_.clear();
    for (const auto& each : blocks_) {
      remembered_.insert(remembered_.end(), each.bytes.get(), each.bytes.get() + each.size);
    }
  }
  /// Whether all blocks hold what they held when they were remembered. There are no new ones.
  bool is_as_remembered() const {
    std::size_t at = 0;
    for (const auto& each : blocks_) {
      if (each.size != 0 && std::memcmp(each.bytes.get(), &remembered_[at], each.size) != 0) {
        return false;
      }
      at += each.size;
    }
    return true;
  }

 private:
  struct owned_block {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
  };

  /// Even patterns: the same byte everywhere (0x3e is 0.19 as float32, 0xfe is huge). Odd ones:
  /// numbers at random.
  static void fill(std::uint8_t* begin, std::size_t bytes, std::uint8_t pattern) {
    if (pattern % 2 == 0) {
      std::memset(begin, pattern, bytes);
      return;
    }
    std::uint32_t state = pattern * 0x9e3779b9U;
    for (std::size_t i = 0; i < bytes; ++i) {
      state = state * 1664525 + 1013904223;
      begin[i] = static_cast<std::uint8_t>(state >> 24);
      if (i % 4 == 3) begin[i] = static_cast<std::uint8_t>((begin[i] & 0x80) | 0x3e);
    }
  }

  std::vector<owned_block> blocks_;
  std::vector<std::uint8_t> remembered_;
};

}  // namespace gradstep_test
