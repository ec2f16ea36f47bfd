// SPDX-License-Identifier: Apache-2.0
#include "shown_text.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace bench {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Whether a control character begins there: of ASCII, or U+0080 to U+009F, which are two bytes.
bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7F) return true;
  return byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

}  // namespace

std::string shown_text(std::string_view text, std::size_t longest) {
  const bool is_cut = text.size() > longest;
  if (is_cut) {
    while (longest > 0 && is_continuation(text[longest])) --longest;
    text = text.substr(0, longest);
  }
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_control(text, i)) {
      shown += text[i];
      continue;
    }
    shown += '?';
    if (static_cast<unsigned char>(text[i]) == 0xC2) ++i;
  }
  return is_cut ? shown + "..." : shown;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string fixed(double value, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value;
  return text.str();
}

std::string three_digits(double value) {
  const double magnitude = value == 0 ? 0 : std::floor(std::log10(std::abs(value)));
  return fixed(value, static_cast<int>(std::clamp(2 - magnitude, 0.0, 12.0)));
}

}  // namespace bench
