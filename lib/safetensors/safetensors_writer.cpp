// SPDX-License-Identifier: Apache-2.0
#include "safetensors/safetensors_writer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/sorted_names.hpp"
#include "json/json_writing.hpp"
#include "safetensors/checksums.hpp"
#include "safetensors/file_replacement.hpp"

namespace gradstep::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

/// An array and its place in the file.
struct placed_array {
  const saved_array* source;
  std::uint64_t begin = 0;  // in the data
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;  // once it is written
};

[[noreturn]] void refuse_input(const std::string& fault) {
  refuse(GRADSTEP_INVALID_ARGUMENT, "%s", fault.c_str());
}

void check_input(const std::vector<saved_array>& arrays, const metadata_map& metadata) {
  const sorted_names names(arrays, &saved_array::name);
  if (const auto name = names.repeated())
    refuse_input("two arrays have the name " + in_quotes(*name));
  for (const std::string_view name : {std::string_view(), metadata_key}) {
    if (names.find(name)) refuse_input("an array has the name " + in_quotes(name));
  }
  for (const auto& array : arrays) {
    if (dtype_bytes(array.dtype) == 0) {
      refuse_input("the array " + in_quotes(array.name) + " has the unknown dtype " +
                   in_quotes(array.dtype));
    }
  }
  for (const auto key : {header_crc32_key, array_crc32_key}) {
    if (metadata.contains(std::string(key)))
      refuse_input("the metadata has the key " + in_quotes(key));
  }
}

/// Places arrays with larger elements first, so that each array is aligned.
std::vector<placed_array> place(const std::vector<saved_array>& arrays) {
  std::vector<placed_array> placed;
  placed.reserve(arrays.size());
  for (const std::size_t size : {8U, 4U, 2U, 1U}) {
    for (const auto& array : arrays) {
      if (dtype_bytes(array.dtype) != size) continue;
      const auto bytes = bytes_of(array.shape, size);
      if (!bytes) refuse_input("the array " + in_quotes(array.name) + " is larger than 2^64 bytes");
      placed.push_back({&array, 0, *bytes});
    }
  }
  std::uint64_t end = 0;
  for (auto& array : placed) {
    array.begin = end;
    if (__builtin_add_overflow(end, array.bytes, &end))
      refuse_input("arrays of more than 2^64 bytes");
  }
  return placed;
}

void append_string(std::string& to, std::string_view text) {
  if (!append_json_string(to, text)) refuse_input(in_quotes(text) + " is not valid UTF-8");
}

void append_entry(std::string& to, const placed_array& array) {
  append_string(to, array.source->name);
  to.append(R"(:{"dtype":")").append(array.source->dtype).append(R"(","shape":[)");
  for (std::size_t i = 0; i < array.source->shape.size(); ++i) {
    if (i != 0) to += ',';
    append_json_number(to, array.source->shape[i]);
  }
  to += R"(],"data_offsets":[)";
  append_json_number(to, array.begin);
  to += ',';
  append_json_number(to, array.begin + array.bytes);
  to += "]}";
}

/// Where the arrays' checksums stand in the file: 8 digits per array, separated by spaces.
constexpr std::size_t crc32_stride = crc32_digits + 1;
constexpr std::size_t array_crc32_at = length_bytes + sealed_start.size() + crc32_digits +
                                       std::string_view(R"(",")").size() + array_crc32_key.size() +
                                       std::string_view(R"(":")").size();

/// About the size of the header, so that its text is seldom reallocated.
std::size_t likely_size(const std::vector<placed_array>& arrays, const metadata_map& metadata) {
  constexpr std::size_t around_name = 80, around_all = 1000;
  std::size_t size = around_all;
  for (const auto& [key, value] : metadata) size += key.size() + value.size() + value.size() / 2;
  for (const auto& array : arrays) size += array.source->name.size() + around_name;
  return size;
}

/// The file up to the data: length, header and padding. All checksums are zeros.
std::string unsealed_start(const std::vector<placed_array>& arrays, const metadata_map& metadata) {
  constexpr std::size_t data_alignment = 64;
  std::string text;
  text.reserve(likely_size(arrays, metadata));
  text.append(length_bytes, '\0');
  text.append(sealed_start).append(crc32_digits, '0');
  text.append(R"(",")").append(array_crc32_key).append(R"(":")");
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (i != 0) text += ' ';
    text.append(crc32_digits, '0');
  }
  text += '"';
  for (const auto& [key, value] : metadata) {
    text += ',';
    append_string(text, key);
    text += ':';
    append_string(text, value);
  }
  text += '}';
  for (const auto& array : arrays) {
    text += ',';
    append_entry(text, array);
  }
  text += '}';
  text.append((0 - text.size()) % data_alignment, ' ');
  const std::uint64_t header_bytes = text.size() - length_bytes;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    text[i] = static_cast<char>(header_bytes >> (8 * i) & 0xFF);
  }
  return text;
}

/// Puts the checksums in place.
void seal(std::string& start, const std::vector<placed_array>& arrays) {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    start.replace(array_crc32_at + i * crc32_stride, crc32_digits, hex_of(arrays[i].crc32));
  }
  const std::string digits = hex_of(header_crc32(start));
  start.replace(length_bytes + sealed_start.size(), crc32_digits, digits);
}

/// Writes the data, from its begin on. Small arrays are written together, large ones straight from
/// their memory.
class data_writer {
 public:
  data_writer(file_replacement& file, std::uint64_t begin) : file_(file), at_(begin) {}

  /// Writes the next array and returns its checksum.
  std::uint32_t write(const char* data, std::uint64_t bytes) {
    std::uint32_t crc32 = 0;
    while (bytes != 0) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - buffered_, bytes));
      crc32 = crc32_of(data, count, crc32);
      if (count == buffer_.size()) {
        put(data, count);
      } else {
        std::memcpy(buffer_.data() + buffered_, data, count);
        buffered_ += count;
        if (buffered_ == buffer_.size()) flush();
      }
      data += count;
      bytes -= count;
    }
    return crc32;
  }
  void flush() {
    if (buffered_ != 0) put(buffer_.data(), buffered_);
    buffered_ = 0;
  }

 private:
  void put(const char* data, std::size_t bytes) {
    file_.write(data, bytes, at_);
    at_ += bytes;
  }

  file_replacement& file_;
  std::uint64_t at_;
  std::vector<char> buffer_ = std::vector<char>(file_buffer_bytes);
  std::size_t buffered_ = 0;
};

}  // namespace

void write_safetensors(const std::string& path, const std::vector<saved_array>& arrays,
                       const metadata_map& metadata) {
  check_input(arrays, metadata);
  std::vector<placed_array> placed = place(arrays);
  std::string start = unsealed_start(placed, metadata);
  if (start.size() - length_bytes > most_header_bytes) {
    refuse_input("the header of the checkpoint would have " +
                 std::to_string(start.size() - length_bytes) + " bytes, more than " +
                 std::to_string(most_header_bytes));
  }
  file_replacement file(path);
  data_writer data(file, start.size());
  for (auto& array : placed) {
    array.crc32 = data.write(static_cast<const char*>(array.source->data), array.bytes);
  }
  data.flush();
  seal(start, placed);
  file.write(start.data(), start.size(), 0);
  file.commit();
}

}  // namespace gradstep::internal
