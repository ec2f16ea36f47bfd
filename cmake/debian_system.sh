#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# debian_system.sh SUITE FOLDER "PACKAGE..." [COMMAND...]: makes a Debian of that suite with these
# packages in FOLDER, unless it is there, and runs a command in it. The command sees this tree as
# /tree. Needs root and a network.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=$1 root=$2 packages=$3
shift 3

make_system() {
  local mirror
  command -v debootstrap >/dev/null ||
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq debootstrap; }
  # Debian's mirror that this machine uses itself.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep '/debian/\?$' | head -n 1)
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase "$suite" "$root" "$mirror"
  # The mirror may be a snapshot.
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90snapshot"
  # shellcheck disable=SC2086 # a list of names
  chroot "$root" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -yq --no-install-recommends $packages
  touch "$root/ready"
}

[ -e "$root/ready" ] || make_system
[ $# -gt 0 ] || exit 0
mkdir -p "$root/tree"
# Programs look at /proc and /sys for the CPU; processes share memory in /dev/shm.
unshare --mount bash -c '
  root=$1
  shift
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount --bind "$PWD" "$root/tree"
  exec chroot "$root" bash -c "cd /tree && exec \"\$@\"" bash "$@"' bash "$root" "$@"
