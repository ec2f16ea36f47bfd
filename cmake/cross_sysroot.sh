#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# cross_sysroot.sh ARCHITECTURE: unpacks Debian's packages of that architecture (arm64, riscv64) that
# the library and its tests need into build/ARCHITECTURE-sysroot, for cmake/debian_cross.cmake. Nothing is
# installed, because another architecture's -dev packages would replace some of this machine's, and
# apt would have to know the architecture from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

architecture=$1
sysroot=$PWD/build/$architecture-sysroot
packages=(libtbb-dev libgtest-dev zlib1g-dev libxsimd-dev nlohmann-json3-dev libcli11-dev
          libeigen3-dev python3)

stamp=$sysroot/.complete
[ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ] || exit 0
command -v apt-get >/dev/null || { echo "$0: needs apt-get and Debian's packages" >&2; exit 1; }

# A private apt: it has this machine's sources and keys, but another architecture. No package counts
# as installed, so all dependencies are downloaded too.
apt=$sysroot/.apt
rm -rf "$sysroot"
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
private_apt() {
  apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
    -o APT::Sandbox::User=root -o Dir::State="$apt" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$apt" "$@"
}
echo "unpacking $architecture packages into build/$architecture-sysroot"
private_apt update
private_apt --yes --download-only --no-install-recommends install "${packages[@]}" >/dev/null
for package in "$apt"/archives/*.deb; do
  dpkg-deb --extract "$package" "$sysroot"
done
rm -rf "$apt"
# Debian's newer packages have nothing below /lib, which is a link.
[ -e "$sysroot/lib" ] || ln -s usr/lib "$sysroot/lib"

# Absolute links would lead out of the sysroot, so they become relative ones.
find "$sysroot" -type l -lname '/*' | while read -r link; do
  ln -sfnr "$sysroot$(readlink "$link")" "$link"
done
echo "${packages[*]}" >"$stamp"
