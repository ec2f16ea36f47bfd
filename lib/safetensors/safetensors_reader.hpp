// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "safetensors/byte_source.hpp"
#include "safetensors/safetensors_header.hpp"

namespace gradstep::internal {

/// A safetensors file. The constructor verifies all of it: its structure, and its checksums if it
/// has any. Nothing in the file is trusted, and memory stays within a few times the header's
/// length. Throws failure: IO_ERROR; CORRUPT, with the source's name in the sentence, for any
/// fault.
class safetensors_reader {
 public:
  explicit safetensors_reader(std::unique_ptr<byte_source> source);

  /// The source, as sentences call it.
  const std::string& shown() const noexcept { return source_->shown(); }

  /// false: the file was written or changed by something other than write_safetensors.
  bool has_checksums() const noexcept { return has_checksums_; }

  /// The arrays, in the order of the file.
  const std::vector<stored_array>& arrays() const noexcept { return header_.arrays; }

  /// An array's index in arrays(); no value: there is none of that name.
  std::optional<std::size_t> find(std::string_view name) const noexcept {
    return header_.names.find(name);
  }

  /// The metadata, without the checksums.
  const metadata_map& metadata() const noexcept { return header_.metadata; }

  /// Reads array.bytes of an element of arrays(). Fastest in their order. Throws failure (CORRUPT)
  /// if the file has changed since it was verified; `to` then has any contents.
  void read(const stored_array& array, void* to);

 private:
  void verify();
  std::string read_start() const;
  void take_checksums();
  void verify_arrays();
  std::string_view window_at(std::uint64_t position, std::uint64_t wanted);
  bool read_data(char* to, std::uint64_t bytes, std::uint64_t position);

  std::unique_ptr<byte_source> source_;
  std::uint64_t data_begin_ = 0;
  bool has_checksums_ = false;
  safetensors_header header_;
  std::vector<char> window_;  // data that was read ahead: [window_begin_, window_end_)
  std::uint64_t window_begin_ = 0, window_end_ = 0;
  std::size_t ahead_ = 0;  // bytes of the last reading ahead; grows while readings are consecutive
};

}  // namespace gradstep::internal
