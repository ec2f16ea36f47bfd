# SPDX-License-Identifier: Apache-2.0
#
# Stops for a target that the library is not made for.
if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  math(EXPR pointer_bits "8 * ${CMAKE_SIZEOF_VOID_P}")
  message(FATAL_ERROR "gradstep: the target ${CMAKE_SYSTEM_PROCESSOR} has ${pointer_bits}-bit "
                      "pointers, and gradstep needs 64-bit ones: its structs have no padding with "
                      "these alone")
endif()
if(CMAKE_CXX_BYTE_ORDER STREQUAL "BIG_ENDIAN")
  message(FATAL_ERROR "gradstep: the target ${CMAKE_SYSTEM_PROCESSOR} is big-endian, and gradstep "
                      "needs a little-endian one: checkpoints hold arrays as they are in memory")
endif()
