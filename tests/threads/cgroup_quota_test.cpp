// SPDX-License-Identifier: Apache-2.0
//
// CPU quotas of control groups, read from file trees as systems and containers have them.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <locale>
#include <string>

#include "support/scratch_folder.hpp"
#include "threads/cgroup_quota.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::cgroup_quota;

constexpr double none = std::numeric_limits<double>::infinity();

/// What a system shows of its control groups.
class tree {
 public:
  tree(const std::string& own_groups, const std::string& mounts = "") {
    write("/proc/self/cgroup", own_groups);
    if (!mounts.empty()) write("/proc/self/mountinfo", mounts);
  }
  tree& write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path() + path).parent_path());
    write_bytes(folder_.path() + path, text);
    return *this;
  }
  tree& write_v1(const std::string& folder, const std::string& quota, const std::string& period) {
    return write(folder + "/cpu.cfs_quota_us", quota).write(folder + "/cpu.cfs_period_us", period);
  }
  double quota() const { return cgroup_quota(folder_.path()); }

 private:
  scratch_folder folder_;
};

// ---- Version 2 --------------------------------------------------------------------------------

// Debian 12, a service; the second line is what a file system of another kind looks like.
const std::string unified_mounts =
    "22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "29 22 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

TEST(cgroup_v2, a_group_without_a_quota) {
  tree t("0::/system.slice/run.service\n", unified_mounts);
  EXPECT_EQ(t.quota(), none) << "no file at all";
  t.write("/sys/fs/cgroup/system.slice/run.service/cpu.max", "max 100000\n");
  EXPECT_EQ(t.quota(), none);
}

TEST(cgroup_v2, a_quota_of_its_own) {
  tree t("0::/system.slice/run.service\n", unified_mounts);
  t.write("/sys/fs/cgroup/system.slice/run.service/cpu.max", "150000 100000\n");
  EXPECT_EQ(t.quota(), 1.5);
  t.write("/sys/fs/cgroup/system.slice/run.service/cpu.max", "20000 50000\n");
  EXPECT_EQ(t.quota(), 0.4);
}

