# SPDX-License-Identifier: Apache-2.0
#
# A toolchain file, which the preset arm64 uses: Debian's cross compiler for AArch64, the sysroot
# that ./dev arm64 makes, and QEMU to run the programs.
include("${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake")
gradstep_debian_cross(aarch64 arm64)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L "${CMAKE_SYSROOT}")
