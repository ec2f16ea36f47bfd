// SPDX-License-Identifier: Apache-2.0
#include "support/counted_memory.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace gradstep_test {
namespace {

std::size_t held = 0;
std::size_t peak = 0;
std::size_t calls = 0;

}  // namespace

std::size_t held_bytes() noexcept { return held; }
std::size_t peak_bytes() noexcept { return peak; }
void reset_peak() noexcept { peak = held; }
std::size_t allocation_count() noexcept { return calls; }

}  // namespace gradstep_test

// The other forms of new and delete call these; those of a sanitizer would not.
void* operator new(std::size_t bytes) {
  using namespace gradstep_test;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  held += malloc_usable_size(memory);
  if (held > peak) peak = held;
  ++calls;
  return memory;
}

void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void operator delete(void* memory) noexcept {
  gradstep_test::held -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept { operator delete(memory); }
