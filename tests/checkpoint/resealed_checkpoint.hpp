// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints with a changed state and right checksums.
#pragma once

#include <zlib.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

namespace gradstep_test {

/// The checkpoint with its metadata changed: an object of strings.
inline std::string resealed_metadata(const std::string& file,
                                     const std::function<void(nlohmann::ordered_json&)>& change) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  auto header = nlohmann::ordered_json::parse(file.substr(8, length));
  auto& metadata = header["__metadata__"];
  change(metadata);
  metadata["gradstep.header_crc32"] = "00000000";
  std::string text = header.dump();
  text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  const std::uint64_t new_length = text.size();
  std::string start(reinterpret_cast<const char*>(&new_length), 8);
  start += text;
  char digits[9];
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(start.data()), static_cast<uInt>(start.size()));
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(crc));
  start.replace(50, 8, digits);
  return start + file.substr(8 + length);
}

/// The checkpoint with the text of its state changed.
inline std::string resealed_text(const std::string& file,
                                 const std::function<void(std::string&)>& change) {
  return resealed_metadata(file, [&](nlohmann::ordered_json& metadata) {
    std::string state = metadata["gradstep.state"].get<std::string>();
    change(state);
    metadata["gradstep.state"] = state;
  });
}

/// The checkpoint with its state changed as JSON.
inline std::string resealed(const std::string& file,
                            const std::function<void(nlohmann::json&)>& change) {
  return resealed_text(file, [&](std::string& text) {
    auto state = nlohmann::json::parse(text);
    change(state);
    text = state.dump();
  });
}

}  // namespace gradstep_test
