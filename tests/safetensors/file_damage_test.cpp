// SPDX-License-Identifier: Apache-2.0
//
// Damage and malice: reading a file, whatever it holds, ends in a failure that names the fault, and
// takes bounded memory.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "safetensors/checksums.hpp"
#include "safetensors/saved_files.hpp"
#include "support/comparison.hpp"
#include "support/counted_memory.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

std::string example_file(const scratch_folder& folder) {
  const example e;
  write_safetensors(folder / "example", e.arrays(), e.metadata());
  return read_bytes(folder / "example");
}

TEST(file_damage, every_single_bit) {
  const scratch_folder folder;
  const std::string file = example_file(folder);
  std::fstream damaged(folder / "example", std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](std::size_t at, int byte) {
    damaged.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
  };
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      put(at, file[at] ^ 1 << bit);
      sentence_of_reading(GRADSTEP_CORRUPT, folder / "example");
      ASSERT_FALSE(HasFailure()) << "bit " << bit << " of byte " << at;
    }
    put(at, file[at]);
  }
  EXPECT_EQ(read_bytes(folder / "example"), file);
}

TEST(file_damage, truncated_at_every_length_and_extended) {
  const scratch_folder folder;
  const std::string file = example_file(folder);
  write_bytes(folder / "damaged", file);
  for (std::size_t length = file.size(); length-- > 0;) {
    std::filesystem::resize_file(folder / "damaged", length);
    sentence_of_reading(GRADSTEP_CORRUPT, folder / "damaged");
    ASSERT_FALSE(HasFailure()) << "length " << length;
  }
  write_bytes(folder / "damaged", file + '\0');
  expect_words(sentence_of_reading(GRADSTEP_CORRUPT, folder / "damaged"),
               {folder / "damaged", "follow in the file"});
}

TEST(file_damage, the_sentence_names_array_and_checksums) {
  const scratch_folder folder;
  std::string file = example_file(folder);
  file.back() ^= 1;
  write_bytes(folder / "damaged", file);
  const std::string wanted = gradstep::internal::hex_of(
      gradstep::internal::crc32_of(example().bytes.data(), example().bytes.size()));
  expect_words(sentence_of_reading(GRADSTEP_CORRUPT, folder / "damaged"),
               {folder / "damaged", "\"blocks\"", "checksum", wanted});
}

