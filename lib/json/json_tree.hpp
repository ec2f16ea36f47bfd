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

/// A value, with those inside it as a list. Plain: to destroy a tree of these takes no memory, so
/// it can be done while memory is short.
struct json_value {
  json_value() noexcept : first(nullptr) {}

  json_kind kind = json_kind::null;
  mutable bool is_asked_for = false;  // of a member: for whoever reads the object
  std::string_view key = {};          // of a member
  const json_value* next = nullptr;   // in the same array or object
  union {
    const json_value* first;  // of an array or object; null: empty
    bool boolean;
    std::uint64_t whole_number;
    std::int64_t negative_number;
    double real_number;
    std::string_view string;
  };
};

/// The value of a text, which has to stay: strings without escapes point into it. It needs at most
/// about 40 times the text's memory.
class json_tree {
 public:
  /// An object or array inside max_depth others is refused, and a key that stands twice in an
  /// object. subject: what the text is, for the sentence.
  json_tree(std::string_view text, std::size_t max_depth, const std::string& subject);
  json_tree(const json_tree&) = delete;
  json_tree& operator=(const json_tree&) = delete;

  const json_value& root() const noexcept { return values_.front(); }

 private:
  class builder;

  std::deque<json_value> values_;
  std::deque<std::string> strings_;  // those with escapes
};

}  // namespace gradstep::internal
