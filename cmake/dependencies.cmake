# SPDX-License-Identifier: Apache-2.0
#
# What the library itself needs: the installed package first, a pinned version second. All are
# private: none appears in a public header.
include(FetchContent)

# gradstep_dependency(NAME TAG REPOSITORY): find_package(NAME), else that tag of the repository.
macro(gradstep_dependency name tag repository)
  if(GRADSTEP_FETCH)
    FetchContent_Declare(
      ${name}
      GIT_REPOSITORY ${repository}
      GIT_TAG ${tag}
      GIT_SHALLOW ON
      FIND_PACKAGE_ARGS)
    FetchContent_MakeAvailable(${name})
  else()
    find_package(${name})
    if(NOT ${name}_FOUND)
      message(FATAL_ERROR "${name} is not installed, and GRADSTEP_FETCH is OFF. Install it "
                          "(./dev setup does on Debian) or configure with -DGRADSTEP_FETCH=ON.")
    endif()
  endif()
endmacro()

set(TBB_TEST OFF CACHE BOOL "oneTBB's own tests, should it be fetched")
gradstep_dependency(xsimd 13.0.0 https://github.com/xtensor-stack/xsimd.git)
gradstep_dependency(TBB v2021.13.0 https://github.com/uxlfoundation/oneTBB.git)
gradstep_dependency(nlohmann_json v3.11.3 https://github.com/nlohmann/json.git)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)  # the system's; Debian: zlib1g-dev
