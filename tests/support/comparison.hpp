// SPDX-License-Identifier: Apache-2.0
//
// Assertions whose messages say more than those of EXPECT_EQ: where two arrays differ, and what the
// sentence of a failure lacks.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace gradstep_test {

/// Expects equal bits. The message names the first difference instead of printing both arrays.
inline void expect_same_bits(const std::vector<std::uint64_t>& got,
                             const std::vector<std::uint64_t>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  const auto [at, other] = std::mismatch(got.begin(), got.end(), wanted.begin());
  EXPECT_TRUE(at == got.end()) << "value " << at - got.begin() << " of " << got.size()
                               << " differs: bits " << std::hex << *at << ", wanted " << *other;
}

inline void expect_words(const std::string& sentence, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    EXPECT_NE(sentence.find(word), std::string::npos) << '"' << sentence << "\" lacks " << word;
  }
}

inline void expect_ok(gradstep_status status) {
  EXPECT_EQ(status, GRADSTEP_OK) << gradstep_last_error();
}

/// Expects this status of a call, and all of these words in gradstep_last_error.
inline void expect_failure(gradstep_status got, gradstep_status wanted,
                           const std::vector<std::string>& words) {
  EXPECT_EQ(got, wanted) << gradstep_status_name(got) << " instead of "
                         << gradstep_status_name(wanted);
  if (got != GRADSTEP_OK) expect_words(gradstep_last_error(), words);
}

}  // namespace gradstep_test
