// SPDX-License-Identifier: Apache-2.0
//
// How a harness reports what it has found, to libFuzzer and to the program that replays a corpus.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace gradstep_test {

[[noreturn]] inline void report_finding(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

inline void check_that(bool holds, const std::string& what) {
  if (!holds) report_finding(what);
}

}  // namespace gradstep_test
