// SPDX-License-Identifier: Apache-2.0
//
// The CPUs that threads may run on. Only Linux has them; elsewhere every mask is empty.
#pragma once

#include <cstddef>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstep::internal {

/// A set of CPUs. Only cpus() allocates.
class cpu_mask {
 public:
  /// The CPUs of the thread with that number; 0 is the calling thread. Empty if the system refuses.
  static cpu_mask of_thread(int thread) noexcept;

  /// Binds the thread with that number to these CPUs. Does nothing if the system refuses.
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

/// The CPUs that the process may run on: the CPUs of all its threads together, because OpenMP, say,
/// may have bound one thread to fewer; and the CPUs that OpenMP would bind threads to. Empty if
/// nothing is known.
cpu_mask process_cpus();

/// While it lives, the process's first thread may use all of the given CPUs. At its first use
/// oneTBB counts that thread's CPUs, and its workers start with the same ones.
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

/// While it lives, the calling thread is bound to one CPU.
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
