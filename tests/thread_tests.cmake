# SPDX-License-Identifier: Apache-2.0
#
# Contexts and the process that they are in. Programs of their own, since they fork, bind threads,
# unload the library, or take objects that the library hides.
add_executable(gradstep_thread_tests cgroup_quota_test.cpp
                                     ${PROJECT_SOURCE_DIR}/lib/runtime/cgroup_quota.cpp)
target_compile_features(gradstep_thread_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_thread_tests PRIVATE -Wall -Wextra -Wpedantic)
target_include_directories(gradstep_thread_tests PRIVATE "${PROJECT_SOURCE_DIR}/lib/runtime")
target_link_libraries(gradstep_thread_tests PRIVATE GTest::gtest_main)
gtest_discover_tests(gradstep_thread_tests)
