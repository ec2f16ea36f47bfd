// SPDX-License-Identifier: Apache-2.0
//
// Files that were made to exhaust memory, files with wrong checksums, and thousands of mutated
// files.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/checkpoint_input.hpp"
#include "safetensors/saved_files.hpp"
#include "support/comparison.hpp"
#include "support/counted_memory.hpp"
#include "support/scratch_folder.hpp"
#include "support/test_paths.hpp"

// The fuzzer's entry. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gradstep_test {
namespace {

constexpr std::size_t megabyte = 1'000'000;

/// `before`, a megabyte of `text` repeated, and `after`.
std::string filled(std::string before, const std::string& text, const std::string& after = "") {
  while (before.size() < megabyte) before += text;
  return before + after;
}

TEST(hostile_files, memory_is_a_few_times_the_header) {
  const scratch_folder folder;
  const std::string entry = R"("a":{"dtype":"U8","data_offsets":[0,0],"shape":[)";
  const std::string headers[] = {filled("[", "["),
                                 filled("{", R"("a":{)"),
                                 filled(R"({"a":)", "["),
                                 filled("{" + entry, "0,", "0]}}"),
                                 filled("{" + entry, "1", "]}}"),
                                 filled(R"({"a":{"data_offsets":[)", "0,"),
                                 filled("{\"", "x", "\":{}}"),
                                 filled(R"({"a":{"dtype":")", "x", "\"}}"),
                                 filled("{\"", "x"),
                                 filled(R"({"__metadata__":{"x":")", "x", "\"}}"),
                                 filled("{", " ")};
  for (const auto& header : headers) {
    SCOPED_TRACE(header.substr(0, 60));
    write_bytes(folder / "file", file_of(header, 8));
    EXPECT_LT(memory_of([&] {
                EXPECT_LT(sentence_of_reading(GRADSTEP_CORRUPT, folder / "file").size(), 500U);
              }),
              12 * megabyte);
  }
}

TEST(hostile_files, memory_of_large_arrays_is_the_buffer) {
  const scratch_folder folder;
  const std::vector<float> numbers(16 * megabyte / sizeof(float), 1.5F);
  EXPECT_LT(memory_of([&] {
              write_safetensors(folder / "file",
                                {{"numbers", "F32", {numbers.size()}, numbers.data()}}, {});
            }),
            megabyte);
  EXPECT_LT(memory_of([&] { reader_of(folder / "file"); }), megabyte);
}

TEST(hostile_files, checksums_that_do_not_belong) {
  const scratch_folder folder;
  const auto sentence = [&](const std::string& metadata, bool is_sealed) {
    const std::string header = R"({"__metadata__":{)" + metadata +
                               R"(},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                               R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})";
    const std::string file = file_of(header, 8);
    write_bytes(folder / "file", is_sealed ? sealed_again(file) : file);
    return sentence_of_reading(GRADSTEP_CORRUPT, folder / "file");
  };
  const std::string own = R"("gradstep.header_crc32":"00000000")";
  const auto crc32 = gradstep::internal::hex_of(gradstep::internal::crc32_of("ZZZZ", 4));
  const auto with = [&](const std::string& list) {
    return own + R"(,"gradstep.crc32":")" + list + '"';
  };
  expect_words(sentence(own, false), {"checksum of the header", "\"00000000\""});
  expect_words(sentence(own, true), {"some of its checksums"});
  expect_words(sentence(R"("gradstep.crc32":"")", false), {"some of its checksums"});
  expect_words(sentence(R"("x":"",)" + own, false), {"some of its checksums"});
  expect_words(sentence(with(""), true), {"number of arrays"});
  expect_words(sentence(with(crc32), true), {"number of arrays"});
  expect_words(sentence(with(crc32 + ' ' + crc32 + ' ' + crc32), true), {"number of arrays"});
  expect_words(sentence(with(crc32 + ',' + crc32), true), {"malformed"});
  expect_words(sentence(with(crc32 + ' ' + "0000000G"), true), {"malformed"});
  expect_words(sentence(with(crc32 + ' ' + "0000000A"), true), {"malformed"});
  expect_words(sentence(with(crc32 + ' ' + "00000000"), true), {"the array \"b\"", crc32});
}

