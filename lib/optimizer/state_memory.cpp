// SPDX-License-Identifier: Apache-2.0
#include "optimizer/state_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "threads/pieces.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gradstep::internal {
namespace {

#if defined(__linux__)

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Smaller blocks would leave most of a huge page empty.
constexpr std::size_t mapped_from = 2 * huge_page;

/// A mapping that begins at a huge page's boundary. Maps too much and unmaps what is around.
void* map_aligned(std::size_t bytes) {
  const std::size_t wanted = bytes + huge_page;
  void* mapped = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;  // NOLINT(performance-no-int-to-ptr): the macro's
  auto* begin = static_cast<std::byte*>(mapped);
  const std::size_t skipped =
      (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
  if (skipped != 0) munmap(begin, skipped);
  munmap(begin + skipped + bytes, huge_page - skipped);
  // A request: small pages do as well.
  madvise(begin + skipped, bytes, MADV_HUGEPAGE);
  return begin + skipped;
}

void unmap(void* data, std::size_t bytes) { munmap(data, bytes); }

#else

constexpr std::size_t huge_page = 4096;
constexpr std::size_t mapped_from = SIZE_MAX;
void* map_aligned(std::size_t) { return nullptr; }
void unmap(void*, std::size_t) {}

#endif

/// Rounds up: to whole huge pages for a mapping, else to state_alignment. Throws std::bad_alloc on
/// overflow.
std::size_t block_size(std::size_t bytes) {
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
  const std::size_t unit = bytes >= mapped_from ? huge_page : state_alignment;
  return round_up(bytes, unit);
}

void fill_part(const context& c, const operand& array, std::size_t count, double value) {
  if (value == 0) {
    std::memset(array.data, 0, count * size_of(array.type));
    if (has_blocks(array.type)) {
      std::memset(array.extra, 0, scale_count(count) * sizeof(float));
    }
    return;
  }
  if (array.type == dtype::float64) {
    std::fill_n(static_cast<double*>(array.data), count, value);
    return;
  }
  float values[block_elements];
  std::fill_n(values, block_elements, static_cast<float>(value));
  for (std::size_t i = 0; i < count; i += block_elements) {
    c.isa->kernels->store_float32(values, array + i, std::min(block_elements, count - i));
  }
}

}  // namespace

state_block::state_block(std::size_t bytes) : size_(block_size(bytes)) {
  if (size_ == 0) return;
  void* data =
      size_ >= mapped_from ? map_aligned(size_) : std::aligned_alloc(state_alignment, size_);
  if (data == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(data);
}

state_block::state_block(state_block&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

state_block& state_block::operator=(state_block&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

state_block::~state_block() {
  if (data_ == nullptr) return;
  if (size_ >= mapped_from) {
    unmap(data_, size_);
  } else {
    std::free(data_);
  }
}

void fill_array(const context& c, const operand& array, std::size_t count, double value) noexcept {
  run_array_pieces(
      c, count, [&](std::size_t begin, std::size_t n) { fill_part(c, array + begin, n, value); });
}

}  // namespace gradstep::internal
