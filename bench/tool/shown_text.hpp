// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

/// Text from a file as a terminal may show it: one line, control characters replaced by '?', and
/// cut with "..." when it is longer than `longest` bytes. The text is UTF-8.
std::string shown_text(std::string_view text, std::size_t longest = 200);

/// "1 row", "2 rows". The noun's plural ends in s.
std::string counted(std::size_t count, std::string_view noun);

/// The number with that many digits after the point.
std::string fixed(double value, int decimals);

/// The number with at least three significant digits: 0.0123, 1.23, 12.3, 1234.
std::string three_digits(double value);

}  // namespace bench
