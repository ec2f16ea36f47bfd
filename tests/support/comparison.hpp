// SPDX-License-Identifier: Apache-2.0
//
// Assertions that say more than EXPECT_EQ: where two arrays differ, what a failure's sentence
// lacks.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace gradstep_test {

/// The two are equal. The message names the first difference instead of printing both.
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

/// The call returned this status, and gradstep_last_error contains all of these words.
inline void expect_failure(gradstep_status got, gradstep_status wanted,
                           const std::vector<std::string>& words) {
  EXPECT_EQ(got, wanted) << gradstep_status_name(got) << " instead of "
                         << gradstep_status_name(wanted);
  if (got != GRADSTEP_OK) expect_words(gradstep_last_error(), words);
}

}  // namespace gradstep_test
