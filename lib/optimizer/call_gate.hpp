// SPDX-License-Identifier: Apache-2.0
//
// Calls on one optimizer from several threads: which run side by side, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>

#include "threads/brief_lock.hpp"

namespace gradstep::internal {

/// A fair lock with three modes. A call waits for every earlier call that excludes it. Entries lie
/// on the callers' stacks, so nothing is allocated.
///
/// lock() and unlock() guard the optimizer's books (counts, names, settings). A call that only
/// reads the books holds this lock and does not enter. A call that has entered holds it while it
/// writes the books, and never over a parallel region.
class call_gate {
 public:
  enum class use {
    save,    // reads arrays and books; runs beside other saves
    tensor,  // changes one tensor; runs beside changes of other tensors
    all,     // runs alone
  };
  enum class entry {
    made,
    nested,    // refused: the call would wait for a call that this thread is inside of
    inherited  // refused: this is a child of fork, and a call was at work in the parent
  };

  class call {
   public:
    explicit call(use how, std::size_t tensor = 0) : use_(how), tensor_(tensor) {}
    call(const call&) = delete;
    call& operator=(const call&) = delete;

   private:
    friend call_gate;
    bool excludes(const call& other) const noexcept;

    use use_;
    std::size_t tensor_;
    std::thread::id thread_ = std::this_thread::get_id();
    call* next_ = nullptr;
  };

  /// The call has entered if the result is `made`; it then has to leave.
  entry enter(call& c) noexcept;
  void leave(call& c) noexcept;

  void lock() noexcept { lock_.lock(); }
  void unlock() noexcept { lock_.unlock(); }

  /// Whether a call was at work in the parent when this process was forked. The lock must be held.
  bool is_inherited() const noexcept {
    return first_ != nullptr && generation_ != process_generation();
  }

 private:
  struct obstacles {
    bool are_there, are_of_this_thread;
  };
  obstacles before(const call& c) const noexcept;
  void append(call& c) noexcept;
  void remove(const call& c) noexcept;
  void wait_for_change() noexcept;

  brief_lock lock_;
  unsigned generation_ = 0;    // the process_generation() of the calls in the list
  std::uint32_t waiting_ = 0;  // calls
  call* first_ = nullptr;
  std::atomic<std::uint32_t> changes_ = 0;  // of the list, since a call began to wait
};

}  // namespace gradstep::internal
