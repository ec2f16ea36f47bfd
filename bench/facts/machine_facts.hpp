// SPDX-License-Identifier: Apache-2.0
//
// What a result file says of the machine. There is nothing in it that tells whose machine it is: no
// names of hosts or users, no paths, no serial numbers.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hypervisor.hpp"

namespace bench {

/// What the running system says without files.
struct system_answers {
  std::string kernel;        // uname: "Linux"
  std::string release;       // uname: "6.1.0-18-amd64"
  std::string architecture;  // uname: "x86_64", "aarch64", "riscv64"
  std::vector<int> usable_cpus;
  hypervisor_cpuid cpuid;
};

system_answers ask_system();

/// "machine" of result.schema.json, without "bandwidth". What the system does not say is null where
/// the schema allows it. Otherwise it is 1 (sockets, NUMA nodes), one core for each CPU, or
/// "unknown". root is the folder that holds /proc and /sys. Throws nothing but std::bad_alloc.
///
/// cores.smt is "on" if CPUs share a core, and "off" if none do. In a virtual machine without such
/// CPUs it is "unknown": its CPUs may share cores of the host.
nlohmann::json machine_facts(const std::filesystem::path& root, const system_answers& answers);

/// Of this machine, or of another's files.
nlohmann::json machine_facts(const std::filesystem::path& root = "/");

}  // namespace bench
