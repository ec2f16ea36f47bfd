// SPDX-License-Identifier: Apache-2.0
//
// Files whose numbers are all the same: a mixture of two files shows.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "safetensors/saved_files.hpp"

namespace gradstep_test {

inline constexpr std::size_t count = 100'000;

inline void save(const std::string& path, float content) {
  const std::vector<float> numbers(count, content);
  write_safetensors(path, {{"numbers", "F32", {count}, numbers.data()}},
                    {{"content", std::to_string(content)}});
}

/// The number that the whole file consists of.
inline float content_of(const std::string& path) {
  safetensors_reader reader = reader_of(path);
  std::vector<float> numbers(count);
  reader.read(reader.arrays().at(0), numbers.data());
  for (const float number : numbers) EXPECT_EQ(number, numbers[0]);
  EXPECT_EQ(reader.metadata().at("content"), std::to_string(numbers[0]));
  return numbers[0];
}

/// Saves; 0 if that fails with IO_ERROR and these words. For child processes, which have no
/// assertions.
inline int save_fails(const std::string& path, const std::vector<std::string>& words) {
  try {
    save(path, 2);
  } catch (const failure& f) {
    const std::string sentence = f.what();
    bool has_all = f.status() == GRADSTEP_IO_ERROR;
    for (const auto& word : words) has_all &= sentence.find(word) != std::string::npos;
    if (!has_all) std::fprintf(stderr, "%s\n", sentence.c_str());
    return has_all ? 0 : 1;
  }
  return 2;
}

}  // namespace gradstep_test