TEST(hostile_files, what_is_no_regular_file) {
  const scratch_folder folder;
  expect_words(sentence_of_reading(GRADSTEP_IO_ERROR, folder / "missing"),
               {folder / "missing", "No such file"});
  expect_words(sentence_of_reading(GRADSTEP_IO_ERROR, folder.path()),
               {folder.path(), "not a regular file"});
  expect_words(sentence_of_reading(GRADSTEP_IO_ERROR, "/dev/zero"), {"not a regular file"});
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_words(sentence_of_reading(GRADSTEP_IO_ERROR, folder / "pipe"), {"not a regular file"});
}

// ---- Mutated files ------------------------------------------------------------------------------

/// The inputs that were written by hand. Those that the fuzzer has found are called checkpoint_*,
/// and most are no good files.
std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests_file("fuzz/checkpoint_corpus"))) {
    if (!entry.path().filename().string().starts_with("checkpoint_")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  inputs.reserve(paths.size());
  for (const auto& path : paths) inputs.push_back(read_bytes(path.string()));
  return inputs;
}

/// Changes one place after the first byte. The first byte says what the input is.
void mutate(std::string& input, std::mt19937_64& random) {
  static const std::string tokens[] = {
      "0",           "-1",        "1e9",       "18446744073709551616",
      "[",           "]",         "{",         "}",
      ",",           ":",         "\"",        "\\u0000",
      "null",        "\"dtype\"", "F64",       "BOOL",
      " ",           "\xFF",      "\"shape\"", "\"a\":",
      "__metadata__"};
  if (input.size() < 2) input += ' ';
  const std::size_t at = 1 + random() % (input.size() - 1);
  const std::size_t count = 1 + random() % 12;
  const std::string& token = tokens[random() % std::size(tokens)];
  switch (random() % 6) {
    case 0:
      input[at] ^= static_cast<char>(1 << random() % 8);
      return;
    case 1:
      input[at] = static_cast<char>(random());
      return;
    case 2:
      input.erase(at, count);
      return;
    case 3:
      input.insert(at, input.substr(at, count));
      return;
    case 4:
      input.insert(at, token);
      return;
    default:
      input.replace(at, count, token);
  }
}

TEST(hostile_files, corpus_and_its_mutations) {
  constexpr int mutations = 1500;  // of each input
  std::mt19937_64 random(7);
  int accepted = 0, refused = 0;
  int seeds = 0;
  for (const auto& seed : corpus()) {
    if (!check_input(seed)) continue;  // what a fuzzer has found, or an input that is not of a file
    ++seeds;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(seed.data());
    ASSERT_EQ(LLVMFuzzerTestOneInput(bytes, seed.size()), 0);
    for (int i = 0; i < mutations; ++i) {
      std::string input = seed;
      for (auto changes = 1 + random() % 4; changes > 0; --changes) mutate(input, random);
      try {
        ++(check_input(input) ? accepted : refused);
      } catch (const std::exception& error) {
        FAIL() << error.what() << ": " << input;
      }
    }
  }
  EXPECT_GE(seeds, 8);
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 5000);
}

TEST(hostile_files, no_mutation_of_a_sealed_file_is_accepted) {
  std::mt19937_64 random(8);
  int sealed = 0;
  for (std::string seed : corpus()) {
    if (seed[0] != 's') continue;
    ++sealed;
    seed = 'f' + sealed_again(seed.substr(1));
    ASSERT_TRUE(check_input(seed));
    for (int i = 0; i < 2000; ++i) {
      std::string input = seed;
      mutate(input, random);
      if (input == seed) continue;
      ASSERT_FALSE(check_input(input)) << input;
    }
  }
  EXPECT_GE(sealed, 2);
}

}  // namespace
}  // namespace gradstep_test
