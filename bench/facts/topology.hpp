// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs there are, and which of them share a core or a NUMA node. CPUs have the numbers that
// the system gives them.
//
// root is the folder that holds /proc and /sys: "/" for this machine.
#pragma once

#include <filesystem>
#include <vector>

namespace bench {

/// The CPUs that the calling thread's affinity allows, ascending. Empty: the system does not say.
std::vector<int> usable_cpus();

/// All CPUs that are on, ascending, those of others too. Empty: the system does not say.
std::vector<int> online_cpus(const std::filesystem::path& root = "/");

/// The CPUs of each core, of those that are on. A CPU of which the system names no sibling is a
/// core of its own. Cores are in the order of their first CPUs.
std::vector<std::vector<int>> cpus_of_cores(const std::filesystem::path& root = "/");

/// The usable CPUs of each NUMA node, in the nodes' order. Nodes without a usable CPU are left out.
/// One node with all of them, if the system names no nodes.
std::vector<std::vector<int>> cpus_of_nodes(const std::filesystem::path& root = "/",
                                            const std::vector<int>& usable = usable_cpus());

/// The first usable CPU of each core that has one, ascending: what remains of the usable CPUs
/// without SMT.
std::vector<int> one_cpu_per_core(const std::filesystem::path& root = "/",
                                  const std::vector<int>& usable = usable_cpus());

}  // namespace bench