TEST(file_damage, length_of_the_header) {
  const scratch_folder folder;
  const std::string header = R"({"__metadata__":{}})";
  const auto sentence = [&](std::uint64_t length) {
    write_bytes(folder / "file", little_endian(length) + header);
    return sentence_of_reading(GRADSTEP_CORRUPT, folder / "file");
  };
  expect_words(sentence(0), {"header of 0 bytes"});
  expect_words(sentence(header.size() + 1), {"header of 20 bytes", "1 to 19"});
  expect_words(sentence(1ULL << 40), {"header of 1099511627776 bytes"});
  expect_words(sentence(1ULL << 63), {"header of 9223372036854775808 bytes"});
  expect_words(sentence(~0ULL), {"header of 18446744073709551615 bytes"});
  write_bytes(folder / "file", little_endian(100'000'001));
  std::filesystem::resize_file(folder / "file", 200'000'000);
  EXPECT_LT(memory_of([&] {
              expect_words(sentence_of_reading(GRADSTEP_CORRUPT, folder / "file"),
                           {"100000001", "1 to 100000000"});
            }),
            100'000U);
}

struct hostile_header {
  std::string header;
  std::vector<std::string> words;
};

/// Headers of files with 8 bytes of data.
const hostile_header hostile_headers[] = {
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,9]}})", {"\"a\"", "0 to 9", "8 bytes"}},
    {R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", {"9 bytes", "8 follow"}},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", {"4 bytes", "8 follow"}},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", {"\"a\"", "4 to 8", "ends at 0"}},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
     R"("b":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}})",
     {"\"b\"", "3 to 8", "ends at 4"}},
    {R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
     {"\"b\"", "4 to 8", "ends at 3"}},
    {R"({"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},)"
     R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
     {"\"b\"", "ends at 0"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}})", {"\"a\"", "8 to 0"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[-8,0]}})", {"-8", "negative"}},
    {R"({"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}})", {"-8", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}})", {"8.0", "whole number"}},
    {R"({"a":{"dtype":"U8","shape":[8e0],"data_offsets":[0,8]}})", {"8e0", "whole number"}},
    {R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,8]}})",
     {"18446744073709551616", "whole number"}},
    {R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
     {"\"a\"", "2^64"}},
    {R"({"a":{"dtype":"F64","shape":[2305843009213693953],"data_offsets":[0,8]}})", {"2^64"}},
    {R"({"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,8]}})", {"not valid JSON"}},
    {R"({"a":{"dtype":"U8","shape":["8"],"data_offsets":[0,8]}})", {"a string", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[[8]],"data_offsets":[0,8]}})", {"a list", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[{}],"data_offsets":[0,8]}})", {"an object", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[null],"data_offsets":[0,8]}})", {"null", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[true],"data_offsets":[0,8]}})", {"true or false"}},
    {R"({"a":{"dtype":"U8","shape":8,"data_offsets":[0,8]}})", {"a number", "shape"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":{}}})", {"an object", "data_offsets"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}})", {"\"a\"", "lacks"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}})", {"more than 2"}},
    {R"({"a":{"dtype":"U8","shape":[8]}})", {"\"a\"", "lacks"}},
    {R"({"a":{"dtype":"U8","data_offsets":[0,8]}})", {"\"a\"", "lacks"}},
    {R"({"a":{"shape":[8],"data_offsets":[0,8]}})", {"\"a\"", "lacks"}},
    {R"({"a":{}})", {"\"a\"", "lacks"}},
    {R"({"a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]}})", {"dtype twice"}},
    {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1}})", {"field \"x\""}},
    {R"({"a":{"dtype":"F33","shape":[8],"data_offsets":[0,8]}})", {"\"a\"", "dtype \"F33\""}},
    {R"({"a":{"dtype":"u8","shape":[8],"data_offsets":[0,8]}})", {"dtype \"u8\""}},
    {R"({"a":{"dtype":["U8"],"shape":[8],"data_offsets":[0,8]}})", {"a list"}},
    {R"({"":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})", {"no name"}},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
     R"("a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
     {"\"a\" stands twice"}},
    {R"({"a":7})", {"a number", "\"a\""}},
    {R"({"a":"U8"})", {"a string", "\"a\""}},
    {R"({"__metadata__":7})", {"a number", "__metadata__"}},
    {R"({"__metadata__":["x"]})", {"a list", "__metadata__"}},
    {R"({"__metadata__":null})", {"null", "__metadata__"}},
    {R"({"__metadata__":{"x":1}})", {"a number", "\"x\""}},
    {R"({"__metadata__":{"x":{}}})", {"an object", "\"x\""}},
    {R"({"__metadata__":{"x":"1","x":"2"}})", {"\"x\" stands twice"}},
    {R"({"__metadata__":{},"__metadata__":{}})", {"__metadata__ stands twice"}},
    {R"([])", {"does not begin with {"}},
    {R"( {})", {"does not begin with {"}},
    {"\xEF\xBB\xBF{}", {"does not begin with {"}},
    {R"({}{})", {"not valid JSON"}},
    {R"({"a)", {"not valid JSON"}},
    {std::string("{}\0 ", 4), {"zero byte"}},
    {"{\"\xC3\x28\":{}}", {"not valid JSON"}},
    {"{\"__metadata__\":{\"x\":\"\xFF\"}}", {"not valid JSON"}},
};

TEST(file_damage, hostile_headers) {
  const scratch_folder folder;
  for (const auto& [header, words] : hostile_headers) {
    SCOPED_TRACE(header);
    write_bytes(folder / "file", file_of(header, 8));
    const auto sentence = sentence_of_reading(GRADSTEP_CORRUPT, folder / "file");
    expect_words(sentence, {folder / "file"});
    expect_words(sentence, words);
  }
}

}  // namespace
}  // namespace gradstep_test
