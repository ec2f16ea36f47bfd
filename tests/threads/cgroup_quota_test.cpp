// SPDX-License-Identifier: Apache-2.0
//
// CPU quotas of control groups, read from file trees as systems and containers have them
// (tests/golden/cgroup), and from malformed ones.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <string>

#include "support/scratch_folder.hpp"
#include "support/test_paths.hpp"
#include "threads/cgroup_quota.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::cgroup_quota;

/// No quota.
constexpr double none = std::numeric_limits<double>::infinity();

/// A file tree in a scratch folder: one of tests/golden/cgroup, or one that a test makes. A test
/// may change it.
class tree {
 public:
  tree(const std::string& own_groups, const std::string& mounts) {
    write("/proc/self/cgroup", own_groups);
    if (!mounts.empty()) write("/proc/self/mountinfo", mounts);
  }
  /// Unpacks tests/golden/cgroup/NAME.txt. A line is a path; the indented lines after it are the
  /// content of that file.
  explicit tree(const std::string& name) {
    std::ifstream recorded(golden_file("cgroup/" + name + ".txt"));
    EXPECT_TRUE(recorded) << name;
    std::string path, text;
    for (std::string line; std::getline(recorded, line);) {
      if (line.starts_with("  ")) text += line.substr(2) + "\n";
      if (!line.starts_with("/")) continue;
      if (!path.empty()) write(path, text);
      path = line;
      text.clear();
    }
    write(path, text);
  }

  tree& write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path() + path).parent_path());
    write_bytes(folder_.path() + path, text);
    return *this;
  }
  tree& write_v1(const std::string& folder, const std::string& quota, const std::string& period) {
    return write(folder + "/cpu.cfs_quota_us", quota).write(folder + "/cpu.cfs_period_us", period);
  }
  tree& remove(const std::string& path) {
    EXPECT_TRUE(std::filesystem::remove(folder_.path() + path)) << path;
    return *this;
  }
  double quota() const { return cgroup_quota(folder_.path()); }

 private:
  scratch_folder folder_;
};

// ---- Recorded trees ---------------------------------------------------------------------------

struct recorded_quota {
  const char* tree;
  double quota;
};
constexpr recorded_quota recorded_quotas[] = {
    {"hybrid_ubuntu_18", none},
    {"v1_centos_7", none},
    {"v1_container", 1.5},
    {"v1_container_with_a_namespace", 1.5},
    {"v1_group_in_a_container", 0.25},
    {"v1_kubernetes", 0.5},
    {"v1_namespace_without_a_mount", none},
    {"v1_nested_groups", 1.5},
    {"v1_no_quota", none},
    {"v2_debian_12_service", none},
    {"v2_docker", 2.5},
    {"v2_docker_without_a_namespace", 0.5},
    {"v2_systemd_slices", 2},
};

TEST(cgroup_quota_of_recorded_trees, is_read) {
  for (const auto& [name, quota] : recorded_quotas) EXPECT_EQ(tree(name).quota(), quota) << name;
}

TEST(cgroup_quota_of_recorded_trees, covers_every_tree) {
  const std::filesystem::directory_iterator files(golden_file("cgroup"));
  EXPECT_EQ(std::distance(begin(files), end(files)), std::ssize(recorded_quotas));
}

// ---- Version 2 --------------------------------------------------------------------------------

const std::string service = "/sys/fs/cgroup/system.slice/run.service";

TEST(cgroup_v2, a_group_without_a_quota) {
  tree t("v2_debian_12_service");
  EXPECT_EQ(t.quota(), none);
  t.remove(service + "/cpu.max").remove("/sys/fs/cgroup/system.slice/cpu.max");
  EXPECT_EQ(t.quota(), none) << "no file at all";
}

TEST(cgroup_v2, a_quota_of_its_own) {
  tree t("v2_debian_12_service");
  t.write(service + "/cpu.max", "150000 100000\n");
  EXPECT_EQ(t.quota(), 1.5);
  t.write(service + "/cpu.max", "20000 50000\n");
  EXPECT_EQ(t.quota(), 0.4);
}

TEST(cgroup_v2, the_smallest_quota_around_it) {
  tree t("v2_systemd_slices");
  EXPECT_EQ(t.quota(), 2);
  t.write(
      "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-u12.scope/cpu.max",
      "100000 100000\n");
  EXPECT_EQ(t.quota(), 1);
}

TEST(cgroup_v2, a_container_that_sees_the_hosts_paths) {
  tree t("v2_docker_without_a_namespace");
  EXPECT_EQ(t.quota(), 0.5);
  t.write("/proc/self/cgroup", "0::/docker/67d01fbc126a/worker\n");
  t.write("/sys/fs/cgroup/worker/cpu.max", "25000 100000\n");
  EXPECT_EQ(t.quota(), 0.25);
  t.write("/proc/self/cgroup", "0::/docker/67d01fbc126ab/worker\n");
  EXPECT_EQ(t.quota(), 0.5) << "a group whose name only begins alike is not inside the mount";
}

TEST(cgroup_v2, a_group_outside_the_namespace) {
  for (const char* group : {"/..", "/../..", "/../../system.slice/run.service"}) {
    SCOPED_TRACE(group);
    tree t("v2_docker");
    t.write("/proc/self/cgroup", "0::" + std::string(group) + "\n");
    t.remove("/sys/fs/cgroup/cpu.max");
    t.write("/sys/cpu.max", "1000 100000\n");
    t.write("/sys/fs/cpu.max", "1000 100000\n");
    EXPECT_EQ(t.quota(), none);
    t.write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_EQ(t.quota(), 3);
  }
}

