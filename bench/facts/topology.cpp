// SPDX-License-Identifier: Apache-2.0
#include "topology.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "system_files.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

fs::path cpus_folder(const fs::path& root) { return root / "sys/devices/system/cpu"; }

/// Empty: the system does not say.
std::vector<int> siblings(const fs::path& root, int cpu) {
  const fs::path folder = cpus_folder(root) / ("cpu" + std::to_string(cpu)) / "topology";
  const std::vector<int> now = read_cpu_list(folder / "core_cpus_list");
  return now.empty() ? read_cpu_list(folder / "thread_siblings_list") : now;  // before Linux 5.3
}

std::vector<int> common(const std::vector<int>& cpus, const std::vector<int>& usable) {
  std::vector<int> both;
  std::set_intersection(cpus.begin(), cpus.end(), usable.begin(), usable.end(),
                        std::back_inserter(both));
  return both;
}

}  // namespace

std::vector<int> usable_cpus() {
  constexpr int most_cpus = 1 << 16;
  std::vector<int> usable;
  for (int cpus = CPU_SETSIZE; cpus <= most_cpus; cpus *= 2) {
    cpu_set_t* const set = CPU_ALLOC(cpus);
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(bytes, set);
    const bool is_read = sched_getaffinity(0, bytes, set) == 0;
    const bool is_too_small = !is_read && errno == EINVAL;
    for (int cpu = 0; is_read && cpu < cpus; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) usable.push_back(cpu);
    }
    CPU_FREE(set);
    if (!is_too_small) break;
  }
  return usable;
}

std::vector<int> online_cpus(const fs::path& root) {
  const std::vector<int> online = read_cpu_list(cpus_folder(root) / "online");
  return online.empty() ? numbered_entries(cpus_folder(root), "cpu") : online;
}

std::vector<std::vector<int>> cpus_of_cores(const fs::path& root) {
  std::vector<std::vector<int>> cores;
  const std::vector<int> online = online_cpus(root);
  std::set<int> seen;
  for (const int cpu : online) {
    if (seen.count(cpu) != 0) continue;
    std::vector<int> core = common(siblings(root, cpu), online);
    if (core.empty()) core = {cpu};
    seen.insert(core.begin(), core.end());
    cores.push_back(core);
  }
  return cores;
}

std::vector<std::vector<int>> cpus_of_nodes(const fs::path& root, const std::vector<int>& usable) {
  if (usable.empty()) return {};
  const fs::path folder = root / "sys/devices/system/node";
  std::vector<std::vector<int>> nodes;
  for (const int node : numbered_entries(folder, "node")) {
    const fs::path list = folder / ("node" + std::to_string(node)) / "cpulist";
    std::vector<int> cpus = common(read_cpu_list(list), usable);
    if (!cpus.empty()) nodes.push_back(std::move(cpus));
  }
  if (nodes.empty()) nodes.push_back(usable);
  return nodes;
}

std::vector<int> one_cpu_per_core(const fs::path& root, const std::vector<int>& usable) {
  std::vector<int> firsts;
  std::set<int> seen;
  for (const int cpu : usable) {
    if (!seen.insert(cpu).second) continue;
    firsts.push_back(cpu);
    const std::vector<int> core = siblings(root, cpu);
    seen.insert(core.begin(), core.end());
  }
  return firsts;
}

}  // namespace bench
