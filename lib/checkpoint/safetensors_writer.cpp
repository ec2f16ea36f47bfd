// SPDX-License-Identifier: Apache-2.0
#include "safetensors_writer.hpp"

#include <algorithm>
#include <bit>

#include "checksums.hpp"
#include "file_replacement.hpp"
#include "json_text.hpp"

namespace gradstep::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

/// An array where it goes in the file.
struct placed_array {
  const saved_array* source;
  std::uint64_t begin = 0;  // within the data
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;  // once it is written
};

[[noreturn]] void refuse(const std::string& fault) {
  throw failure(GRADSTEP_INVALID_ARGUMENT, fault);
}

void check_names(const std::vector<saved_array>& arrays, const metadata_map& metadata) {
  std::vector<std::string_view> names;
  names.reserve(arrays.size());
  for (const auto& array : arrays) names.emplace_back(array.name);
  if (const auto name = repeated_name(names)) {
    refuse("two arrays have the name " + in_quotes(*name));
  }
  for (const auto name : names) {
    if (name.empty() || name == metadata_key) refuse("an array has the name " + in_quotes(name));
  }
  for (const auto key : {header_crc32_key, array_crc32_key}) {
    if (metadata.contains(std::string(key))) refuse("the metadata has the key " + in_quotes(key));
  }
}

std::vector<placed_array> place(const std::vector<saved_array>& arrays) {
  std::vector<placed_array> placed;
  placed.reserve(arrays.size());
  for (const auto& array : arrays) {
    const std::size_t element_bytes = dtype_bytes(array.dtype);
    if (element_bytes == 0) {
      refuse("the array " + in_quotes(array.name) + " has the unknown dtype " +
             in_quotes(array.dtype));
    }
    const auto bytes = bytes_of(array.shape, element_bytes);
    if (!bytes) refuse("the array " + in_quotes(array.name) + " is larger than 2^64 bytes");
    placed.push_back({&array, 0, *bytes});
  }
  std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) {
    return dtype_bytes(a.source->dtype) > dtype_bytes(b.source->dtype);
  });
  std::uint64_t end = 0;
  for (auto& array : placed) {
    array.begin = end;
    if (__builtin_add_overflow(end, array.bytes, &end)) refuse("arrays of more than 2^64 bytes");
  }
  return placed;
}

std::string entry_of(const placed_array& array) {
  std::string shape;
  for (const auto extent : array.source->shape) {
    if (!shape.empty()) shape += ',';
    shape += std::to_string(extent);
  }
  return ',' + json_string(array.source->name) + R"(:{"dtype":")" + array.source->dtype +
         R"(","shape":[)" + shape + R"(],"data_offsets":[)" + std::to_string(array.begin) + ',' +
         std::to_string(array.begin + array.bytes) + "]}";
}

/// The file up to the data: length, header, padding. The header's own checksum is zeros.
std::string unsealed_start(const std::vector<placed_array>& arrays, const metadata_map& metadata) {
  constexpr std::size_t data_alignment = 64;
  std::string text(length_bytes, '\0');
  text.append(sealed_start).append(crc32_digits, '0');
  text.append(R"(",")").append(array_crc32_key).append(R"(":")");
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (i != 0) text += ' ';
    text += hex_of(arrays[i].crc32);
  }
  text += '"';
  for (const auto& [key, value] : metadata) {
    text += ',' + json_string(key) + ':' + json_string(value);
  }
  text += '}';
  for (const auto& array : arrays) text += entry_of(array);
  text += '}';
  text.append((0 - text.size()) % data_alignment, ' ');
  const std::uint64_t header_bytes = text.size() - length_bytes;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    text[i] = static_cast<char>(header_bytes >> (8 * i) & 0xFF);
  }
  return text;
}

std::string sealed(std::string start) {
  const std::string digits = hex_of(header_crc32(start));
  start.replace(length_bytes + sealed_start.size(), crc32_digits, digits);
  return start;
}

/// Gives the checksum.
std::uint32_t write_array(file_replacement& file, const placed_array& array, std::uint64_t offset) {
  const char* data = static_cast<const char*>(array.source->data);
  std::uint32_t crc32 = 0;
  for (std::uint64_t done = 0; done < array.bytes;) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(file_buffer_bytes, array.bytes - done));
    crc32 = crc32_of(data + done, count, crc32);
    file.write(data + done, count, offset + done);
    done += count;
  }
  return crc32;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<saved_array>& arrays,
                       const metadata_map& metadata) {
  check_names(arrays, metadata);
  std::vector<placed_array> placed = place(arrays);
  // All checksums are of one length, so the place of the data is known before they are.
  const std::size_t data_begin = unsealed_start(placed, metadata).size();
  if (data_begin - length_bytes > most_header_bytes) {
    refuse("the header of the checkpoint would have " + std::to_string(data_begin - length_bytes) +
           " bytes, more than " + std::to_string(most_header_bytes));
  }
  file_replacement file(path);
  for (auto& array : placed) array.crc32 = write_array(file, array, data_begin + array.begin);
  const std::string start = sealed(unsealed_start(placed, metadata));
  file.write(start.data(), start.size(), 0);
  file.commit();
}

}  // namespace gradstep::internal
