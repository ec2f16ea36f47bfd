#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Unpacks the arm64 packages of Debian that the library and its tests need into build/arm64-sysroot,
# for cmake/aarch64-linux-gnu.cmake. Nothing is installed, because arm64's -dev packages would
# replace some of this machine's, and apt would have to know the architecture from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

sysroot=$PWD/build/arm64-sysroot
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
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o Dir::State="$apt" -o Dir::State::status=/dev/null -o Dir::Cache="$apt" "$@"
}
echo "unpacking arm64 packages into build/arm64-sysroot"
private_apt update
private_apt --yes --download-only --no-install-recommends install "${packages[@]}" >/dev/null
for package in "$apt"/archives/*.deb; do
  dpkg-deb --extract "$package" "$sysroot"
done
rm -rf "$apt"

# Absolute links would lead out of the sysroot, so they become relative ones.
find "$sysroot" -type l -lname '/*' | while read -r link; do
  ln -sfnr "$sysroot$(readlink "$link")" "$link"
done
echo "${packages[*]}" >"$stamp"
