// SPDX-License-Identifier: Apache-2.0
//
// For tests of what is read from /proc and /sys: other machines' files in a temporary folder. There
// is no test framework, so that the benchmark needs no further dependency.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "machine_facts.hpp"

namespace bench {

/// A temporary folder that takes the place of "/". It is removed with the object.
class file_tree {
 public:
  file_tree();
  ~file_tree();
  file_tree(const file_tree&) = delete;
  file_tree& operator=(const file_tree&) = delete;

  const std::filesystem::path& root() const { return root_; }

  /// Makes the folders too. file is relative to the root. A line feed is added to the text.
  void write(const std::filesystem::path& file, const std::string& text) const;

  /// A file of /sys/devices/system/cpu/cpuN.
  void write_cpu(int cpu, const std::string& file, const std::string& text) const;

  void write_cache(int cpu, int index, const std::string& level_and_type, const std::string& size,
                   const std::string& shared_by) const;

 private:
  std::filesystem::path root_;
};

/// The same lines for each CPU.
std::string cpuinfo(int cpus, const std::string& lines);

/// An x86 CPU's properties in /proc/cpuinfo.
std::string x86_lines(const std::string& vendor, int family, int model, int stepping,
                      const std::string& name);

/// Two sockets, each of two Sapphire Rapids cores with two CPUs. Each socket is a NUMA node.
void write_two_sockets(const file_tree& tree);

/// Two CPUs of a Zen 4 core, in a virtual machine.
void write_zen4_guest(const file_tree& tree);

/// Of Linux 6.1 on the architecture, with the CPUs from 0 usable. An x86 CPU is without hypervisor.
system_answers answers_of(const std::string& architecture, int usable_cpus);

/// Prints what failed, if the condition does not hold, and makes failed() true.
void expect(bool holds, const std::string& what);

template <class T, class U>
void expect_equal(const T& found, const U& wanted, const std::string& what) {
  const nlohmann::json a = found, b = wanted;
  expect(a == b, what + ": " + a.dump() + " instead of " + b.dump());
}

bool failed();

}  // namespace bench
