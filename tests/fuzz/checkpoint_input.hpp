// SPDX-License-Identifier: Apache-2.0
//
// One input of the fuzzer and of the test of mutated files. The first byte says what the rest is:
// 'j' JSON, 'h' a header, 's' a file whose header is sealed again first, any other byte a file.
#pragma once

#include <gradstep/gradstep.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "json/json_tree.hpp"
#include "safetensors/checksums.hpp"
#include "safetensors/safetensors_reader.hpp"
#include "safetensors/saved_files.hpp"

namespace gradstep_test {

inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// The value as nlohmann::json holds it.
inline nlohmann::json plain(const gradstep::internal::json_value& value) {
  using gradstep::internal::json_kind;
  nlohmann::json result;
  switch (value.kind) {
    case json_kind::null:
      return nullptr;
    case json_kind::boolean:
      return value.boolean;
    case json_kind::whole_number:
      return value.whole_number;
    case json_kind::negative_number:
      return value.negative_number;
    case json_kind::real_number:
      return value.real_number;
    case json_kind::string:
      return std::string(value.string);
    case json_kind::array:
      result = nlohmann::json::array();
      for (const auto* v = value.first; v != nullptr; v = v->next) result.push_back(plain(*v));
      return result;
    case json_kind::object:
      result = nlohmann::json::object();
      for (const auto* v = value.first; v != nullptr; v = v->next) {
        result[std::string(v->key)] = plain(*v);
      }
      return result;
  }
  return result;
}

/// An accepted header's arrays fill the data without gaps.
inline void check_header(const gradstep::internal::safetensors_header& header,
                         std::uint64_t data_bytes) {
  using namespace gradstep::internal;
  std::uint64_t end = 0;
  for (const auto& array : header.arrays) {
    require(!array.name.empty() && array.begin == end, "an array is not where the last one ends");
    require(bytes_of(array.shape, dtype_bytes(array.dtype)) == array.bytes, "bytes of an array");
    end += array.bytes;
  }
  require(end == data_bytes, "the arrays are not the data");
}

inline void check_file(std::string_view bytes) {
  using namespace gradstep::internal;
  safetensors_reader reader(std::make_unique<memory_source>(bytes.data(), bytes.size()));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  check_header({reader.metadata(), reader.arrays()}, bytes.size() - 8 - header_bytes);
  std::string data;
  for (const auto& array : reader.arrays()) {
    data.resize(array.bytes);
    reader.read(array, data.data());
    require(data == bytes.substr(8 + header_bytes + array.begin, array.bytes), "data read");
  }
}

inline std::string sealed_again(std::string file) {
  using namespace gradstep::internal;
  std::uint64_t header_bytes = 0;
  if (file.size() < length_bytes) return file;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  header_bytes = std::min<std::uint64_t>(header_bytes, file.size() - length_bytes);
  for (std::size_t i = 0; i < length_bytes; ++i) {
    file[i] = static_cast<char>(header_bytes >> (8 * i) & 0xFF);
  }
  const auto start = std::string_view(file).substr(0, length_bytes + header_bytes);
  if (!is_sealed(start.substr(length_bytes))) return file;
  const std::string digits = hex_of(header_crc32(start));
  return file.replace(length_bytes + sealed_start.size(), crc32_digits, digits);
}

/// True when the input was accepted, false when it was refused as CORRUPT. Anything else is a
/// defect, and throws.
inline bool check_input(std::string_view input) {
  using namespace gradstep::internal;
  if (input.empty()) return false;
  const std::string_view rest = input.substr(1);
  try {
    switch (input[0]) {
      case 'j': {
        const json_tree tree(rest, 16, "input");
        require(plain(tree.root()) == nlohmann::json::parse(rest), "another value");
        return true;
      }
      case 'h':
        check_header(parse_header(rest, 24), 24);
        return true;
      case 's':
        check_file(sealed_again(std::string(rest)));
        return true;
      default:
        check_file(rest);
        return true;
    }
  } catch (const failure& f) {
    require(f.status() == GRADSTEP_CORRUPT, f.what());
    return false;
  }
}

}  // namespace gradstep_test
