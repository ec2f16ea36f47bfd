#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages in a small Debian 12 of its own, as a user would: apt gets what they
# depend on from Debian. Builds examples/embed.c there by pkg-config and by find_package, and runs
# it; removes the packages, and fails if they have left anything. Needs root and a network. The
# system is kept in build/debian_12 for the next time.
#
# Usage: tests/abi/deb_test.sh FOLDER     FOLDER: has libgradstep0_*.deb and libgradstep-dev_*.deb
set -euo pipefail
cd "$(dirname "$0")/../.."
debs=${1:?usage: deb_test.sh FOLDER}
system=$PWD/build/debian_12
tools=(gcc libc6-dev cmake make pkg-config)
passed=0

fail() {
  echo "deb_test.sh: $1" >&2
  exit 1
}

# quietly COMMAND...: prints the output only if the command fails.
quietly() {
  "$@" >build/deb_test.log 2>&1 || { tail -n 30 build/deb_test.log >&2; fail "failed: $*"; }
}

# inside COMMAND...: runs a command in the system, in a namespace of its own.
inside() {
  unshare --mount bash -c '
    system=$1
    shift
    mount -t proc proc "$system/proc"
    mount --bind /dev "$system/dev"
    exec chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
      DEBIAN_FRONTEND=noninteractive "$@"' bash "$system" "$@"
}

make_system() {
  local mirror
  # Debian's mirror that this machine uses itself.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep '/debian/\?$' | head -n 1)
  rm -rf "$system"
  mkdir -p "$system"
  quietly debootstrap --variant=minbase bookworm "$system" ${mirror:+"$mirror"}
  quietly inside apt-get install -yq --no-install-recommends "${tools[@]}"
  touch "$system/ready"
}

# files OUTPUT: lists the files of the system, without what dpkg, apt and ldconfig write about them.
files() {
  inside find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /var/cache -o -path /var/log \
    -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | sort >"$1"
}

packages() { inside dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' | sort >"$1"; }

install_packages() {
  cp "$debs"/libgradstep0_*.deb "$debs"/libgradstep-dev_*.deb "$system/tmp/"
  quietly inside sh -c 'apt-get install -yq --no-install-recommends /tmp/*.deb'
  inside dpkg-query -W -f '${db:Status-Status}\n' libgradstep0 libgradstep-dev | sort -u |
    grep -qx installed || fail "apt has not installed both packages"
  quietly inside dpkg --verify libgradstep0 libgradstep-dev
  [ ! -s build/deb_test.log ] || fail "dpkg --verify: $(cat build/deb_test.log)"
  inside ldconfig -p | grep -q libgradstep.so.0 || fail "the loader does not know the library"
  passed=$((passed + 1))
}

# runs PROGRAM: the program in the system, with the packages' library, fits its line.
runs() {
  inside ldd "$1" | grep -q 'libgradstep.so.0 => /.*/libgradstep.so.0' || fail "$1 lacks the library"
  inside "$1" | grep -q '^y = 3.000 x' || fail "$1 does not fit its line"
  passed=$((passed + 1))
}

build_programs() {
  local project=$system/tmp/project
  mkdir "$project"
  cp examples/embed.c "$project"
  cat >"$project/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(program C)
find_package(gradstep 0.2 REQUIRED)
add_executable(embed embed.c)
set_target_properties(embed PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_link_libraries(embed PRIVATE gradstep::gradstep)
TEXT
  quietly inside sh -c 'cd /tmp/project &&
    cc -std=c99 -Wall -Wextra -Werror embed.c $(pkg-config --cflags --libs gradstep) -o embed'
  runs /tmp/project/embed
  quietly inside cmake -S /tmp/project -B /tmp/project/build
  quietly inside cmake --build /tmp/project/build
  runs /tmp/project/build/embed
}

remove_packages() {
  quietly inside apt-get purge -yq --auto-remove libgradstep0 libgradstep-dev
  files "$system/tmp/files_after"
  packages "$system/tmp/packages_after"
  diff "$system/tmp/files_before" "$system/tmp/files_after" >&2 || fail "these files are left or lost"
  diff "$system/tmp/packages_before" "$system/tmp/packages_after" >&2 ||
    fail "these packages are left or lost"
  passed=$((passed + 1))
}

[ "$(id -u)" = 0 ] || fail "only root can make a system to install into"
mkdir -p build
[ -e "$system/ready" ] || make_system
rm -rf "${system:?}"/tmp/*
quietly inside apt-get update -q
# Perhaps an earlier run was cut off.
quietly inside dpkg --purge libgradstep-dev libgradstep0
quietly inside apt-get autoremove -yq --purge
files "$system/tmp/files_before"
packages "$system/tmp/packages_before"
install_packages
build_programs
remove_packages
rm -rf "${system:?}"/tmp/*
echo "packages in Debian 12: $passed checks passed, 0 failed"
