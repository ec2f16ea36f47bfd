// SPDX-License-Identifier: Apache-2.0
#include "cpu_count.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstep::internal {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

#if defined(__linux__)

/// "max 100000" or "150000 100000": microseconds of CPU time, in each period of so many.
double read_quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period && quota > 0 && period > 0 ? quota / period : unlimited;
}

double read_quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  const bool is_set = quota_file >> quota && period_file >> period && quota > 0 && period > 0;
  return is_set ? quota / period : unlimited;
}

/// The smallest quota of a group and the groups that it is in. A container sees its own group at
/// the mount's root, whatever path /proc names, so the root counts too.
template <class Read>
double smallest_quota(const std::string& mount, std::string group, Read read) {
  double smallest = read(mount);
  while (group.size() > 1) {
    smallest = std::min(smallest, read(mount + group));
    group.erase(group.rfind('/'));
  }
  return smallest;
}

/// Lines of /proc/self/cgroup are ID:CONTROLLERS:/PATH; version 2's has no controllers.
double cgroup_quota() {
  double quota = unlimited;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first, second - first + 1);
    controllers.front() = controllers.back() = ',';
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      quota = std::min(quota, smallest_quota("/sys/fs/cgroup", group, read_quota_v2));
    } else if (controllers.find(",cpu,") != std::string::npos) {
      quota = std::min(quota, smallest_quota("/sys/fs/cgroup/cpu", group, read_quota_v1));
    }
  }
  return quota;
}

std::size_t affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

#else

double cgroup_quota() { return unlimited; }
std::size_t affinity_count() { return std::thread::hardware_concurrency(); }

#endif

}  // namespace

std::size_t usable_cpu_count() {
  const std::size_t cpus = std::max<std::size_t>(affinity_count(), 1);
  const double quota = std::ceil(cgroup_quota());
  return quota < static_cast<double>(cpus) ? static_cast<std::size_t>(quota) : cpus;
}

}  // namespace gradstep::internal
