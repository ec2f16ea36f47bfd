// SPDX-License-Identifier: Apache-2.0
//
// Writing JSON, straight to its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gradstep::internal {

/// Appends a text as a JSON string. Returns false if the text is not UTF-8; U+FFFD then replaces
/// each byte that is not.
bool append_json_string(std::string& to, std::string_view text);

/// Appends a finite number so that it reads back as the same double: with the fewest digits, and
/// always with a point or an exponent.
void append_json_number(std::string& to, double number);
void append_json_number(std::string& to, std::uint64_t number);

/// A text of unknown origin for a sentence: in quotes, control characters escaped, cut if it is
/// long.
std::string in_quotes(std::string_view text);

/// Appends an array, element by element.
class json_array_writer {
 public:
  explicit json_array_writer(std::string& to) : to_(to) { to_ += '['; }

  /// Where to append the next element.
  std::string& next() {
    if (!is_first_) to_ += ',';
    is_first_ = false;
    return to_;
  }
  void end() { to_ += ']'; }

 private:
  std::string& to_;
  bool is_first_ = true;
};

/// Appends an object, whose members may be given in any order. They are written in the order of
/// their keys' bytes, so the same members give the same text.
class json_object_writer {
 public:
  explicit json_object_writer(std::string& to) : to_(to) {}

  /// Where to append the member's value, until the next member is begun. No two keys are equal;
  /// each stays in place until the end.
  std::string& operator[](std::string_view key) {
    return members_.emplace_back(key, std::string()).second;
  }
  void end();

 private:
  std::string& to_;
  std::vector<std::pair<std::string_view, std::string>> members_;
};

}  // namespace gradstep::internal
