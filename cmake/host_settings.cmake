# SPDX-License-Identifier: Apache-2.0
#
# Replaces settings that a host has made for its own code. These are normal variables, so they hold
# in this folder and below, and nowhere else. Flags are in lib/CMakeLists.txt.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
foreach(config DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION_${config} OFF)
endforeach()
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_UNITY_BUILD OFF)
  # A host's checkers are for its own code; they could stop its build.
  foreach(tool CLANG_TIDY CPPCHECK CPPLINT INCLUDE_WHAT_YOU_USE)
    set(CMAKE_CXX_${tool} "")
  endforeach()
endif()

# The C++ runtime by name, for hosts that link with a C compiler: stdc++ (or c++ and c++abi), and m.
set(gradstep_cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER gradstep_cxx_runtime INCLUDE REGEX "^((std)?c\\+\\+.*|m)$")
