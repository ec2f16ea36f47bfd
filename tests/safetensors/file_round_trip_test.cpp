// SPDX-License-Identifier: Apache-2.0
//
// Arrays and metadata that are written to a file are read back to the byte, also by another
// program.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "safetensors/saved_files.hpp"
#include "support/comparison.hpp"
#include "support/scratch_folder.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

std::string bytes_of(safetensors_reader& reader, const stored_array& array) {
  std::string bytes(array.bytes, '\0');
  reader.read(array, bytes.data());
  return bytes;
}

/// Saves and loads the arrays and the metadata, and expects the same.
void expect_round_trip(const std::string& path, const std::vector<saved_array>& arrays,
                       const metadata_map& metadata) {
  write_safetensors(path, arrays, metadata);
  safetensors_reader reader = reader_of(path);
  EXPECT_TRUE(reader.has_checksums());
  EXPECT_EQ(reader.metadata(), metadata);
  ASSERT_EQ(reader.arrays().size(), arrays.size());
  std::map<std::string, const stored_array*> stored;
  for (const auto& array : reader.arrays()) stored[array.name] = &array;
  for (const auto& array : arrays) {
    ASSERT_TRUE(stored.contains(array.name)) << array.name;
    const stored_array& other = *stored[array.name];
    EXPECT_EQ(other.dtype, array.dtype);
    EXPECT_EQ(other.shape, array.shape);
    const std::string bytes = bytes_of(reader, other);
    if (bytes.empty()) continue;
    EXPECT_EQ(std::memcmp(bytes.data(), array.data, bytes.size()), 0);
  }
}

TEST(file_round_trip, round_trip) {
  const scratch_folder folder;
  const example e;
  expect_round_trip(folder / "example", e.arrays(), e.metadata());
  expect_round_trip(folder / "no arrays", {}, e.metadata());
  expect_round_trip(folder / "nothing", {}, {});
}

TEST(file_round_trip, odd_names) {
  const scratch_folder folder;
  const float one = 1;
  const std::string long_name(100000, 'n');
  const std::vector<std::string> names{"\"",
                                       "\\",
                                       "\n\t\x01",
                                       "a\xC3\xA9\xE2\x82\xAC",
                                       "{}",
                                       "dtype",
                                       " ",
                                       "shape",
                                       "gradstep.crc32",
                                       R"("gradstep.header_crc32":")",
                                       "\xF0\x9F\x98\x80",
                                       std::string("zero\0byte", 9),
                                       long_name};
  std::vector<saved_array> arrays;
  metadata_map metadata{{"", "no key"}};
  for (const auto& name : names) {
    arrays.push_back({name, "F32", {1}, &one});
    if (name != "gradstep.crc32") metadata[name] = name;
  }
  expect_round_trip(folder / "odd \n name", arrays, metadata);
}

TEST(file_round_trip, larger_than_the_buffer) {
  const scratch_folder folder;
  for (const std::size_t count : {65535U, 65536U, 65537U, 300000U}) {
    std::vector<float> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>(i);
    expect_round_trip(folder / "large", {{"numbers", "F32", {count}, numbers.data()}}, {});
  }
}

TEST(file_round_trip, same_input_same_bytes_and_aligned) {
  const scratch_folder folder;
  const example e;
  write_safetensors(folder / "a", e.arrays(), e.metadata());
  write_safetensors(folder / "b", e.arrays(), e.metadata());
  const std::string file = read_bytes(folder / "a");
  EXPECT_EQ(file, read_bytes(folder / "b"));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  EXPECT_EQ((8 + header_bytes) % 64, 0U);
  safetensors_reader reader = reader_of(folder / "a");
  for (const auto& array : reader.arrays()) {
    EXPECT_EQ(array.begin % gradstep::internal::dtype_bytes(array.dtype), 0U) << array.name;
  }
}

TEST(file_round_trip, other_programs_files_have_no_checksums) {
  const scratch_folder folder;
  write_bytes(folder / "file",
              file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2));
  safetensors_reader reader = reader_of(folder / "file");
  EXPECT_FALSE(reader.has_checksums());
  ASSERT_EQ(reader.arrays().size(), 1U);
  EXPECT_EQ(bytes_of(reader, reader.arrays()[0]), "ZZ");
}

