// SPDX-License-Identifier: Apache-2.0
#include "safetensors/safetensors_writer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/sorted_names.hpp"
#include "json/json_writing.hpp"
#include "safetensors/checksums.hpp"

namespace gradstep::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

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

void append_string(std::string& to, std::string_view text) {
  if (!append_json_string(to, text)) refuse_input(in_quotes(text) + " is not valid UTF-8");
}

/// begin, end: of the array in the data.
void append_entry(std::string& to, const saved_array& array, std::uint64_t begin,
                  std::uint64_t end) {
  append_string(to, array.name);
  to.append(R"(:{"dtype":")").append(array.dtype).append(R"(","shape":[)");
  for (std::size_t i = 0; i < array.shape.size(); ++i) {
    if (i != 0) to += ',';
    append_json_number(to, array.shape[i]);
  }
  to += R"(],"data_offsets":[)";
  append_json_number(to, begin);
  to += ',';
  append_json_number(to, end);
  to += "]}";
}

/// Where the arrays' checksums stand in the file: 8 digits per array, separated by spaces.
constexpr std::size_t crc32_stride = crc32_digits + 1;
constexpr std::size_t array_crc32_at = length_bytes + sealed_start.size() + crc32_digits +
                                       std::string_view(R"(",")").size() + array_crc32_key.size() +
                                       std::string_view(R"(":")").size();

/// Writes the data, from its begin on. Small arrays are written together, large ones straight from
/// their memory.
class data_writer {
 public:
  data_writer(byte_sink& sink, std::uint64_t begin) : sink_(sink), at_(begin) {}

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
    sink_.write(data, bytes, at_);
    at_ += bytes;
  }

  byte_sink& sink_;
  std::uint64_t at_;
  std::vector<char> buffer_ = std::vector<char>(file_buffer_bytes);
  std::size_t buffered_ = 0;
};

}  // namespace

safetensors_writer::safetensors_writer(const std::vector<saved_array>& arrays,
                                       const metadata_map& metadata) {
  check_input(arrays, metadata);
  place(arrays);
  write_start(metadata);
  const std::size_t header_bytes = start_.size() - length_bytes;
  if (header_bytes <= most_header_bytes) return;
  refuse_input("the header of the checkpoint would have " + std::to_string(header_bytes) +
               " bytes, more than " + std::to_string(most_header_bytes));
}

std::uint64_t safetensors_writer::size() const noexcept {
  const std::uint64_t data = arrays_.empty() ? 0 : arrays_.back().begin + arrays_.back().bytes;
  return start_.size() + data;
}

/// Places arrays with larger elements first, so that each array is aligned.
void safetensors_writer::place(const std::vector<saved_array>& arrays) {
  arrays_.reserve(arrays.size());
  for (const std::size_t size : {8U, 4U, 2U, 1U}) {
    for (const auto& array : arrays) {
      if (dtype_bytes(array.dtype) != size) continue;
      const auto bytes = bytes_of(array.shape, size);
      if (!bytes) refuse_input("the array " + in_quotes(array.name) + " is larger than 2^64 bytes");
      arrays_.push_back({&array, 0, *bytes});
    }
  }
  std::uint64_t end = 0;
  for (auto& array : arrays_) {
    array.begin = end;
    if (__builtin_add_overflow(end, array.bytes, &end))
      refuse_input("arrays of more than 2^64 bytes");
  }
}

/// Writes the file up to the data. All checksums are zeros.
void safetensors_writer::write_start(const metadata_map& metadata) {
  constexpr std::size_t data_alignment = 64;
  // About the size of the header, so that its text is seldom reallocated.
  constexpr std::size_t around_name = 80, around_all = 1000;
  std::size_t likely_size = around_all;
  for (const auto& [key, value] : metadata) {
    likely_size += key.size() + value.size() + value.size() / 2;
  }
  for (const auto& array : arrays_) likely_size += array.source->name.size() + around_name;
  start_.reserve(likely_size);
  start_.append(length_bytes, '\0');
  start_.append(sealed_start).append(crc32_digits, '0');
  start_.append(R"(",")").append(array_crc32_key).append(R"(":")");
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (i != 0) start_ += ' ';
    start_.append(crc32_digits, '0');
  }
  start_ += '"';
  for (const auto& [key, value] : metadata) {
    start_ += ',';
    append_string(start_, key);
    start_ += ':';
    append_string(start_, value);
  }
  start_ += '}';
  for (const auto& array : arrays_) {
    start_ += ',';
    append_entry(start_, *array.source, array.begin, array.begin + array.bytes);
  }
  start_ += '}';
  start_.append((0 - start_.size()) % data_alignment, ' ');
  const std::uint64_t header_bytes = start_.size() - length_bytes;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    start_[i] = static_cast<char>(header_bytes >> (8 * i) & 0xFF);
  }
}

/// Puts the checksums in place.
void safetensors_writer::seal() {
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    start_.replace(array_crc32_at + i * crc32_stride, crc32_digits, hex_of(arrays_[i].crc32));
  }
  const std::string digits = hex_of(header_crc32(start_));
  start_.replace(length_bytes + sealed_start.size(), crc32_digits, digits);
}

void safetensors_writer::write(byte_sink& sink) {
  data_writer data(sink, start_.size());
  if (sink.is_sequential()) {
    for (auto& array : arrays_) array.crc32 = crc32_of(array.source->data, array.bytes);
    seal();
  }
  sink.begin(size());
  if (sink.is_sequential()) sink.write(start_.data(), start_.size(), 0);
  for (auto& array : arrays_) {
    array.crc32 = data.write(static_cast<const char*>(array.source->data), array.bytes);
  }
  data.flush();
  if (!sink.is_sequential()) {
    seal();
    sink.write(start_.data(), start_.size(), 0);
  }
  sink.commit();
}

}  // namespace gradstep::internal
