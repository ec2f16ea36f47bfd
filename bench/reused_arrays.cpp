// SPDX-License-Identifier: Apache-2.0
#include "reused_arrays.hpp"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bench {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

// Each array begins so many bytes further into its page than the one before. Arrays at equal places
// of a page make a plain loop up to 4 times slower in cache (Zen 4: a load waits for the store
// before it whose address has the same low 12 bits); the baselines shall not suffer from our
// allocations.
constexpr std::size_t stagger = std::size_t{17} * 64;

std::byte* allocate(std::size_t bytes) {
  void* memory = std::aligned_alloc(huge_page, bytes);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  // Where the kernel refuses, the roof gets the same small pages as the step.
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return static_cast<std::byte*>(memory);
}

}  // namespace

std::byte* arrays::at(std::size_t index, std::size_t bytes) {
  if (index >= arrays_.size()) arrays_.resize(index + 1);
  array& a = arrays_[index];
  const std::size_t offset = index * stagger;
  if (a.bytes < bytes) {
    const std::size_t rounded = (bytes + offset + huge_page - 1) / huge_page * huge_page;
    a.memory.reset();
    a.bytes = 0;
    a.memory.reset(allocate(rounded));
    a.bytes = rounded - offset;
  }
  return a.memory.get() + offset;
}

}  // namespace bench
