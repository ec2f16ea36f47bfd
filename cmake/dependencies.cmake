# SPDX-License-Identifier: Apache-2.0
#
# The library's dependencies. For each, the host's target comes first, then the installed package,
# then a pinned version that is fetched. All are private: no public header includes them.

# gradstep_fetch(NAME TAG REPOSITORY): fetches that tag of the repository, without its tests,
# warnings and install rules. A function, so that its variables do not reach the host.
function(gradstep_fetch name tag repository)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # option() respects the variables that are set here
  foreach(part TBB_TEST TBB_EXAMPLES TBB_STRICT BUILD_TESTS BUILD_BENCHMARK BUILD_EXAMPLES)
    set(${part} OFF)
  endforeach()
  set(TBB_INSTALL ${GRADSTEP_INSTALL})
  if(NOT DEFINED BUILD_SHARED_LIBS)
    set(BUILD_SHARED_LIBS ON)  # oneTBB advises against a static one
  endif()
  include(FetchContent)
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON)
  FetchContent_MakeAvailable(${name})
  FetchContent_GetProperties(${name} SOURCE_DIR folder)
  set_property(DIRECTORY "${folder}" PROPERTY EXCLUDE_FROM_ALL ON)  # install rules too
endfunction()

# gradstep_dependency(NAME TARGET TAG REPOSITORY): makes sure that TARGET exists. A macro, because
# packages set variables.
macro(gradstep_dependency name target tag repository)
  if(NOT TARGET ${target})
    find_package(${name} QUIET)
    if(NOT ${name}_FOUND AND GRADSTEP_FETCH)
      message(STATUS "gradstep: ${name} is not installed; fetching ${tag} of ${repository}")
      gradstep_fetch(${name} ${tag} ${repository})
      set(gradstep_fetched_${name} ON)
    endif()
    if(NOT TARGET ${target})
      message(FATAL_ERROR "gradstep: ${name} is not installed, and GRADSTEP_FETCH is "
                          "${GRADSTEP_FETCH}. Install it (./dev setup does on Debian) or configure "
                          "with -DGRADSTEP_FETCH=ON.")
    endif()
  endif()
endmacro()

gradstep_dependency(xsimd xsimd 13.0.0 https://github.com/xtensor-stack/xsimd.git)
# x86-64 and AArch64 have vectors in every xsimd. Which others have depends on its version.
function(gradstep_check_vectors)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES xsimd)
  set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
  check_cxx_source_compiles(
    "#include <xsimd/xsimd.hpp>
     static_assert(xsimd::batch<double>::size > 1);"
    gradstep_target_has_vectors)
  if(NOT gradstep_target_has_vectors)
    message(FATAL_ERROR "gradstep: xsimd ${xsimd_VERSION} has no vectors of float64 for the target "
                        "${CMAKE_SYSTEM_PROCESSOR} with its flags, and gradstep needs some")
  endif()
endfunction()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|aarch64|arm64|ARM64)$")
  gradstep_check_vectors()
endif()
if(GRADSTEP_TBB)
  gradstep_dependency(TBB TBB::tbb v2021.13.0 https://github.com/uxlfoundation/oneTBB.git)
endif()
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)  # the system's; Debian: zlib1g-dev

# What the library's objects are linked with.
set(gradstep_linked Threads::Threads ZLIB::ZLIB ${CMAKE_DL_LIBS})
if(GRADSTEP_TBB)
  list(PREPEND gradstep_linked TBB::tbb)
endif()
