// SPDX-License-Identifier: Apache-2.0
#include "threads/cpu_mask.hpp"

#if defined(__linux__)
#include <dirent.h>
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#endif

namespace gradstep::internal {

#if defined(__linux__)
namespace {

struct folder_closer {
  void operator()(DIR* folder) const { closedir(folder); }
};

void add_all_threads(cpu_mask& mask) {
  const std::unique_ptr<DIR, folder_closer> folder(opendir("/proc/self/task"));
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder.get())) {
    const int thread = std::atoi(entry->d_name);  // 0 for "." and ".."
    if (thread > 0) mask.add(cpu_mask::of_thread(thread));
  }
}

template <class Function>
Function* find_function(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

/// GNU OpenMP binds the first thread when it is loaded. It starts the other threads, on the other
/// CPUs, only when it needs them; until then only GNU OpenMP knows these CPUs. Other runtimes start
/// all threads before they bind one, and asking them would initialise them.
void add_openmp_places(cpu_mask& mask) {
  void* openmp = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (openmp == nullptr) {
    dlerror();  // clears the error, which the host must not find
    return;
  }
  const auto place_count = find_function<int()>(openmp, "omp_get_num_places");
  const auto cpu_count = find_function<int(int)>(openmp, "omp_get_place_num_procs");
  const auto get_cpus = find_function<void(int, int*)>(openmp, "omp_get_place_proc_ids");
  if (place_count != nullptr && cpu_count != nullptr && get_cpus != nullptr) {
    for (int place = 0; place < place_count(); ++place) {
      std::vector<int> cpus(static_cast<std::size_t>(cpu_count(place)));
      get_cpus(place, cpus.data());
      for (const int cpu : cpus) mask.add(static_cast<std::size_t>(cpu));
    }
  }
  dlclose(openmp);
}

}  // namespace

cpu_mask cpu_mask::of_thread(int thread) noexcept {
  cpu_mask mask;
  if (sched_getaffinity(thread, sizeof mask.sets_, mask.sets_) != 0) return {};
  return mask;
}

void cpu_mask::bind_thread(int thread) const noexcept {
  sched_setaffinity(thread, sizeof sets_, sets_);
}

void cpu_mask::add(std::size_t cpu) noexcept { CPU_SET_S(cpu, sizeof sets_, sets_); }

void cpu_mask::add(const cpu_mask& other) noexcept {
  CPU_OR_S(sizeof sets_, sets_, sets_, other.sets_);
}

std::size_t cpu_mask::count() const noexcept {
  return static_cast<std::size_t>(CPU_COUNT_S(sizeof sets_, sets_));
}

std::vector<std::size_t> cpu_mask::cpus() const {
  std::vector<std::size_t> numbers;
  for (std::size_t cpu = 0; cpu < 8 * sizeof sets_; ++cpu) {
    if (CPU_ISSET_S(cpu, sizeof sets_, sets_)) numbers.push_back(cpu);
  }
  return numbers;
}

bool cpu_mask::operator==(const cpu_mask& other) const noexcept {
  return CPU_EQUAL_S(sizeof sets_, sets_, other.sets_);
}

cpu_mask process_cpus() {
  cpu_mask mask = cpu_mask::of_thread(0);
  mask.add(cpu_mask::of_thread(getpid()));  // the process's number is its first thread's too
  add_all_threads(mask);
  add_openmp_places(mask);
  return mask;
}

unbound_first_thread::unbound_first_thread(const cpu_mask& all) noexcept
    : before_(cpu_mask::of_thread(getpid())), during_(before_) {
  if (before_ == all) return;
  all.bind_thread(getpid());
  during_ = cpu_mask::of_thread(getpid());  // the system may have left some out
}

unbound_first_thread::~unbound_first_thread() {
  if (during_ == before_) return;
  // The thread may have bound itself anew meanwhile; then it keeps that.
  if (cpu_mask::of_thread(getpid()) == during_) before_.bind_thread(getpid());
}

bound_thread::bound_thread(std::size_t cpu) noexcept : before_(cpu_mask::of_thread(0)) {
  if (before_.count() == 0) return;
  cpu_mask one;
  one.add(cpu);
  one.bind_thread(0);
}

bound_thread::~bound_thread() {
  if (before_.count() != 0) before_.bind_thread(0);
}

#else

cpu_mask cpu_mask::of_thread(int) noexcept { return {}; }
void cpu_mask::bind_thread(int) const noexcept {}
void cpu_mask::add(std::size_t) noexcept {}
void cpu_mask::add(const cpu_mask&) noexcept {}
std::size_t cpu_mask::count() const noexcept { return 0; }
std::vector<std::size_t> cpu_mask::cpus() const { return {}; }
bool cpu_mask::operator==(const cpu_mask&) const noexcept { return true; }
cpu_mask process_cpus() { return {}; }
unbound_first_thread::unbound_first_thread(const cpu_mask&) noexcept {}
unbound_first_thread::~unbound_first_thread() = default;
bound_thread::bound_thread(std::size_t) noexcept {}
bound_thread::~bound_thread() = default;

#endif

}  // namespace gradstep::internal
