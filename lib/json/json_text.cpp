// SPDX-License-Identifier: Apache-2.0
#include "json/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/failure.hpp"
#include "json/utf8.hpp"

namespace gradstep::internal {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Whether a number outside double's range is too large; else it is too small. Its digits and its
/// exponent tell.
bool is_too_large(std::string_view number) {
  const std::size_t exponent_at = number.find_first_of("eE");
  const std::string_view digits = number.substr(0, exponent_at);
  const std::size_t first = digits.find_first_of("123456789");
  const std::size_t point = std::min(digits.find('.'), digits.size());
  double size = static_cast<double>(point) - static_cast<double>(first);
  if (exponent_at != std::string_view::npos) {
    constexpr double more_than_any_text = 1e18;
    const bool is_negative = number[exponent_at + 1] == '-';
    double exponent = 0;
    for (const char c : number.substr(exponent_at + 1)) {
      if (is_digit(c)) exponent = std::min(10 * exponent + (c - '0'), more_than_any_text);
    }
    size += is_negative ? -exponent : exponent;
  }
  return size > 0;
}

}  // namespace

void json_handler::refuse(const std::string& fault) const {
  internal::refuse(GRADSTEP_CORRUPT, "%s, byte %td: %s", subject_.c_str(), at_ - begin_,
                   fault.c_str());
}

void json_handler::refuse_syntax() const {
  refuse(at_ != end_ && *at_ == '\0' ? "a zero byte" : "not valid JSON");
}

void json_handler::skip_space() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

/// Skips spaces; returns the next byte without taking it.
char json_handler::next_after_space() {
  skip_space();
  if (at_ == end_) refuse_syntax();
  return *at_;
}

void json_handler::expect(std::string_view word) {
  for (const char c : word) {
    if (at_ == end_ || *at_ != c) refuse_syntax();
    ++at_;
  }
}

/// Takes one or more digits.
void json_handler::skip_digits() {
  if (at_ == end_ || !is_digit(*at_)) refuse_syntax();
  while (at_ != end_ && is_digit(*at_)) ++at_;
}

void json_handler::take_number() {
  const char* const begin = at_;
  const bool is_negative = *at_ == '-';
  if (is_negative) ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
  } else {
    skip_digits();
  }
  bool is_whole = true;
  if (at_ != end_ && *at_ == '.') {
    is_whole = false;
    ++at_;
    skip_digits();
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    is_whole = false;
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    skip_digits();
  }
  if (is_whole && !is_negative) {
    std::uint64_t value = 0;
    if (std::from_chars(begin, at_, value).ec == std::errc()) return whole_number(value);
  } else if (is_whole) {
    std::int64_t value = 0;
    if (std::from_chars(begin, at_, value).ec == std::errc()) return negative_number(value);
  }
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  double value = 0;
  const auto ec = std::from_chars(begin, at_, value).ec;
  if (ec != std::errc() || std::isinf(value)) {
    if (is_too_large(is_negative ? text.substr(1) : text)) refuse("a number beyond double");
    value = is_negative ? -0.0 : 0.0;
  }
  real_number(value, text);
}

/// Takes the four digits after "\u".
std::uint32_t json_handler::take_hex() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_) refuse_syntax();
    const char c = *at_;
    const int letter = c >= 'a' && c <= 'f' ? c - 'a' : c >= 'A' && c <= 'F' ? c - 'A' : -1;
    if (!is_digit(c) && letter < 0) refuse_syntax();
    value = value << 4 | static_cast<std::uint32_t>(letter < 0 ? c - '0' : letter + 10);
  }
  return value;
}

/// Takes an escape after its backslash.
void json_handler::take_escape() {
  constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
  if (at_ == end_) refuse_syntax();
  if (const auto known = names.find(*at_); known != std::string_view::npos && *at_ != '\0') {
    unescaped_ += values[known];
    ++at_;
    return;
  }
  expect("u");
  std::uint32_t code = take_hex();
  if (code >= 0xDC00 && code < 0xE000) refuse_syntax();
  if (code >= 0xD800 && code < 0xDC00) {  // the first half of a character beyond 16 bits
    expect("\\u");
    const std::uint32_t low = take_hex();
    if (low < 0xDC00 || low >= 0xE000) refuse_syntax();
    code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
  }
  append_utf8(unescaped_, code);
}

/// Takes a character of several bytes.
void json_handler::take_utf8() {
  const std::size_t length =
      utf8_length({at_, std::min<std::size_t>(4, static_cast<std::size_t>(end_ - at_))});
  if (length < 2) refuse_syntax();
  at_ += length;
}

std::string_view json_handler::take_string() {
  ++at_;
  const char* begin = at_;  // of the part that is not copied yet
  bool is_copied = false;
  for (;;) {
    at_ = skip_plain(at_, end_);
    if (at_ == end_) refuse_syntax();
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      take_utf8();
      continue;
    }
    if (!is_copied) unescaped_.clear();
    is_copied = true;
    unescaped_.append(begin, at_);
    ++at_;
    take_escape();
    begin = at_;
  }
  const char* const end = at_++;
  if (!is_copied) return {begin, static_cast<std::size_t>(end - begin)};
  return unescaped_.append(begin, end);
}

void json_handler::take_key() {
  if (next_after_space() != '"') refuse_syntax();
  key(take_string());
  if (next_after_space() != ':') refuse_syntax();
  ++at_;
}

void json_handler::take_plain_value(char first) {
  switch (first) {
    case '"':
      return string(take_string());
    case 'n':
      expect("null");
      return null();
    case 't':
      expect("true");
      return boolean(true);
    case 'f':
      expect("false");
      return boolean(false);
    default:
      if (first != '-' && !is_digit(first)) refuse_syntax();
      take_number();
  }
}

/// Takes a value, or begins an object or array that is not empty. Returns whether it began one.
bool json_handler::open_or_take(char first) {
  if (first != '{' && first != '[') {
    take_plain_value(first);
    return false;
  }
  ++at_;
  first == '{' ? start_object() : start_array();
  open_.push_back(first);
  if (next_after_space() == (first == '{' ? '}' : ']')) {
    close(first == '{');
    return false;
  }
  if (first == '{') take_key();
  return true;
}

void json_handler::close(bool is_object) {
  ++at_;
  open_.pop_back();
  is_object ? end_object() : end_array();
}

void json_handler::parse(std::string_view text) {
  begin_ = at_ = text.data();
  end_ = begin_ + text.size();
  open_.clear();
  if (text.starts_with("\xEF\xBB\xBF")) refuse("a byte order mark");
  for (;;) {
    if (open_or_take(next_after_space())) continue;
    // After a value: close the objects and arrays that end here, then go on to the next value.
    for (;;) {
      if (open_.empty()) {
        skip_space();
        if (at_ != end_) refuse_syntax();
        return;
      }
      const bool is_object = open_.back() == '{';
      const char c = next_after_space();
      if (c == ',') {
        ++at_;
        if (is_object) take_key();
        break;
      }
      if (c != (is_object ? '}' : ']')) refuse_syntax();
      close(is_object);
    }
  }
}

}  // namespace gradstep::internal
