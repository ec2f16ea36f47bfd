// SPDX-License-Identifier: Apache-2.0
//
// A fuzzer's input as a sequence of choices. At the end of the input every choice is the first one,
// so that a short input is an ordinary one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

namespace gradstep_test {

class fuzz_input {
 public:
  explicit fuzz_input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool is_empty() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return is_empty() ? 0 : bytes_[at_++]; }

  /// The next bytes as a number; zeros after the end.
  template <class T>
  T number() {
    T value{};
    const std::size_t count = std::min(sizeof value, bytes_.size() - at_);
    if (count != 0) std::memcpy(&value, bytes_.data() + at_, count);
    at_ += count;
    return value;
  }

  /// 0 to count - 1; count is at most 256.
  std::size_t below(std::size_t count) { return byte() % count; }

  /// True for `of_256` of 256 bytes; false at the end.
  bool chance(unsigned of_256) { return byte() > 255 - of_256; }

  template <class List>
  auto one_of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace gradstep_test
