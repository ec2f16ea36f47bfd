#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints what a process of this system sees of its control groups, for cgroup_quota_test.cpp:
#
#     record_cgroup.sh > tests/golden/cgroup/NAME.txt
#
# A line is the path of a file, the indented lines after it are the content. The files:
# /proc/self/cgroup, the lines of /proc/self/mountinfo about control groups, and the quotas of the
# process's groups and of the groups around them.
set -euo pipefail

# print FILE TEXT
print() {
  echo "$1"
  while IFS= read -r line; do echo "  $line"; done <<<"$2"
}

groups=$(cat /proc/self/cgroup)
mounts=$(grep -E ' - cgroup2? ' /proc/self/mountinfo || true)
print /proc/self/cgroup "$groups"
print /proc/self/mountinfo "$mounts"
while read -r _ _ _ root mount _; do
  while IFS=: read -r _ _ group; do
    path=${group#"${root%/}"}
    path=${path%/}
    while :; do
      for file in "$mount$path"/cpu.{max,cfs_quota_us,cfs_period_us}; do
        if [ -r "$file" ]; then printf '%s\n' "$file"; fi
      done
      [ -n "$path" ] || break
      path=${path%/*}
    done
  done <<<"$groups"
done <<<"$mounts" | sort -u | while IFS= read -r file; do print "$file" "$(cat "$file")"; done
