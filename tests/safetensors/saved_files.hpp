// SPDX-License-Identifier: Apache-2.0
//
// Files and sentences for the tests of lib/safetensors.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "safetensors/safetensors_reader.hpp"
#include "safetensors/safetensors_writer.hpp"

namespace gradstep_test {

using gradstep::internal::failure;
using gradstep::internal::metadata_map;
using gradstep::internal::safetensors_reader;
using gradstep::internal::safetensors_writer;
using gradstep::internal::saved_array;
using gradstep::internal::stored_array;

inline void write_safetensors(const std::string& path, const std::vector<saved_array>& arrays,
                              const metadata_map& metadata) {
  gradstep::internal::file_sink sink(path);
  safetensors_writer(arrays, metadata).write(sink);
}

inline safetensors_reader reader_of(const std::string& path) {
  return safetensors_reader(std::make_unique<gradstep::internal::file_source>(path));
}

inline std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

/// A file with this header. It has checksums only if the header has them.
inline std::string file_of(const std::string& header, std::size_t data_bytes = 0) {
  return little_endian(header.size()) + header + std::string(data_bytes, '\x5A');
}

/// Arrays of every kind that a checkpoint has, and their numbers.
struct example {
  std::vector<double> doubles{1.5, -2.25, 1e300};
  std::vector<float> floats{0.5F, -1, 2, 3, 4, 5};
  std::vector<std::uint16_t> halves{0x3F80, 0xC000, 0x3C00};  // 1, -2 in BF16; 1 in F16
  std::vector<std::uint8_t> bytes{0, 1, 255, 7};

  std::vector<saved_array> arrays() const {
    return {{"layer.0.weight.exp_avg", "F32", {2, 3}, floats.data()},
            {"scalar", "F64", {}, doubles.data()},
            {"bias.exp_avg", "BF16", {2}, halves.data()},
            {"empty", "F32", {0}, nullptr},
            {"bias.copy", "F16", {1}, halves.data() + 2},
            {"blocks", "U8", {2, 1, 2, 1}, bytes.data()},
            {"none of three", "U16", {3, 0, 2}, nullptr},
            {"three", "F64", {3, 1}, doubles.data()}};
  }
  metadata_map metadata() const { return {{"format", "example"}, {"state", R"({"t":[1,2.5]})"}}; }
};

/// Expects body() to throw a failure with this status; gives its sentence.
template <class Body>
std::string sentence_of(gradstep_status wanted, const Body& body) {
  try {
    body();
  } catch (const failure& f) {
    EXPECT_EQ(f.status(), wanted) << f.what();
    return f.what();
  }
  ADD_FAILURE() << "no failure";
  return {};
}

inline std::string sentence_of_reading(gradstep_status wanted, const std::string& path) {
  return sentence_of(wanted, [&] { reader_of(path); });
}

}  // namespace gradstep_test
