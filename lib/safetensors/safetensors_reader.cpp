// SPDX-License-Identifier: Apache-2.0
#include "safetensors/safetensors_reader.hpp"

#include <algorithm>
#include <cstring>

#include "json/json_writing.hpp"
#include "safetensors/checksums.hpp"

namespace gradstep::internal {
namespace {

[[noreturn]] void corrupt(const std::string& fault) {
  refuse(GRADSTEP_CORRUPT, "%s", fault.c_str());
}

[[noreturn]] void differ(const std::string& what, std::uint32_t computed, std::string_view stored) {
  corrupt("the checksum of " + what + " is " + hex_of(computed) + ", but the file says " +
          in_quotes(stored));
}

void check_header_crc32(std::string_view start) {
  const std::string_view stored = claimed_digits(start.substr(length_bytes));
  const std::uint32_t computed = header_crc32(start);
  if (parse_hex(stored) != computed) differ("the header", computed, stored);
}

}  // namespace

safetensors_reader::safetensors_reader(std::unique_ptr<byte_source> source)
    : source_(std::move(source)) {
  try {
    verify();
  } catch (const failure& f) {
    if (f.status() != GRADSTEP_CORRUPT) throw;
    corrupt(shown() + " is damaged: " + f.what());
  }
}

void safetensors_reader::verify() {
  const std::string start = read_start();
  const std::string_view header = std::string_view(start).substr(length_bytes);
  data_begin_ = start.size();
  has_checksums_ = is_sealed(header);
  if (has_checksums_) check_header_crc32(start);
  if (header.front() != '{') corrupt("the header does not begin with {");
  header_ = parse_header(header, source_->size() - data_begin_);
  take_checksums();
  verify_arrays();
}

std::string safetensors_reader::read_start() const {
  const std::uint64_t size = source_->size();
  unsigned char length[length_bytes] = {};
  if (size < length_bytes || source_->read(length, length_bytes, 0) != length_bytes) {
    corrupt("it has " + std::to_string(size) + " bytes, too few for a header");
  }
  std::uint64_t header_bytes = 0;
  for (std::size_t i = length_bytes; i-- > 0;) header_bytes = header_bytes << 8 | length[i];
  const std::uint64_t most = std::min(most_header_bytes, size - length_bytes);
  if (header_bytes == 0 || header_bytes > most) {
    corrupt("its header of " + std::to_string(header_bytes) + " bytes is not within 1 to " +
            std::to_string(most));
  }
  std::string start(length_bytes + static_cast<std::size_t>(header_bytes), '\0');
  if (source_->read(start.data(), start.size(), 0) != start.size()) {
    corrupt("it became shorter while it was read");
  }
  return start;
}

void safetensors_reader::take_checksums() {
  auto& metadata = header_.metadata;
  const auto own = metadata.extract(std::string(header_crc32_key));
  const auto others = metadata.extract(std::string(array_crc32_key));
  if (own.empty() != !has_checksums_ || others.empty() != !has_checksums_) {
    corrupt("it has some of its checksums, not all");
  }
  if (!has_checksums_) return;
  // 8 digits per array, separated by spaces.
  constexpr std::size_t stride = crc32_digits + 1;
  const std::string_view digits = others.mapped();
  auto& arrays = header_.arrays;
  if (digits.size() + 1 != std::max<std::size_t>(1, stride * arrays.size())) {
    corrupt("it has checksums for another number of arrays than its " +
            std::to_string(arrays.size()));
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const auto crc32 = parse_hex(digits.substr(stride * i, crc32_digits));
    const bool is_separated = i == 0 || digits[stride * i - 1] == ' ';
    if (!crc32 || !is_separated) corrupt("its list of checksums is malformed");
    arrays[i].crc32 = *crc32;
  }
}

/// At most `wanted` bytes of the data from a position on. Reads ahead if the window does not have
/// them. Empty: the file ends early.
std::string_view safetensors_reader::window_at(std::uint64_t position, std::uint64_t wanted) {
  if (position < window_begin_ || position >= window_end_) {
    constexpr std::size_t least_ahead = 4096;
    ahead_ = position == window_end_ ? std::min(2 * ahead_, file_buffer_bytes) : 0;
    ahead_ = std::max(ahead_, least_ahead);
    window_.resize(file_buffer_bytes);
    window_begin_ = window_end_ = position;
    window_end_ += source_->read(window_.data(), ahead_, data_begin_ + position);
  }
  const auto skipped = static_cast<std::size_t>(position - window_begin_);
  const std::string_view all(window_.data(), static_cast<std::size_t>(window_end_ - window_begin_));
  return all.substr(
      skipped, static_cast<std::size_t>(std::min<std::uint64_t>(wanted, all.size() - skipped)));
}

void safetensors_reader::verify_arrays() {
  for (const stored_array& array : header_.arrays) {
    std::uint32_t crc32 = 0;
    for (std::uint64_t done = 0; done < array.bytes;) {
      const std::string_view part = window_at(array.begin + done, array.bytes - done);
      if (part.empty()) corrupt("it became shorter while it was read");
      crc32 = crc32_of(part.data(), part.size(), crc32);
      done += part.size();
    }
    if (has_checksums_ && crc32 != array.crc32) {
      differ("the array " + in_quotes(array.name), crc32, hex_of(array.crc32));
    }
  }
  window_begin_ = window_end_ = 0;  // later readings come from the file again
}

/// Returns false if the file ends early. Small arrays that follow each other come from one reading
/// ahead.
bool safetensors_reader::read_data(char* to, std::uint64_t bytes, std::uint64_t position) {
  const bool is_behind_the_last = position >= window_begin_ && position <= window_end_;
  if (bytes >= file_buffer_bytes || !is_behind_the_last) {
    window_begin_ = window_end_ = position + bytes;
    ahead_ = 0;
    return source_->read(to, bytes, data_begin_ + position) == bytes;
  }
  while (bytes != 0) {
    const std::string_view part = window_at(position, bytes);
    if (part.empty()) return false;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
    position += part.size();
    bytes -= part.size();
  }
  return true;
}

void safetensors_reader::read(const stored_array& array, void* to) {
  const bool is_whole = read_data(static_cast<char*>(to), array.bytes, array.begin);
  if (!is_whole ||
      (has_checksums_ && crc32_of(to, static_cast<std::size_t>(array.bytes)) != array.crc32)) {
    corrupt(shown() + " has changed while it was read: the array " + in_quotes(array.name));
  }
}

}  // namespace gradstep::internal