TEST(cgroup_v2, mounted_elsewhere_and_with_odd_names) {
  tree t("0::/a b\n", "40 30 0:30 / /run/my\\040groups\\134 rw - cgroup2 none rw\n");
  t.write("/run/my groups\\/a b/cpu.max", "400000 100000\n");
  EXPECT_EQ(t.quota(), 4);
}

TEST(cgroup_v2, any_number_of_optional_fields) {
  for (const char* fields : {"", "shared:1 ", "shared:1 master:2 propagate_from:3 "}) {
    SCOPED_TRACE(fields);
    tree t("0::/\n", "9 8 0:9 / /groups rw " + std::string(fields) + "- cgroup2 cgroup2 rw\n");
    t.write("/groups/cpu.max", "100000 100000\n");
    EXPECT_EQ(t.quota(), 1);
  }
}

// ---- Version 1 --------------------------------------------------------------------------------

const std::string cpu_hierarchy = "/sys/fs/cgroup/cpu,cpuacct";

TEST(cgroup_v1, a_group_without_a_quota) {
  tree t("v1_centos_7");
  EXPECT_EQ(t.quota(), none);
  for (const char* group : {"", "/user.slice", "/user.slice/user-1000.slice",
                            "/user.slice/user-1000.slice/session-2.scope"}) {
    t.remove(cpu_hierarchy + group + "/cpu.cfs_quota_us");
    t.remove(cpu_hierarchy + group + "/cpu.cfs_period_us");
  }
  EXPECT_EQ(t.quota(), none) << "no file at all";
}

TEST(cgroup_v1, the_smallest_quota_of_the_cpu_hierarchy) {
  tree t("v1_centos_7");
  t.write_v1(cpu_hierarchy + "/user.slice/user-1000.slice/session-2.scope", "350000\n", "100000\n");
  t.write_v1("/sys/fs/cgroup/cpuset", "1000\n", "100000\n");
  t.write_v1(cpu_hierarchy + "/system.slice", "1000\n", "100000\n");
  EXPECT_EQ(t.quota(), 3.5);
  t.write_v1(cpu_hierarchy + "/user.slice", "60000\n", "20000\n");
  EXPECT_EQ(t.quota(), 3);
}

TEST(cgroup_v1, half_of_a_quota_is_none) {
  tree t("v1_kubernetes");
  t.remove(cpu_hierarchy + "/cpu.cfs_period_us");
  EXPECT_EQ(t.quota(), none);
}

// ---- Both versions ----------------------------------------------------------------------------

TEST(cgroup_hybrid, either_version_may_have_the_quota) {
  tree t("hybrid_ubuntu_18");
  EXPECT_EQ(t.quota(), none);
  t.write("/sys/fs/cgroup/unified/user.slice/user-1000.slice/session-1.scope/cpu.max",
          "500000 100000\n");
  EXPECT_EQ(t.quota(), 5);
  t.write_v1(cpu_hierarchy + "/user.slice", "200000\n", "100000\n");
  EXPECT_EQ(t.quota(), 2);
}

// ---- No tree, and malformed files ---------------------------------------------------------------

// A mount of version 2, as Debian 12 has it.
const std::string unified_mount =
    "29 22 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

TEST(cgroup_none, no_file_at_all) {
  const scratch_folder empty;
  EXPECT_EQ(cgroup_quota(empty.path()), none);
  EXPECT_EQ(cgroup_quota(empty / "missing"), none);
}

TEST(cgroup_none, without_mountinfo_the_usual_folders_count) {
  tree t("4:cpu,cpuacct:/job\n0::/job\n", "");
  EXPECT_EQ(t.quota(), none);
  t.write("/sys/fs/cgroup/unified/job/cpu.max", "700000 100000\n");
  EXPECT_EQ(t.quota(), 7);
  t.write("/sys/fs/cgroup/job/cpu.max", "600000 100000\n");
  EXPECT_EQ(t.quota(), 6);
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/job", "500000\n", "100000\n");
  EXPECT_EQ(t.quota(), 5);
  t.write_v1("/sys/fs/cgroup/cpu/job", "400000\n", "100000\n");
  EXPECT_EQ(t.quota(), 4);
}

TEST(cgroup_none, malformed_quotas_are_no_limit) {
  for (const char* text :
       {"", "\n", "max", "max 0\n", "100000\n", "100000 0\n", "0 100000\n", "-1 100000\n",
        "100000 -1\n", "many 100000\n", "100000 many\n", "1e5 100000\n", "1,00000 100000\n",
        "99999999999999999999 100000\n", "100000 100000 100000\n", "nan nan\n", "inf 1\n"}) {
    SCOPED_TRACE(text);
    tree t("0::/\n", unified_mount);
    t.write("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(t.quota(), none);
  }
}

TEST(cgroup_none, malformed_lines_are_skipped) {
  const std::string noise = "\n:\n::\n:::\n0\n0:\n0::\n0::relative\n5:cpu\nnonsense\n\\\n - - -\n";
  tree t(noise + "0::/job\n" + noise, noise + "1 2 3 - cgroup2\n- cgroup2 a b\n" + unified_mount +
                                          "1 2 0:1 / /x rw - cgroup2\n" + noise);
  t.write("/sys/fs/cgroup/job/cpu.max", "800000 100000\n");
  EXPECT_EQ(t.quota(), 8);
}

struct grouped_digits : std::numpunct<char> {
  char do_thousands_sep() const override { return '0'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(cgroup_none, the_hosts_locale_does_not_matter) {
  tree t("0::/\n", unified_mount);
  t.write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  const std::locale before = std::locale::global(std::locale(std::locale(), new grouped_digits));
  EXPECT_EQ(t.quota(), 1.5);
  std::locale::global(before);
}

}  // namespace
}  // namespace gradstep_test
