// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace gradstep::internal {

enum class json_kind : std::uint8_t {
  null,
  boolean,
  whole_number,     // from 0 on
  negative_number,  // whole
  real_number,
  string,
  array,
  object
};

/// A value. The values inside an array or object form a linked list. Destroying a tree needs no
/// memory.
struct json_value {
  json_value() noexcept : first(nullptr) {}

  json_kind kind = json_kind::null;
  mutable bool is_asked_for = false;  // of a member: a reader of the object sets it
  std::string_view key = {};          // of a member
  const json_value* next = nullptr;   // in the same array or object
  union {
    const json_value* first;  // in an array or object; nullptr: it is empty
    bool boolean;
    std::uint64_t whole_number;
    std::int64_t negative_number;
    double real_number;
    std::string_view string;
  };
};

/// The value of a JSON text. Strings without escapes point into the text, so it has to stay in
/// place. A tree needs at most about 40 times the text's memory.
class json_tree {
 public:
  /// Refuses an object or array inside max_depth others, and a key that an object has twice.
  /// subject: what the text is, for sentences. Throws failure (CORRUPT).
  json_tree(std::string_view text, std::size_t max_depth, const std::string& subject);
  json_tree(const json_tree&) = delete;
  json_tree& operator=(const json_tree&) = delete;

  const json_value& root() const noexcept { return values_.front(); }

 private:
  class builder;  // NOLINT(cppcoreguidelines-virtual-class-destructor): see json_tree.cpp

  std::deque<json_value> values_;
  std::deque<std::string> strings_;  // those with escapes
};

}  // namespace gradstep::internal
