// SPDX-License-Identifier: Apache-2.0
//
// The formats are in proc(5) and cgroups(7). Groups form a tree. A mount shows one subtree; its
// topmost group is the mount's root, in a container usually the container's own group.
// /proc/self/cgroup gives the process's group as a path from the top of the tree, or from the top
// of the cgroup namespace. So the path within the mount is the rest of that path after the mount's
// root. If the path does not begin with the mount's root, only the root's own quota can be read.
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
  std::string root;    // the topmost group that the mount shows
  std::string folder;  // where it is mounted
};

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  for (std::istringstream text(line); text >> word;) words.push_back(word);
  return words;
}

/// Whether a list like "a,b,c" has the item.
bool has_item(const std::string& list, const std::string& item) {
  return ("," + list + ",").find("," + item + ",") != std::string::npos;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// 0 unless the whole text is a number above 0. Streams would follow the host's locale.
double positive_number(const std::string& text) {
  long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0 ? static_cast<double>(number) : 0;
}

double quota_per_period(const std::string& quota_text, const std::string& period_text) {
  const double quota = positive_number(quota_text), period = positive_number(period_text);
  return quota > 0 && period > 0 ? quota / period : unlimited;
}

/// Version 2 has one file, "150000 100000" or "max 100000". Version 1 has two files; a quota of -1
/// means no limit.
double group_quota(version kind, const std::string& folder) {
  if (kind == version::two) {
    const auto words = words_of(first_line(folder + "/cpu.max"));
    return words.size() == 2 ? quota_per_period(words[0], words[1]) : unlimited;
  }
  const auto quota = words_of(first_line(folder + "/cpu.cfs_quota_us"));
  const auto period = words_of(first_line(folder + "/cpu.cfs_period_us"));
  if (quota.size() != 1 || period.size() != 1) return unlimited;
  return quota_per_period(quota[0], period[0]);
}

/// mountinfo writes a space, tab, newline or backslash as a backslash and three octal digits.
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

/// Reads lines ID PARENT DEVICE ROOT FOLDER OPTIONS [OPTIONAL ...] - TYPE SOURCE SUPER_OPTIONS.
/// Without any, the result is the usual places.
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

/// The group's path below the mount's folder: "/a/b", or "" for the folder itself.
std::string path_in_mount(const std::string& group, const cgroup_mount& mount) {
  if ((group + "/").find("/../") != std::string::npos) return "";  // outside the namespace
  const std::string root = mount.root == "/" ? "" : mount.root;
  const bool is_inside = group.compare(0, root.size(), root) == 0 &&
                         (group.size() == root.size() || group[root.size()] == '/');
  const std::string path = is_inside ? group.substr(root.size()) : "";
  return path == "/" ? "" : path;
}

/// Of the group at that path and of all groups above it in the mount.
double smallest_quota(const std::string& root, const cgroup_mount& mount, std::string path) {
  const std::string folder = root + mount.folder;
  double smallest = group_quota(mount.kind, folder);
  while (!path.empty()) {
    smallest = std::min(smallest, group_quota(mount.kind, folder + path));
    path.erase(path.rfind('/'));
  }
  return smallest;
}

}  // namespace

// Lines of /proc/self/cgroup are ID:CONTROLLERS:/PATH. The line of version 2 names no controllers.
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
