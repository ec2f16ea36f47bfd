// SPDX-License-Identifier: Apache-2.0
#include "optimizer/call_gate.hpp"

#include <mutex>

namespace gradstep::internal {

bool call_gate::call::excludes(const call& other) const noexcept {
  if (use_ == use::all || other.use_ == use::all || use_ != other.use_) return true;
  return use_ == use::tensor && tensor_ == other.tensor_;
}

/// The earlier calls that exclude c. Those that wait themselves count too, so that no call is
/// overtaken for ever.
call_gate::obstacles call_gate::before(const call& c) const noexcept {
  obstacles found{false, false};
  for (const call* other = first_; other != &c; other = other->next_) {
    found.are_there |= other->excludes(c);
    found.are_of_this_thread |= other->thread_ == c.thread_;
  }
  return found;
}

void call_gate::append(call& c) noexcept {
  call** end = &first_;
  while (*end != nullptr) end = &(*end)->next_;
  *end = &c;
}

void call_gate::remove(const call& c) noexcept {
  call** at = &first_;
  while (*at != &c) at = &(*at)->next_;
  *at = c.next_;
}

void call_gate::wait_for_change() noexcept {
  const std::uint32_t seen = changes_.load();
  ++waiting_;
  unlock();
  changes_.wait(seen);
  lock();
  --waiting_;
}

call_gate::entry call_gate::enter(call& c) noexcept {
  const std::lock_guard held(*this);
  // A parent's calls lie on stacks that do not exist here: nothing may read them.
  if (is_inherited()) return entry::inherited;
  generation_ = process_generation();
  append(c);
  for (;;) {
    const obstacles found = before(c);
    if (!found.are_there) return entry::made;
    if (found.are_of_this_thread) break;
    wait_for_change();
  }
  // No other call has seen c, since the lock was held all the time.
  remove(c);
  return entry::nested;
}

void call_gate::leave(call& c) noexcept {
  lock();
  remove(c);
  const bool is_awaited = waiting_ != 0;
  if (is_awaited) ++changes_;
  unlock();
  if (is_awaited) changes_.notify_all();
}

}  // namespace gradstep::internal
