// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "safetensors/file_io.hpp"
#include "safetensors/safetensors_header.hpp"

namespace gradstep::internal {

/// A safetensors file, verified whole: structure, and checksums where it has them. It is trusted in
/// nothing, and memory stays within a few times its header's length. It is read by read(), never
/// mapped. Throws IO_ERROR, and CORRUPT for any fault, with the path in the sentence.
class safetensors_reader {
 public:
  explicit safetensors_reader(const std::string& path);

  /// False for a file that something other than write_safetensors wrote, or changed.
  bool has_checksums() const noexcept { return has_checksums_; }

  /// In the order of the file.
  const std::vector<stored_array>& arrays() const noexcept { return header_.arrays; }

  /// Its index there.
  std::optional<std::size_t> find(std::string_view name) const noexcept {
    return header_.names.find(name);
  }

  /// The checksums are not among it.
  const metadata_map& metadata() const noexcept { return header_.metadata; }

  /// Reads array.bytes of one of arrays(), fastest in their order. Throws CORRUPT when the file has
  /// changed since it was verified; `to` then holds anything.
  void read(const stored_array& array, void* to);

 private:
  void verify();
  std::string read_start() const;
  void take_checksums();
  void verify_arrays();
  std::string_view window_at(std::uint64_t position, std::uint64_t wanted);
  bool read_data(char* to, std::uint64_t bytes, std::uint64_t position);

  std::string path_;
  std::uint64_t file_bytes_ = 0;
  file_descriptor file_;
  std::uint64_t data_begin_ = 0;
  bool has_checksums_ = false;
  safetensors_header header_;
  std::vector<char> window_;  // a part of the data, read ahead
  std::uint64_t window_begin_ = 0, window_end_ = 0;
  std::size_t ahead_ = 0;  // bytes of the next reading; they grow while it goes straight on
};

}  // namespace gradstep::internal
