// SPDX-License-Identifier: Apache-2.0
//
// Sequences of C calls with hostile arguments, by the public header alone. Two bytes choose a call,
// those that follow its arguments.
#include <cstddef>
#include <cstdint>

#include "fuzz/call_world.hpp"
#include "fuzz/fuzz_input.hpp"

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gradstep_test;
  const std::span<const call_maker> kinds[] = {optimizer_calls(), stateless_calls(), state_calls(),
                                               object_calls()};
  call_world world(fuzz_input({data, size}));
  for (int i = 0; i < 100 && !world.in.is_empty(); ++i) {
    const auto makers = world.in.one_of(kinds);
    const std::size_t choice = world.in.below(64);
    // Choices beyond the last call do nothing: a call that is added later leaves old inputs as they
    // are.
    if (choice < makers.size()) makers[choice](world);
  }
  return 0;
}
