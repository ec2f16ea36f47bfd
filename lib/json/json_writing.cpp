// SPDX-License-Identifier: Apache-2.0
#include "json/json_writing.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "json/utf8.hpp"

namespace gradstep::internal {
namespace {

void append_control(std::string& to, char c) {
  constexpr std::string_view values = "\b\f\n\r\t", names = "bfnrt";
  if (const auto known = values.find(c); known != std::string_view::npos) {
    to += '\\';
    to += names[known];
    return;
  }
  char escape[8];
  std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
  to += escape;
}

}  // namespace

bool append_json_string(std::string& to, std::string_view text) {
  bool is_utf8 = true;
  to += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char* const begin = text.data() + i;
    const char* const end = skip_plain(begin, text.data() + text.size());
    to.append(begin, end);
    i += static_cast<std::size_t>(end - begin);
    if (i == text.size()) break;
    const char c = text[i];
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control(to, c);
      ++i;
    } else {
      const std::size_t length = utf8_length(text.substr(i, 4));
      is_utf8 = is_utf8 && length != 0;
      to.append(length == 0 ? "\xEF\xBF\xBD" : text.substr(i, length));
      i += length == 0 ? 1 : length;
    }
  }
  to += '"';
  return is_utf8;
}

void append_json_number(std::string& to, double number) {
  char text[32];
  const auto [end, ec] =
      std::to_chars(text, text + sizeof text, number, std::chars_format::scientific);
  const std::string_view all(text, static_cast<std::size_t>(end - text));  // -d.ddde-308
  const std::size_t exponent_at = all.find('e');
  int exponent = 0;
  std::from_chars(text + exponent_at + 2, end, exponent);
  if (all[exponent_at + 1] == '-') exponent = -exponent;
  std::string_view mantissa = all.substr(0, exponent_at);
  if (mantissa[0] == '-') {
    to += '-';
    mantissa.remove_prefix(1);
  }
  const std::string_view fraction = mantissa.size() > 2 ? mantissa.substr(2) : std::string_view();
  constexpr int least_plain = -4, most_plain = 14;
  if (exponent < least_plain || exponent > most_plain) {
    to.append(mantissa).append(all.substr(exponent_at));
  } else if (exponent < 0) {
    to.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0');
    to.append(1, mantissa[0]).append(fraction);
  } else {
    const auto whole = static_cast<std::size_t>(exponent);
    to += mantissa[0];
    to.append(fraction.substr(0, whole));
    if (whole > fraction.size()) to.append(whole - fraction.size(), '0');
    to += '.';
    to.append(whole < fraction.size() ? fraction.substr(whole) : "0");
  }
}

void append_json_number(std::string& to, std::uint64_t number) {
  char text[24];
  to.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void json_object_writer::end() {
  std::sort(members_.begin(), members_.end());
  const char* separator = "{";
  for (const auto& [key, value] : members_) {
    to_ += separator;
    append_json_string(to_, key);
    to_.append(1, ':').append(value);
    separator = ",";
  }
  to_ += members_.empty() ? "{}" : "}";
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown = 64;
  std::string quoted;
  append_json_string(quoted, text.substr(0, shown));
  if (text.size() > shown) quoted.insert(quoted.size() - 1, "...");
  return quoted;
}

}  // namespace gradstep::internal
