#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the Debian packages in build/deb, and shows lintian's findings if lintian is there. Its errors
# are this script's. Packages of the same commit have the same dates inside.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/deb
mkdir -p $folder
rm -f $folder/*.deb

quietly() {
  "$@" >$folder/log 2>&1 || { tail -n 30 $folder/log >&2; exit 1; }
}

if [ -z "${SOURCE_DATE_EPOCH:-}" ] && date=$(git log -1 --format=%ct 2>/dev/null); then
  export SOURCE_DATE_EPOCH=$date
fi
# The flags of build/release, so that a compiler cache has the objects already.
quietly cmake --preset release -B $folder -DCMAKE_INSTALL_PREFIX=/usr -DGRADSTEP_DEB=ON \
  -DGRADSTEP_FETCH=OFF -DGRADSTEP_TESTS=OFF -DGRADSTEP_EXAMPLES=OFF -DGRADSTEP_BENCH=OFF
quietly cmake --build $folder --target package
ls $folder/*.deb
# No bug of Debian's asks for these packages, and CPack calls ldconfig beside the trigger.
! command -v lintian >/dev/null || lintian --allow-root --fail-on error \
  --suppress-tags initial-upload-closes-no-bugs,maintscript-calls-ldconfig $folder/*.deb
