// SPDX-License-Identifier: Apache-2.0
//
// JSON of unknown origin, taken apart, and the pieces that JSON is written from. Every fault of a
// text is a failure with GRADSTEP_CORRUPT whose sentence names the place: bad syntax, bytes that
// are no UTF-8, a number beyond double, anything after the value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradstep::internal {

/// Receives the parts of a JSON text in order, and knows where the parser is. Texts are valid until
/// the call returns; those that point into the parsed text, as long as that is.
class json_handler {
 public:
  /// subject: what the text is, for the sentence ("the optimizer's state").
  explicit json_handler(std::string subject) : subject_(std::move(subject)) {}
  json_handler(const json_handler&) = delete;
  json_handler& operator=(const json_handler&) = delete;

  /// Sends the text's parts to this handler.
  void parse(std::string_view text);

 protected:
  ~json_handler() = default;

  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void whole_number(std::uint64_t value) = 0;
  virtual void negative_number(std::int64_t value) = 0;
  /// Any other number, and its text.
  virtual void real_number(double value, std::string_view text) = 0;
  virtual void string(std::string_view value) = 0;
  virtual void start_object() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void end_object() = 0;
  virtual void start_array() = 0;
  virtual void end_array() = 0;

  /// Throws the failure: <subject>, byte <position>: <fault>.
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
  const char* at_ = nullptr;  // what the parser has not taken yet
  const char* end_ = nullptr;
  std::string unescaped_;   // the text that was read last, where it has escapes
  std::vector<char> open_;  // '{' or '[' around the present place
};

/// Appends a text as JSON writes it, in quotes. False where it is no UTF-8; then each byte that is
/// none stands as U+FFFD.
bool append_json_string(std::string& to, std::string_view text);

/// Appends a finite number so that it reads back as the same double: the fewest digits, and a point
/// or an exponent in any case.
void append_json_number(std::string& to, double number);
void append_json_number(std::string& to, std::uint64_t number);

/// A text of unknown origin for a sentence: in quotes, control characters escaped, cut when long.
std::string in_quotes(std::string_view text);

}  // namespace gradstep::internal
