// SPDX-License-Identifier: Apache-2.0
#include "system_files.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace bench {
namespace {

template <class Integer>
std::optional<Integer> parse_digits(std::string_view digits, int base) {
  Integer value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace

std::string trimmed(const std::string& text) {
  constexpr const char* white_space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

std::optional<std::string> read_line(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  line = trimmed(line);
  if (line.empty()) return std::nullopt;
  return line;
}

std::optional<long long> parse_integer(const std::string& text) {
  const std::string_view digits = text;
  if (digits.substr(0, 2) == "0x") return parse_digits<long long>(digits.substr(2), 16);
  return parse_digits<long long>(digits, 10);
}

std::optional<long long> read_integer(const std::filesystem::path& file) {
  const auto line = read_line(file);
  return line ? parse_integer(*line) : std::nullopt;
}

std::vector<int> parse_cpu_list(const std::string& text) {
  std::vector<int> cpus;
  std::istringstream stream(text);
  for (std::string range; std::getline(stream, range, ',');) {
    const std::size_t dash = range.find('-');
    const auto first = parse_digits<int>(range.substr(0, dash), 10);
    const auto last =
        dash == std::string::npos ? first : parse_digits<int>(range.substr(dash + 1), 10);
    if (!first || !last) return {};
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<int> read_cpu_list(const std::filesystem::path& file) {
  return parse_cpu_list(read_line(file).value_or(""));
}

std::vector<int> numbered_entries(const std::filesystem::path& folder, const std::string& prefix) {
  std::vector<int> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    const auto number = parse_digits<int>(std::string_view(name).substr(prefix.size()), 10);
    if (number) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace bench
