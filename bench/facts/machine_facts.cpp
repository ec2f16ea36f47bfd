// SPDX-License-Identifier: Apache-2.0
#include "machine_facts.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "cache_facts.hpp"
#include "cpu_facts.hpp"
#include "cpu_quota.hpp"
#include "or_null.hpp"
#include "system_files.hpp"
#include "topology.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

fs::path cpu_folder(const fs::path& root, int cpu) {
  return root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu));
}

/// At least 1. Linux has -1 for a socket that is not known.
std::size_t socket_count(const fs::path& root, const std::vector<int>& cpus) {
  std::set<long long> sockets;
  for (const int cpu : cpus) {
    const auto socket = read_integer(cpu_folder(root, cpu) / "topology/physical_package_id");
    if (socket && *socket >= 0) sockets.insert(*socket);
  }
  return std::max<std::size_t>(1, sockets.size());
}

std::string smt_state(const std::vector<std::vector<int>>& cores, bool is_known,
                      const std::optional<std::string>& hypervisor) {
  for (const std::vector<int>& core : cores) {
    if (core.size() > 1) return "on";
  }
  const bool is_virtual = hypervisor && *hypervisor != "no";
  return is_known && !is_virtual ? "off" : "unknown";
}

bool has_topology(const fs::path& root, const std::vector<int>& cpus) {
  std::error_code error;
  return !cpus.empty() && fs::exists(cpu_folder(root, cpus.front()) / "topology", error);
}

nlohmann::json core_facts(const fs::path& root, const system_answers& answers,
                          const std::optional<std::string>& hypervisor) {
  const std::vector<int> cpus = online_cpus(root);
  const auto cores = cpus_of_cores(root);
  const std::size_t logical =
      std::max<std::size_t>(1, cpus.empty() ? answers.usable_cpus.size() : cpus.size());
  const std::size_t physical = cores.empty() ? logical : cores.size();
  const std::size_t allowed = answers.usable_cpus.empty() ? logical : answers.usable_cpus.size();
  const auto quota = cpu_quota(root);
  const std::size_t usable = quota ? std::min(allowed, static_cast<std::size_t>(*quota)) : allowed;
  return {{"sockets", socket_count(root, cpus)},
          {"physical", physical},
          {"logical", logical},
          {"usable", usable},
          {"smt", smt_state(cores, has_topology(root, cpus), hypervisor)}};
}

/// The different lines that the CPUs have in the file, joined by commas.
nlohmann::json lines_of_cpus(const fs::path& root, const char* file) {
  std::set<std::string> lines;
  for (const int cpu : online_cpus(root)) {
    const auto line = read_line(cpu_folder(root, cpu) / "cpufreq" / file);
    if (line) lines.insert(*line);
  }
  if (lines.empty()) return nullptr;
  std::string joined;
  for (const std::string& line : lines) joined += (joined.empty() ? "" : ", ") + line;
  return joined;
}

/// The fastest CPU's.
nlohmann::json max_mhz(const fs::path& root) {
  std::optional<long long> khz;
  for (const int cpu : online_cpus(root)) {
    const auto most = read_integer(cpu_folder(root, cpu) / "cpufreq/cpuinfo_max_freq");
    if (most && *most > khz.value_or(0)) khz = most;
  }
  if (!khz) return nullptr;
  return static_cast<double>(*khz) / 1000;
}

nlohmann::json frequency_facts(const fs::path& root) {
  nlohmann::json facts = {{"governor", lines_of_cpus(root, "scaling_governor")},
                          {"driver", lines_of_cpus(root, "scaling_driver")},
                          {"max_mhz", max_mhz(root)}};
  for (const auto& fact : facts) {
    if (!fact.is_null()) return facts;
  }
  return nullptr;
}

nlohmann::json memory_bytes(const fs::path& root) {
  std::ifstream file(root / "proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, unit;
    long long number = 0;
    if (words >> key >> number >> unit && key == "MemTotal:" && unit == "kB") return number * 1024;
  }
  return nullptr;
}

/// The word in brackets of a line such as "always [madvise] never".
nlohmann::json huge_pages(const fs::path& root) {
  const std::string line =
      read_line(root / "sys/kernel/mm/transparent_hugepage/enabled").value_or("");
  const std::size_t begin = line.find('[');
  const std::size_t end = line.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin + 2) return nullptr;
  return line.substr(begin + 1, end - begin - 1);
}

/// The release's first two numbers: what comes after them may tell whose kernel it is.
std::string system_version(const system_answers& answers) {
  const std::string& release = answers.release;
  const auto end_of_digits = [&release](std::size_t begin) {
    return std::min(release.size(), release.find_first_not_of("0123456789", begin));
  };
  const std::size_t dot = end_of_digits(0);
  if (dot == 0 || dot >= release.size() || release[dot] != '.') return answers.kernel;
  const std::size_t end = end_of_digits(dot + 1);
  if (end == dot + 1) return answers.kernel;
  return answers.kernel + " " + release.substr(0, end);
}

}  // namespace

system_answers ask_system() {
  system_answers answers{"unknown", "", "unknown", usable_cpus(), read_hypervisor_cpuid()};
  utsname names{};
  if (uname(&names) == 0) {
    answers.kernel = names.sysname;
    answers.release = names.release;
    answers.architecture = names.machine;
  }
  return answers;
}

nlohmann::json machine_facts(const fs::path& root, const system_answers& answers) {
  const auto hypervisor = hypervisor_name(root, answers.cpuid);
  const auto nodes = numbered_entries(root / "sys/devices/system/node", "node");
  return {{"cpu", cpu_facts(root, answers.architecture)},
          {"cores", core_facts(root, answers, hypervisor)},
          {"caches", cache_facts(root)},
          {"numa_nodes", std::max<std::size_t>(1, nodes.size())},
          {"memory_bytes", memory_bytes(root)},
          {"frequency", frequency_facts(root)},
          {"virtualised", or_null(hypervisor)},
          {"huge_pages", huge_pages(root)},
          {"system", system_version(answers)}};
}

nlohmann::json machine_facts(const fs::path& root) { return machine_facts(root, ask_system()); }

}  // namespace bench
