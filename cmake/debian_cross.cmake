# SPDX-License-Identifier: Apache-2.0
#
# What toolchain files for Debian's cross compilers share. The sysroot is that of cross_sysroot.sh.
macro(gradstep_debian_cross processor architecture)
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR ${processor})
  set(CMAKE_LIBRARY_ARCHITECTURE ${processor}-linux-gnu)
  set(CMAKE_C_COMPILER ${processor}-linux-gnu-gcc)
  set(CMAKE_CXX_COMPILER ${processor}-linux-gnu-g++)
  set(CMAKE_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/${architecture}-sysroot")
  cmake_path(NORMAL_PATH CMAKE_SYSROOT)

  # Programs are this machine's; everything else is the sysroot's.
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
endmacro()
