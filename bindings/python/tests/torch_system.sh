#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch_system.sh FOLDER [COMMAND...]: makes a Debian unstable with PyTorch in FOLDER, unless it is
# there, and runs a command in it. The command sees this tree as /tree. Needs root and a network.
set -euo pipefail
cd "$(dirname "$0")/../../.."
root=$1
shift
packages=(python3-torch python3-numpy python3-pytest python3-safetensors python3-tqdm
          python3-matplotlib)

make_system() {
  local mirror
  command -v debootstrap >/dev/null ||
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq debootstrap; }
  # Debian's mirror that this machine uses itself.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep '/debian/\?$' | head -n 1)
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase sid "$root" "$mirror"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -yq --no-install-recommends "${packages[@]}"
  touch "$root/ready"
}

[ -e "$root/ready" ] || make_system
[ $# -gt 0 ] || exit 0
mkdir -p "$root/tree"
# PyTorch looks at /proc and /sys for the CPU; its processes share memory in /dev/shm.
unshare --mount bash -c '
  root=$1
  shift
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount --bind "$PWD" "$root/tree"
  exec chroot "$root" bash -c "cd /tree && exec \"\$@\"" bash "$@"' bash "$root" "$@"
