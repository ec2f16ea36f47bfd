# SPDX-License-Identifier: Apache-2.0
#
# Contexts and the process that they are in. Programs of their own, since they fork, bind threads,
# unload the library, or take objects that the library hides.
add_executable(
  gradstep_thread_tests
  affinity_test.cpp
  cgroup_quota_test.cpp
  fork_test.cpp
  host_pool_test.cpp
  ${PROJECT_SOURCE_DIR}/lib/threads/cgroup_quota.cpp)
target_compile_features(gradstep_thread_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_thread_tests PRIVATE -Wall -Wextra -Wpedantic)
target_link_libraries(gradstep_thread_tests PRIVATE gradstep::gradstep gradstep_tree GTest::gtest_main TBB::tbb
                                                    Threads::Threads)
gtest_discover_tests(gradstep_thread_tests)

if(gradstep_type STREQUAL "SHARED_LIBRARY" AND NOT CMAKE_CROSSCOMPILING)
  add_executable(gradstep_unload_test unload_test.c)
  target_compile_options(gradstep_unload_test PRIVATE -Wall -Wextra)
  target_include_directories(
    gradstep_unload_test PRIVATE $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(gradstep_unload_test PRIVATE Threads::Threads ${CMAKE_DL_LIBS})

  # A host's plugin with the library inside, linked as any other. It exports the C interface alone:
  # C++'s unique symbols would keep it in memory as well.
  add_library(gradstep_plugin MODULE $<TARGET_OBJECTS:gradstep> ${kernel_objects})
  set_target_properties(gradstep_plugin PROPERTIES LINKER_LANGUAGE CXX)
  target_link_options(gradstep_plugin PRIVATE
                      "LINKER:--version-script=${PROJECT_SOURCE_DIR}/lib/gradstep.map")
  target_link_libraries(gradstep_plugin PRIVATE TBB::tbb Threads::Threads ZLIB::ZLIB)

  foreach(object gradstep gradstep_plugin)
    add_test(NAME unload_${object} COMMAND gradstep_unload_test $<TARGET_FILE:${object}> 1000)
    add_test(NAME unload_${object}_on_threads
             COMMAND gradstep_unload_test $<TARGET_FILE:${object}> 200 thread)
    set_tests_properties(unload_${object} unload_${object}_on_threads PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()

  foreach(name unload fork quiet)
    add_test(NAME ${name}_in_python
             COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/${name}_test.py"
                     $<TARGET_FILE:gradstep::gradstep>)
    set_tests_properties(${name}_in_python PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1
                                                      SKIP_RETURN_CODE 77)
  endforeach()

  find_package(OpenMP COMPONENTS C)
  if(OpenMP_C_FOUND)
    add_executable(gradstep_openmp_host openmp_host.c)
    target_compile_options(gradstep_openmp_host PRIVATE -Wall -Wextra)
    target_link_libraries(gradstep_openmp_host PRIVATE gradstep::gradstep OpenMP::OpenMP_C)
    add_test(NAME openmp
             COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/openmp_test.py"
                     $<TARGET_FILE:gradstep_openmp_host>)
  endif()
endif()

# QEMU 7.2's user mode aborts where a forked child starts threads.
if(CMAKE_CROSSCOMPILING)
  target_compile_definitions(gradstep_thread_tests PRIVATE GRADSTEP_EMULATED)
endif()