TEST(file_round_trip, change_between_the_passes_is_found) {
  const scratch_folder folder;
  const example e;
  const std::string path = folder / "file";
  write_safetensors(path, e.arrays(), e.metadata());
  safetensors_reader reader = reader_of(path);
  const stored_array& last = reader.arrays()[reader.arrays().size() - 1];
  std::string file = read_bytes(path);
  file.back() ^= 1;
  write_bytes(path, file);
  expect_words(sentence_of(GRADSTEP_CORRUPT, [&] { bytes_of(reader, last); }),
               {path, "changed", last.name});
  std::filesystem::resize_file(path, file.size() - 1);
  expect_words(sentence_of(GRADSTEP_CORRUPT, [&] { bytes_of(reader, last); }),
               {path, "changed", last.name});
}

TEST(file_round_trip, refuses_to_write_what_it_would_not_read) {
  const scratch_folder folder;
  const float one = 1;
  const auto refused = [&](const std::vector<saved_array>& arrays, const metadata_map& metadata) {
    auto sentence = sentence_of(GRADSTEP_INVALID_ARGUMENT,
                                [&] { write_safetensors(folder / "file", arrays, metadata); });
    EXPECT_TRUE(folder.names().empty());
    return sentence;
  };
  const auto array = [&](const std::string& name) { return saved_array{name, "F32", {1}, &one}; };
  expect_words(refused({array("a"), array("b"), array("a")}, {}), {"\"a\"", "two"});
  expect_words(refused({array("")}, {}), {"\"\""});
  expect_words(refused({array("__metadata__")}, {}), {"__metadata__"});
  expect_words(refused({array("\xFF")}, {}), {"UTF-8"});
  expect_words(refused({{"a", "F31", {1}, &one}}, {}), {"\"a\"", "F31"});
  expect_words(refused({{"a", "F32", {1ULL << 32, 1ULL << 32}, &one}}, {}), {"\"a\"", "2^64"});
  expect_words(refused({}, {{"gradstep.crc32", ""}}), {"gradstep.crc32"});
  expect_words(refused({}, {{"gradstep.header_crc32", ""}}), {"gradstep.header_crc32"});
  expect_words(refused({}, {{"key", "\xC3"}}), {"UTF-8"});
  std::string value;
  value.resize(gradstep::internal::most_header_bytes, 'x');
  expect_words(refused({}, {{"key", value}}), {"100000000"});
}

// ---- read_checkpoint.py, which shares no code with the layer ------------------------------------

struct run_result {
  int exit_status;
  std::string output;
};

run_result run_reader(const std::string& path) {
  const std::string command = read_checkpoint_command(path) + " 2>&1";
  // The command is this build's own. NOLINTNEXTLINE(bugprone-command-processor)
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  return {pclose(pipe), output};
}

TEST(read_checkpoint, finds_the_same_arrays) {
  const scratch_folder folder;
  const example e;
  write_safetensors(folder / "file", e.arrays(), e.metadata());
  const run_result run = run_reader(folder / "file");
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_EQ(run.output,
            "scalar F64 [] 1.5\n"
            "three F64 [3, 1] 1.5 -2.25 1e+300\n"
            "layer.0.weight.exp_avg F32 [2, 3] 0.5 -1.0 2.0 3.0\n"
            "empty F32 [0]\n"
            "bias.exp_avg BF16 [2] 1.0 -2.0\n"
            "bias.copy F16 [1] 1.0\n"
            "none of three U16 [3, 0, 2]\n"
            "blocks U8 [2, 1, 2, 1] 0 1 255 7\n"
            "8 arrays, all checksums agree\n");
}

TEST(read_checkpoint, finds_damage_anywhere) {
  const scratch_folder folder;
  const example e;
  write_safetensors(folder / "file", e.arrays(), e.metadata());
  const std::string whole = read_bytes(folder / "file");
  constexpr std::size_t places = 8;
  for (std::size_t i = 0; i <= places; ++i) {
    std::string damaged = whole;
    damaged[i * (whole.size() - 1) / places] ^= 4;
    write_bytes(folder / "damaged", damaged);
    EXPECT_NE(run_reader(folder / "damaged").exit_status, 0) << "place " << i;
  }
}

}  // namespace
}  // namespace gradstep_test
