// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry: checkpoint_fuzzer tests/fuzz/checkpoint_corpus
#include <cstddef>
#include <cstdint>

#include "fuzz/checkpoint_input.hpp"

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradstep_test::check_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
