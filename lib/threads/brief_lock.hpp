// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "threads/process_generation.hpp"

namespace gradstep::internal {

/// A mutex that is held for moments, by code that calls nothing of the host's. A child of fork
/// finds it free, even if a thread of the parent held it.
class brief_lock {
 public:
  void lock() noexcept {
    std::uint32_t seen = 0;
    if (!word_.compare_exchange_strong(seen, held(), std::memory_order_acquire)) lock_slowly(seen);
  }
  void unlock() noexcept {
    if ((word_.exchange(0, std::memory_order_release) & awaited) != 0) word_.notify_one();
  }

 private:
  static constexpr std::uint32_t awaited = 2;  // a thread sleeps until it is free
  static constexpr unsigned flag_bits = 2;

  static std::uint32_t held() noexcept {
    return static_cast<std::uint32_t>(process_generation()) << flag_bits | 1;
  }

  void lock_slowly(std::uint32_t seen) noexcept {
    const std::uint32_t mine = held();
    for (;;) {
      const bool is_free = seen == 0 || seen >> flag_bits != mine >> flag_bits;
      if (is_free) {
        if (word_.compare_exchange_weak(seen, mine | awaited, std::memory_order_acquire)) return;
        continue;
      }
      const std::uint32_t waited_for = seen | awaited;
      if (seen != waited_for && !word_.compare_exchange_weak(seen, waited_for)) continue;
      word_.wait(waited_for);
      seen = word_.load();
    }
  }

  std::atomic<std::uint32_t> word_ =
      0;  // 0: free; else the holder's process_generation() and two flags
};

}  // namespace gradstep::internal
