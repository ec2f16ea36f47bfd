// SPDX-License-Identifier: Apache-2.0
//
// proc(5), cgroups(7). A mount shows a hierarchy of groups from one group on, its root: in a
// container mostly the container's own. /proc/self/cgroup names the process's group from the
// hierarchy's top, or from the cgroup namespace's; so its path within the mount is what follows the
// mount's root, and where the two do not fit, all that can be read is the mount's root itself.
#include "threads/cgroup_quota.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

namespace gradstep::internal {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

enum class version { one, two };

struct cgroup_mount {
  version kind;
  std::string root;    // the group that the mount shows first
  std::string folder;  // where it is mounted
};

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  for (std::istringstream text(line); text >> word;) words.push_back(word);
  return words;
}

/// Whether "a,b,c" has a given item.
bool has_item(const std::string& list, const std::string& item) {
  return ("," + list + ",").find("," + item + ",") != std::string::npos;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// 0 unless all of it is a number above 0. Not by a stream: those follow the host's locale.
double positive_number(const std::string& text) {
  long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0 ? static_cast<double>(number) : 0;
}

double share(const std::string& quota, const std::string& period) {
  const double microseconds = positive_number(quota), of = positive_number(period);
  return microseconds > 0 && of > 0 ? microseconds / of : unlimited;
}

/// Version 2 has "max 100000" or "150000 100000" in one file; version 1 has two, and -1 for no
/// quota.
double group_quota(version kind, const std::string& folder) {
  if (kind == version::two) {
    const auto words = words_of(first_line(folder + "/cpu.max"));
    return words.size() == 2 ? share(words[0], words[1]) : unlimited;
  }
  const auto quota = words_of(first_line(folder + "/cpu.cfs_quota_us"));
  const auto period = words_of(first_line(folder + "/cpu.cfs_period_us"));
  return quota.size() == 1 && period.size() == 1 ? share(quota[0], period[0]) : unlimited;
}

/// mountinfo writes space, tab, newline and backslash as a backslash and three octal digits.
std::string unescaped(const std::string& text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// A line: ID PARENT DEVICE ROOT FOLDER OPTIONS [OPTIONAL ...] - TYPE SOURCE SUPER_OPTIONS.
std::vector<cgroup_mount> cgroup_mounts(const std::string& root) {
  std::vector<cgroup_mount> mounts;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto words = words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 6 || words.end() - dash < 4) continue;
    const bool is_one = dash[1] == "cgroup" && has_item(dash[3], "cpu");
    if (!is_one && dash[1] != "cgroup2") continue;
    mounts.push_back(
        {is_one ? version::one : version::two, unescaped(words[3]), unescaped(words[4])});
  }
  if (!mounts.empty()) return mounts;
  return {{version::two, "/", "/sys/fs/cgroup"},
          {version::two, "/", "/sys/fs/cgroup/unified"},
          {version::one, "/", "/sys/fs/cgroup/cpu"},
          {version::one, "/", "/sys/fs/cgroup/cpu,cpuacct"}};
}

/// Where the group stands below the mount's folder: "/a/b", or "" for the folder itself.
std::string path_in_mount(const std::string& group, const cgroup_mount& mount) {
  if ((group + "/").find("/../") != std::string::npos) return "";  // outside the namespace
  const std::string root = mount.root == "/" ? "" : mount.root;
  const bool is_inside = group.compare(0, root.size(), root) == 0 &&
                         (group.size() == root.size() || group[root.size()] == '/');
  const std::string path = is_inside ? group.substr(root.size()) : "";
  return path == "/" ? "" : path;
}

double smallest_quota(const std::string& root, const cgroup_mount& mount, std::string path) {
  double smallest = group_quota(mount.kind, root + mount.folder);
  while (!path.empty()) {
    smallest = std::min(smallest, group_quota(mount.kind, root + mount.folder + path));
    path.erase(path.rfind('/'));
  }
  return smallest;
}

}  // namespace

/// Lines of /proc/self/cgroup are ID:CONTROLLERS:/PATH; version 2's has no controllers.
double cgroup_quota(const std::string& root) {
  const auto mounts = cgroup_mounts(root);
  double quota = unlimited;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line[second + 1] != '/') continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !has_item(controllers, "cpu")) continue;
    const version kind = controllers.empty() ? version::two : version::one;
    for (const auto& mount : mounts) {
      if (mount.kind != kind) continue;
      const std::string path = path_in_mount(line.substr(second + 1), mount);
      quota = std::min(quota, smallest_quota(root, mount, path));
    }
  }
  return quota;
}

}  // namespace gradstep::internal
