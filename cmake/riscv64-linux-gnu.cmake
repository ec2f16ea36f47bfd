# SPDX-License-Identifier: Apache-2.0
#
# A toolchain file, which `./dev toolchains riscv64` uses: Debian's cross compiler for RISC-V with
# vectors of 128 bits (tested with g++ 16 and xsimd 14), the sysroot that cross_sysroot.sh makes, and
# QEMU to run the programs.
include("${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake")
gradstep_debian_cross(riscv64 riscv64)
set(CMAKE_C_FLAGS_INIT "-march=rv64gcv_zvl128b -mrvv-vector-bits=zvl")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-riscv64 -cpu rv64,v=true,vlen=128 -L "${CMAKE_SYSROOT}")
