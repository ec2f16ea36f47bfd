// SPDX-License-Identifier: Apache-2.0
//
// Pieces of work. The caller's thread and its helpers claim them one by one from a shared counter.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>

#include "base/float_environment.hpp"
#include "kernels/storage/operand.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// The pieces that one thread claims: ascending numbers.
class piece_claims {
 public:
  piece_claims(std::atomic<std::size_t>& next, std::size_t count) : next_(next), count_(count) {}

  /// Sets `piece` to the next number; false when none is left.
  bool claim(std::size_t& piece) {
    piece = next_.fetch_add(1, std::memory_order_relaxed);
    if (piece >= count_) return false;
    ++claimed_;
    return true;
  }
  std::size_t claimed() const { return claimed_; }

 private:
  std::atomic<std::size_t>& next_;
  std::size_t count_;
  std::size_t claimed_ = 0;
};

/// Calls worker(claims) on each thread, in the step's floating-point environment. The worker claims
/// pieces and does them until none is left. Returns when all `count` pieces are done and their
/// writes are visible to the caller. Cannot fail: the caller's thread does what no helper has
/// claimed. With is_serial it does everything.
template <class Worker>
void run_pieces(const context& c, std::size_t count, bool is_serial,
                const Worker& worker) noexcept {
  struct shared_state {
    const context& c;
    const Worker& worker;
    std::size_t count;
    alignas(64) std::atomic<std::size_t> next = 0;
    alignas(64) std::atomic<std::size_t> done = 0;

    void work() {
      piece_claims claims(next, count);
      in_step_environment(c.flush_to_zero, [&] { worker(claims); });
      done.fetch_add(claims.claimed(), std::memory_order_release);
    }
  } state{c, worker, count};

  const std::size_t threads = is_serial ? 1 : std::min(c.thread_count, count);
  if (threads > 1) {
    c.team->run(
        threads, [](void* self, std::size_t) { static_cast<shared_state*>(self)->work(); }, &state);
  }
  state.work();
  while (state.done.load(std::memory_order_acquire) != count) std::this_thread::yield();
}

/// Calls body(begin, count) for pieces of an array of `count` elements, on the context's threads.
/// Pieces begin at blocks of 8-bit types. Cannot fail.
template <class Body>
void run_array_pieces(const context& c, std::size_t count, const Body& body) noexcept {
  constexpr std::size_t piece_size = 65536;  // elements
  static_assert(piece_size % block_elements == 0);
  const std::size_t pieces = count / piece_size + (count % piece_size != 0);
  run_pieces(c, pieces, count < c.serial_below, [&](piece_claims& claims) {
    for (std::size_t piece = 0; claims.claim(piece);) {
      const std::size_t begin = piece * piece_size;
      body(begin, std::min(piece_size, count - begin));
    }
  });
}

}  // namespace gradstep::internal
