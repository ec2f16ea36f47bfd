// SPDX-License-Identifier: Apache-2.0
//
// Checks which CPUs share a core and a NUMA node, and the quota of a container.
#include "topology.hpp"

#include "cpu_quota.hpp"
#include "system_tree.hpp"
#include "or_null.hpp"
#include "system_files.hpp"

namespace {

using bench::expect_equal;
using bench::file_tree;
using cpus = std::vector<int>;
using groups = std::vector<std::vector<int>>;

void test_cpu_lists() {
  expect_equal(bench::parse_cpu_list("0-2,5"), cpus{0, 1, 2, 5}, "a list of CPUs");
  expect_equal(bench::parse_cpu_list("7"), cpus{7}, "a list of one CPU");
  for (const char* text : {"", "x", "0-", "-3", "1,,2", "0-1x"}) {
    expect_equal(bench::parse_cpu_list(text), cpus{}, std::string("the list '") + text + "'");
  }
}

void test_two_sockets() {
  const file_tree tree;
  write_two_sockets(tree);
  const cpus all{0, 1, 2, 3, 4, 5, 6, 7};
  expect_equal(bench::online_cpus(tree.root()), all, "the CPUs that are on");
  expect_equal(bench::cpus_of_cores(tree.root()), groups{{0, 4}, {1, 5}, {2, 6}, {3, 7}}, "cores");
  expect_equal(bench::cpus_of_nodes(tree.root(), all), groups{{0, 1, 4, 5}, {2, 3, 6, 7}}, "nodes");
  expect_equal(bench::one_cpu_per_core(tree.root(), all), cpus{0, 1, 2, 3}, "one CPU of each core");

  const cpus few{3, 5, 6, 7};
  expect_equal(bench::cpus_of_nodes(tree.root(), few), groups{{5}, {3, 6, 7}}, "usable of nodes");
  expect_equal(bench::one_cpu_per_core(tree.root(), few), cpus{3, 5, 6}, "usable of cores");
  expect_equal(bench::cpus_of_nodes(tree.root(), {2, 6}), groups{{2, 6}}, "a node without CPUs");

  tree.write("sys/devices/system/cpu/online", "0-3");
  expect_equal(bench::cpus_of_cores(tree.root()), groups{{0}, {1}, {2}, {3}}, "siblings are off");
}

/// The siblings' file before Linux 5.3, and nodes of which one has memory alone.
void test_other_files() {
  const file_tree tree;
  for (const int cpu : {0, 1}) tree.write_cpu(cpu, "topology/thread_siblings_list", "0-1");
  tree.write("sys/devices/system/node/node0/cpulist", "");
  tree.write("sys/devices/system/node/node1/cpulist", "0-1");
  expect_equal(bench::online_cpus(tree.root()), cpus{0, 1}, "CPUs by their folders");
  expect_equal(bench::cpus_of_cores(tree.root()), groups{{0, 1}}, "cores of an old Linux");
  expect_equal(bench::one_cpu_per_core(tree.root(), {0, 1}), cpus{0}, "one CPU of an old Linux");
  expect_equal(bench::cpus_of_nodes(tree.root(), {0, 1}), groups{{0, 1}}, "a node of memory alone");
}

void test_no_siblings() {
  const file_tree tree;
  tree.write("sys/devices/system/cpu/online", "0-1");
  expect_equal(bench::cpus_of_cores(tree.root()), groups{{0}, {1}}, "cores without siblings");
}

void test_nothing_known() {
  const file_tree tree;
  expect_equal(bench::online_cpus(tree.root()), cpus{}, "no CPUs");
  expect_equal(bench::cpus_of_nodes(tree.root(), {0, 1}), groups{{0, 1}}, "no nodes");
  expect_equal(bench::cpus_of_nodes(tree.root(), {}), groups{}, "no nodes, no CPUs");
  expect_equal(bench::one_cpu_per_core(tree.root(), {0, 1}), cpus{0, 1}, "no siblings");
}

void expect_quota(const file_tree& tree, const nlohmann::json& wanted, const char* what) {
  expect_equal(bench::or_null(bench::cpu_quota(tree.root())), wanted, what);
}

void test_quota_version_2() {
  const file_tree tree;
  expect_quota(tree, nullptr, "no cgroups");
  tree.write("proc/self/cgroup", "0::/app.slice/job");
  expect_quota(tree, nullptr, "no quota");
  tree.write("sys/fs/cgroup/app.slice/job/cpu.max", "max 100000");
  expect_quota(tree, nullptr, "the quota max");
  tree.write("sys/fs/cgroup/app.slice/job/cpu.max", "400000 100000");
  expect_quota(tree, 4, "the group's quota");
  tree.write("sys/fs/cgroup/app.slice/cpu.max", "150000 100000");
  expect_quota(tree, 2, "the outer group's quota, rounded up");
  tree.write("sys/fs/cgroup/cpu.max", "50000 100000");
  expect_quota(tree, 1, "the quota of a container's own group");
}

void test_quota_version_1() {
  const file_tree tree;
  tree.write("proc/self/cgroup", "5:cpuset:/other\n4:cpu,cpuacct:/docker/1234\n0::/");
  tree.write("sys/fs/cgroup/cpu/other/cpu.cfs_period_us", "100000");
  tree.write("sys/fs/cgroup/cpu/other/cpu.cfs_quota_us", "100000");
  const std::string group = "sys/fs/cgroup/cpu,cpuacct/";
  tree.write(group + "cpu.cfs_period_us", "100000");
  tree.write(group + "cpu.cfs_quota_us", "-1");
  expect_quota(tree, nullptr, "the quota -1");
  tree.write(group + "cpu.cfs_quota_us", "300000");
  expect_quota(tree, 3, "the quota of version 1");
  tree.write(group + "docker/1234/cpu.cfs_period_us", "50000");
  tree.write(group + "docker/1234/cpu.cfs_quota_us", "50001");
  expect_quota(tree, 2, "the inner group's quota of version 1");
}

void test_this_machine() {
  const cpus usable = bench::usable_cpus();
  bench::expect(!usable.empty(), "this thread may use a CPU");
  std::size_t of_nodes = 0;
  for (const cpus& node : bench::cpus_of_nodes()) of_nodes += node.size();
  expect_equal(of_nodes, usable.size(), "each usable CPU is in a node");
  const cpus firsts = bench::one_cpu_per_core();
  bench::expect(!firsts.empty() && firsts.front() == usable.front(), "the first CPU is a core's");
}

}  // namespace

int main() {
  test_cpu_lists();
  test_two_sockets();
  test_other_files();
  test_no_siblings();
  test_nothing_known();
  test_quota_version_2();
  test_quota_version_1();
  test_this_machine();
  return bench::failed() ? 1 : 0;
}
