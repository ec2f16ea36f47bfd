// SPDX-License-Identifier: Apache-2.0
//
// Parsing JSON of unknown origin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradstep::internal {

/// Receives the parts of a JSON text in order. A derived class says what to do with each part.
///
/// Throws failure (CORRUPT) for any fault of the text: wrong syntax, bytes that are not UTF-8, a
/// number outside double's range, anything after the value. The sentence says at which byte.
class json_handler {
 public:
  /// subject: what the text is, for sentences ("the optimizer's state").
  explicit json_handler(std::string subject) : subject_(std::move(subject)) {}
  json_handler(const json_handler&) = delete;
  json_handler& operator=(const json_handler&) = delete;

  /// Calls the functions below for the parts of the text.
  void parse(std::string_view text);

 protected:
  ~json_handler() = default;

  // Strings, keys and texts of numbers are valid until the call returns. If is_in_text(), they are
  // part of the parsed text and as valid as that.

  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void whole_number(std::uint64_t value) = 0;
  virtual void negative_number(std::int64_t value) = 0;
  /// Any other number, with its text.
  virtual void real_number(double value, std::string_view text) = 0;
  virtual void string(std::string_view value) = 0;
  virtual void start_object() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void end_object() = 0;
  virtual void start_array() = 0;
  virtual void end_array() = 0;

  /// Throws the failure "<subject>, byte <position>: <fault>".
  [[noreturn]] void refuse(const std::string& fault) const;

  bool is_in_text(std::string_view part) const noexcept {
    return part.data() >= begin_ && part.data() < end_;
  }

 private:
  [[noreturn]] void refuse_syntax() const;
  void skip_space() noexcept;
  char next_after_space();
  void expect(std::string_view word);
  void skip_digits();
  void take_number();
  void take_plain_value(char first);
  std::string_view take_string();
  void take_escape();
  std::uint32_t take_hex();
  void take_utf8();
  void take_key();
  bool open_or_take(char first);
  void close(bool is_object);

  std::string subject_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;  // the next byte to parse
  const char* end_ = nullptr;
  std::string unescaped_;   // the last string, if it has escapes
  std::vector<char> open_;  // '{' or '[' for each object and array around at_
};

}  // namespace gradstep::internal
