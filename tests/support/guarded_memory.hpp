// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>
#include <utility>

namespace gradstep_test {

/// Memory with an unreadable page on either side.
class guarded_memory {
 public:
  guarded_memory() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* all = mmap(nullptr, 3 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<std::byte*>(all);
    if (mprotect(begin_ + page_, page_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  guarded_memory(guarded_memory&& other) noexcept
      : page_(other.page_), begin_(std::exchange(other.begin_, nullptr)) {}
  guarded_memory& operator=(guarded_memory&&) = delete;
  ~guarded_memory() {
    if (begin_ != nullptr) munmap(begin_, 3 * page_);
  }

  /// `bytes` of memory, at the beginning of the accessible part or at its end.
  void* place(std::size_t bytes, bool at_end) const {
    return begin_ + page_ + (at_end ? page_ - bytes : 0);
  }
  /// Whether the accessible part can be read only.
  void set_read_only(bool is_read_only) const {
    const int access = is_read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    if (mprotect(begin_ + page_, page_, access) != 0) throw std::bad_alloc();
  }

 private:
  std::size_t page_;
  std::byte* begin_;
};

}  // namespace gradstep_test
