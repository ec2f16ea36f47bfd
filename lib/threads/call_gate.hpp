// SPDX-License-Identifier: Apache-2.0
//
// Calls on one optimizer from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>

#include "threads/brief_lock.hpp"

namespace gradstep::internal {

/// The calls at work, in the order in which they came. A call waits for those before it that it
/// cannot run beside; nothing is allocated.
///
/// The lock is for what calls write and others read meanwhile. A call that only looks at the
/// optimizer's books holds it and enters nothing; one that has entered holds it while it writes
/// what such a call reads, and so never while it runs over arrays.
class call_gate {
 public:
  enum class use {
    save,    // reads arrays and books: beside its like
    tensor,  // changes one tensor: beside those of other tensors
    all,     // alone
  };
  enum class entry {
    made,
    nested,    // it would wait for a call that this thread is inside of
    inherited  // for one of a thread that a fork left behind in the parent
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

  /// Unless it was made, the call has not entered.
  entry enter(call& c) noexcept;
  void leave(call& c) noexcept;

  void lock() noexcept { lock_.lock(); }
  void unlock() noexcept { lock_.unlock(); }

  /// With the lock held: whether a call was at work in the parent when this process was forked.
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
  unsigned generation_ = 0;  // of the process whose calls they are
  std::uint32_t waiting_ = 0;
  call* first_ = nullptr;
  std::atomic<std::uint32_t> changes_ = 0;
};

}  // namespace gradstep::internal
