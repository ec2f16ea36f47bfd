// SPDX-License-Identifier: Apache-2.0
//
// The CPUs that threads may run on. Linux only; elsewhere every mask is empty.
#pragma once

#include <cstddef>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstep::internal {

/// A set of CPUs. No call allocates but `cpus`.
class cpu_mask {
 public:
  /// Those of a thread by its number, 0 being the calling one; empty when they cannot be read.
  static cpu_mask of_thread(int thread) noexcept;

  /// Binds that thread to them. Does nothing when the system refuses.
  void bind_thread(int thread) const noexcept;

  void add(std::size_t cpu) noexcept;
  void add(const cpu_mask& other) noexcept;
  std::size_t count() const noexcept;
  std::vector<std::size_t> cpus() const;
  bool operator==(const cpu_mask& other) const noexcept;

 private:
#if defined(__linux__)
  cpu_set_t sets_[8] = {};  // 8192 CPUs, the most that Linux can be built for
#endif
};

/// The CPUs that the process may run on: those of any of its threads, since one thread may be bound
/// to fewer (by OpenMP, say), and those that OpenMP would bind threads to. Empty when nothing is
/// known.
cpu_mask process_cpus();

/// While it lives, the process's first thread may use all of these CPUs. oneTBB counts those of
/// that thread when it is first used, and starts its workers with them.
class unbound_first_thread {
 public:
  explicit unbound_first_thread(const cpu_mask& all) noexcept;
  ~unbound_first_thread();
  unbound_first_thread(const unbound_first_thread&) = delete;
  unbound_first_thread& operator=(const unbound_first_thread&) = delete;

 private:
  cpu_mask before_;
  cpu_mask during_;
};

/// Binds the calling thread to one CPU for as long as it lives.
class bound_thread {
 public:
  explicit bound_thread(std::size_t cpu) noexcept;
  ~bound_thread();
  bound_thread(const bound_thread&) = delete;
  bound_thread& operator=(const bound_thread&) = delete;

 private:
  cpu_mask before_;
};

}  // namespace gradstep::internal
