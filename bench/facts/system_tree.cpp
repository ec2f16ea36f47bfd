// SPDX-License-Identifier: Apache-2.0
#include "system_tree.hpp"

#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

namespace fs = std::filesystem;

bool has_failed = false;

void write_topology(const file_tree& tree, int cpu, int socket, const std::string& siblings) {
  tree.write_cpu(cpu, "topology/physical_package_id", std::to_string(socket));
  tree.write_cpu(cpu, "topology/core_cpus_list", siblings);
}

}  // namespace

file_tree::file_tree() {
  std::string name = (fs::temp_directory_path() / "gradstep_machine_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  root_ = name;
}

file_tree::~file_tree() {
  std::error_code error;
  fs::remove_all(root_, error);
}

void file_tree::write(const fs::path& file, const std::string& text) const {
  fs::create_directories((root_ / file).parent_path());
  std::ofstream(root_ / file) << text << "\n";
}

void file_tree::write_cpu(int cpu, const std::string& file, const std::string& text) const {
  write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/" + file, text);
}

void file_tree::write_cache(int cpu, int index, const std::string& level_and_type,
                            const std::string& size, const std::string& shared_by) const {
  const std::string folder = "cache/index" + std::to_string(index) + "/";
  write_cpu(cpu, folder + "level", level_and_type.substr(0, 1));
  write_cpu(cpu, folder + "type", level_and_type.substr(2));
  write_cpu(cpu, folder + "size", size);
  write_cpu(cpu, folder + "shared_cpu_list", shared_by);
}

std::string cpuinfo(int cpus, const std::string& lines) {
  std::string text;
  for (int cpu = 0; cpu < cpus; ++cpu) {
    text += "processor\t: " + std::to_string(cpu) + "\n" + lines + "\n";
  }
  return text;
}

std::string x86_lines(const std::string& vendor, int family, int model, int stepping,
                      const std::string& name) {
  return "vendor_id\t: " + vendor + "\ncpu family\t: " + std::to_string(family) +
         "\nmodel\t\t: " + std::to_string(model) + "\nmodel name\t: " + name +
         "\nstepping\t: " + std::to_string(stepping) + "\npower management:\n";
}

void write_two_sockets(const file_tree& tree) {
  tree.write("proc/cpuinfo",
             cpuinfo(8, x86_lines("GenuineIntel", 6, 143, 8, "Intel(R) Xeon(R)   Platinum 8481C")));
  tree.write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:        500 kB");
  tree.write("sys/devices/system/cpu/online", "0-7");
  tree.write("sys/devices/system/node/node0/cpulist", "0-1,4-5");
  tree.write("sys/devices/system/node/node1/cpulist", "2-3,6-7");
  tree.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]");
  for (int cpu = 0; cpu < 8; ++cpu) {
    const int core = cpu % 4, socket = core / 2;
    const std::string siblings = std::to_string(core) + "," + std::to_string(core + 4);
    write_topology(tree, cpu, socket, siblings);
    tree.write_cache(cpu, 0, "1 Data", "48K", siblings);
    tree.write_cache(cpu, 1, "1 Instruction", "32K", siblings);
    tree.write_cache(cpu, 2, "2 Unified", "2048K", siblings);
    tree.write_cache(cpu, 3, "3 Unified", "105M", socket == 0 ? "0-1,4-5" : "2-3,6-7");
    tree.write_cpu(cpu, "cpufreq/scaling_governor", "performance");
    tree.write_cpu(cpu, "cpufreq/scaling_driver", "intel_pstate");
    tree.write_cpu(cpu, "cpufreq/cpuinfo_max_freq", cpu == 5 ? "3800500" : "3800000");
  }
}

void write_zen4_guest(const file_tree& tree) {
  tree.write("proc/cpuinfo", cpuinfo(2, x86_lines("AuthenticAMD", 25, 17, 1, "AMD EPYC 9B14")));
  tree.write("proc/meminfo", "MemTotal:       8000000 kB");
  tree.write("sys/devices/system/cpu/online", "0-1");
  tree.write("sys/devices/system/node/node0/cpulist", "0-1");
  for (int cpu = 0; cpu < 2; ++cpu) {
    write_topology(tree, cpu, 0, "0-1");
    tree.write_cache(cpu, 0, "1 Data", "32K", "0-1");
  }
}

system_answers answers_of(const std::string& architecture, int usable_cpus) {
  system_answers answers{"Linux", "6.1.0-18-amd64", architecture, {}, {}};
  for (int cpu = 0; cpu < usable_cpus; ++cpu) answers.usable_cpus.push_back(cpu);
  if (architecture == "x86_64") answers.cpuid.is_present = false;
  return answers;
}

void expect(bool holds, const std::string& what) {
  if (holds) return;
  has_failed = true;
  std::fprintf(stderr, "failed: %s\n", what.c_str());
}

bool failed() { return has_failed; }

}  // namespace bench
