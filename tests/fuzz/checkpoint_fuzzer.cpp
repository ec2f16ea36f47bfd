// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints from memory. The first byte says what the rest is: 'l' flags and a file to load into
// an optimizer, 't' flags and the text of a state in an otherwise right file; or what
// checkpoint_input.hpp names, for the readers of JSON, headers and files.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "fuzz/checkpoint_input.hpp"
#include "fuzz/loaded_model.hpp"

namespace gradstep_test {
namespace {

/// A string of JSON. Bytes that are no UTF-8 stay as they are.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') result += '\\';
    if (code >= 0x20) {
      result += c;
    } else {
      char digits[8];
      std::snprintf(digits, sizeof digits, "\\u%04x", static_cast<unsigned>(code));
      result += digits;
    }
  }
  return result;
}

/// The file with the text of its state replaced, and a right checksum.
std::string with_state(const std::string& file, std::string_view state) {
  constexpr std::string_view key = R"("gradstep.state":")";
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const std::string header = file.substr(8, header_bytes);
  const std::size_t begin = header.find(key) + key.size();
  std::size_t end = begin;
  while (header[end] != '"') end += header[end] == '\\' ? 2 : 1;
  std::string changed = header.substr(0, begin) + escaped(state) + header.substr(end);
  changed.erase(changed.find_last_not_of(' ') + 1);
  changed.resize((changed.size() + 8 + 63) / 64 * 64 - 8, ' ');
  header_bytes = changed.size();
  return sealed_again(std::string(reinterpret_cast<const char*>(&header_bytes), 8) + changed +
                      file.substr(8 + header.size()));
}

}  // namespace
}  // namespace gradstep_test

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gradstep_test;
  static loaded_model model;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size < 2 || (input[0] != 'l' && input[0] != 't')) {
    check_input(input);
    return 0;
  }
  const std::uint64_t flags = data[1] % 32;
  const std::string_view rest = input.substr(2);
  if (input[0] == 'l') model.load(sealed_again(std::string(rest)), flags);
  if (input[0] == 't') model.load(with_state(model.good(), rest), flags);
  return 0;
}