TEST(cgroup_v2, the_smallest_quota_around_it) {
  tree t("0::/a/b/c\n", unified_mounts);
  t.write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  t.write("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
  t.write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  t.write("/sys/fs/cgroup/other/cpu.max", "1000 100000\n");
  EXPECT_EQ(t.quota(), 2);
  t.write("/sys/fs/cgroup/a/b/c/cpu.max", "100000 100000\n");
  EXPECT_EQ(t.quota(), 1);
}

TEST(cgroup_v2, a_container_with_a_namespace_of_its_own) {
  tree t("0::/\n", unified_mounts);
  t.write("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(t.quota(), 2.5);
}

TEST(cgroup_v2, a_container_that_sees_the_hosts_paths) {
  tree t("0::/docker/4f2a\n",
         "612 611 0:26 /docker/4f2a /sys/fs/cgroup ro,nosuid master:11 - cgroup2 cgroup rw\n");
  t.write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(t.quota(), 0.5);
  t.write("/proc/self/cgroup", "0::/docker/4f2a/worker\n");
  t.write("/sys/fs/cgroup/worker/cpu.max", "25000 100000\n");
  EXPECT_EQ(t.quota(), 0.25);
  t.write("/proc/self/cgroup", "0::/docker/4f2ab/worker\n");
  EXPECT_EQ(t.quota(), 0.5) << "a group whose name only begins alike is not inside the mount";
}

TEST(cgroup_v2, a_group_outside_the_namespace) {
  for (const char* group : {"/..", "/../..", "/../../system.slice/run.service"}) {
    SCOPED_TRACE(group);
    tree t("0::" + std::string(group) + "\n", unified_mounts);
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

// CentOS 7: cpu and cpuacct share a hierarchy; /sys/fs/cgroup/cpu is a link to it, if anything.
const std::string legacy_mounts =
    "25 18 0:21 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n"
    "26 25 0:22 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
    "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:13 - cgroup cgroup rw,cpuacct,cpu\n"
    "31 25 0:27 / /sys/fs/cgroup/cpuset rw shared:14 - cgroup cgroup rw,cpuset\n";
const std::string legacy_groups =
    "11:cpuset:/other\n4:cpuacct,cpu:/user.slice/job\n1:name=systemd:/user.slice/session\n";

TEST(cgroup_v1, a_group_without_a_quota) {
  tree t(legacy_groups, legacy_mounts);
  EXPECT_EQ(t.quota(), none) << "no file at all";
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/user.slice/job", "-1\n", "100000\n");
  EXPECT_EQ(t.quota(), none);
}

TEST(cgroup_v1, the_smallest_quota_of_the_cpu_hierarchy) {
  tree t(legacy_groups, legacy_mounts);
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/user.slice/job", "350000\n", "100000\n");
  t.write_v1("/sys/fs/cgroup/cpuset/other", "1000\n", "100000\n");
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/other", "1000\n", "100000\n");
  EXPECT_EQ(t.quota(), 3.5);
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/user.slice", "60000\n", "20000\n");
  EXPECT_EQ(t.quota(), 3);
}

TEST(cgroup_v1, a_container) {
  tree t(
      "7:cpu,cpuacct:/docker/4f2a\n",
      "612 611 0:26 /docker/4f2a /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n");
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct", "150000\n", "100000\n");
  EXPECT_EQ(t.quota(), 1.5);
}

TEST(cgroup_v1, half_of_a_quota_is_none) {
  tree t(legacy_groups, legacy_mounts);
  t.write("/sys/fs/cgroup/cpu,cpuacct/user.slice/job/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(t.quota(), none);
}

// ---- Both at once -----------------------------------------------------------------------------

TEST(cgroup_hybrid, either_version_may_have_the_quota) {
  const std::string mounts =
      legacy_mounts + "27 25 0:23 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n";
  tree t(legacy_groups + "0::/user.slice/session\n", mounts);
  EXPECT_EQ(t.quota(), none);
  t.write("/sys/fs/cgroup/unified/user.slice/session/cpu.max", "500000 100000\n");
  EXPECT_EQ(t.quota(), 5);
  t.write_v1("/sys/fs/cgroup/cpu,cpuacct/user.slice/job", "200000\n", "100000\n");
  EXPECT_EQ(t.quota(), 2);
}

// ---- Neither, and nonsense --------------------------------------------------------------------

TEST(cgroup_none, no_file_at_all) {
  const scratch_folder empty;
  EXPECT_EQ(cgroup_quota(empty.path()), none);
  EXPECT_EQ(cgroup_quota(empty / "missing"), none);
}

TEST(cgroup_none, without_mountinfo_the_usual_folders_count) {
  tree t("4:cpu,cpuacct:/job\n0::/job\n");
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
    tree t("0::/\n", unified_mounts);
    t.write("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(t.quota(), none);
  }
}

TEST(cgroup_none, malformed_lines_are_skipped) {
  const std::string noise = "\n:\n::\n:::\n0\n0:\n0::\n0::relative\n5:cpu\nnonsense\n\\\n - - -\n";
  tree t(noise + "0::/job\n" + noise, noise + "1 2 3 - cgroup2\n- cgroup2 a b\n" + unified_mounts +
                                          "1 2 0:1 / /x rw - cgroup2\n" + noise);
  t.write("/sys/fs/cgroup/job/cpu.max", "800000 100000\n");
  EXPECT_EQ(t.quota(), 8);
}

struct grouped_digits : std::numpunct<char> {
  char do_thousands_sep() const override { return '0'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(cgroup_none, the_hosts_locale_does_not_matter) {
  tree t("0::/\n", unified_mounts);
  t.write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  const std::locale before = std::locale::global(std::locale(std::locale(), new grouped_digits));
  EXPECT_EQ(t.quota(), 1.5);
  std::locale::global(before);
}

}  // namespace
}  // namespace gradstep_test
