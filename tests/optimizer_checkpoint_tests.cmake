# SPDX-License-Identifier: Apache-2.0
#
# An optimizer's checkpoints. An executable of their own: they fork, which the threads that other
# tests leave behind would not survive.
find_package(ZLIB REQUIRED)
add_executable(
  gradstep_optimizer_checkpoint_tests
  optimizer_checkpoint_counts_test.cpp
  optimizer_checkpoint_damage_test.cpp
  optimizer_checkpoint_golden_test.cpp
  optimizer_checkpoint_misuse_test.cpp
  optimizer_checkpoint_test.cpp)
target_compile_features(gradstep_optimizer_checkpoint_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_optimizer_checkpoint_tests PRIVATE -Wall -Wextra -Wpedantic)
target_compile_definitions(
  gradstep_optimizer_checkpoint_tests
  PRIVATE GRADSTEP_GOLDEN_CHECKPOINT="${CMAKE_CURRENT_SOURCE_DIR}/golden/optimizer.safetensors"
          GRADSTEP_PYTHON="${Python3_EXECUTABLE}"
          GRADSTEP_READ_CHECKPOINT="${CMAKE_CURRENT_SOURCE_DIR}/read_checkpoint.py")
target_link_libraries(
  gradstep_optimizer_checkpoint_tests
  PRIVATE gradstep::gradstep GTest::gtest_main nlohmann_json::nlohmann_json ZLIB::ZLIB)
gtest_discover_tests(gradstep_optimizer_checkpoint_tests DISCOVERY_TIMEOUT 60)

# A program of its own: its memory fails. A sanitizer's allocator would not.
add_executable(gradstep_out_of_memory_tests failing_memory.cpp out_of_memory_checkpoint_test.cpp
                                            out_of_memory_test.cpp)
target_compile_features(gradstep_out_of_memory_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_out_of_memory_tests PRIVATE -Wall -Wextra -Wpedantic)
target_link_libraries(gradstep_out_of_memory_tests
                      PRIVATE gradstep::gradstep GTest::gtest_main Threads::Threads)
gtest_discover_tests(gradstep_out_of_memory_tests DISCOVERY_TIMEOUT 60)
