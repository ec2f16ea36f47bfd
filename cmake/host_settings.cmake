# SPDX-License-Identifier: Apache-2.0
#
# What a host has set for its own code, and what this folder and those below need instead. Normal
# variables: they end with this folder. Flags are in lib/CMakeLists.txt.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_UNITY_BUILD OFF)  # files share names in unnamed namespaces
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
foreach(config DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION_${config} OFF)
endforeach()
if(NOT PROJECT_IS_TOP_LEVEL)  # what reads a host's own code would stop its build at ours
  foreach(tool CLANG_TIDY CPPCHECK CPPLINT INCLUDE_WHAT_YOU_USE)
    set(CMAKE_CXX_${tool} "")
  endforeach()
endif()

# The C++ runtime by name, for those who link with a C compiler: stdc++ (or c++ and c++abi), and m.
set(gradstep_cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER gradstep_cxx_runtime INCLUDE REGEX "^((std)?c\\+\\+.*|m)$")
