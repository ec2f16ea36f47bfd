// SPDX-License-Identifier: Apache-2.0
#include "threads/cpu_count.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "threads/cgroup_quota.hpp"
#include "threads/cpu_mask.hpp"

namespace gradstep::internal {

std::size_t usable_cpu_count() {
  const std::size_t bound = process_cpus().count();
  const std::size_t known = bound != 0 ? bound : std::thread::hardware_concurrency();
  const std::size_t cpus = std::max<std::size_t>(known, 1);
  const double quota = std::ceil(cgroup_quota(""));
  return quota < static_cast<double>(cpus) ? static_cast<std::size_t>(quota) : cpus;
}

}  // namespace gradstep::internal
