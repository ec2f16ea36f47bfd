# SPDX-License-Identifier: Apache-2.0
#
# Sourced, in the root of the tree. With ccache, if it is there, builds in folders below the root
# compile a source again only when it or the flags have changed. The caller's own settings stay.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CCACHE_BASEDIR=${CCACHE_BASEDIR-$PWD}  # the folders' places do not count
  export CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-1}
fi
