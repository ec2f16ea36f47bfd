// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the C library's functions in this program.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "guest/failing_memory.hpp"

// The C library's own.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier)
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
}

namespace gradstep_test {
namespace {

// No constructors: malloc uses these before and after any constructor runs.
std::atomic<failing> wanted{failing::none};
std::atomic<bool> is_counting{false};
std::atomic<std::size_t> first_failing{0}, requests{0};
std::atomic<std::ptrdiff_t> live{0};

bool fails() {
  if (!is_counting) return false;
  const std::size_t index = requests++;
  const bool is_it = wanted == failing::one ? index == first_failing : index >= first_failing;
  if (wanted == failing::none || !is_it) return false;
  errno = ENOMEM;
  return true;
}

void* counted(void* memory) {
  if (memory != nullptr) ++live;
  return memory;
}

}  // namespace

void count_requests(failing how, std::size_t index) noexcept {
  wanted = how;
  first_failing = index;
  requests = 0;
  is_counting = true;
}

std::size_t counted_requests() noexcept {
  is_counting = false;
  return requests;
}

std::ptrdiff_t live_blocks() noexcept { return live; }

}  // namespace gradstep_test

// Names and parameters are the C library's.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

void* malloc(std::size_t bytes) noexcept {
  using namespace gradstep_test;
  return fails() ? nullptr : counted(__libc_malloc(bytes));
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
  using namespace gradstep_test;
  return fails() ? nullptr : counted(__libc_calloc(count, bytes));
}

void* realloc(void* memory, std::size_t bytes) noexcept {
  using namespace gradstep_test;
  if (fails()) return nullptr;
  void* moved = __libc_realloc(memory, bytes);
  if (memory == nullptr) counted(moved);
  return moved;
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  using namespace gradstep_test;
  return fails() ? nullptr : counted(__libc_memalign(alignment, bytes));
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  void* allocated = memalign(alignment, bytes);
  if (allocated == nullptr) return ENOMEM;
  *memory = allocated;
  return 0;
}

void free(void* memory) noexcept {
  if (memory != nullptr) --gradstep_test::live;
  __libc_free(memory);
}

void* mmap(void* at, std::size_t bytes, int protection, int flags, int file,
           off_t offset) noexcept {
  using namespace gradstep_test;
  if ((flags & MAP_ANONYMOUS) != 0 && fails()) return MAP_FAILED;
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, bytes, protection, flags, file, offset));
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
