# SPDX-License-Identifier: Apache-2.0
#
# Checkpoint files. The library hides the layer, so these take its objects.
add_executable(
  gradstep_checkpoint_tests
  checkpoint_crash_test.cpp
  checkpoint_damage_test.cpp
  checkpoint_faults_test.cpp
  checkpoint_file_test.cpp
  checkpoint_hostile_test.cpp
  checkpoint_places_test.cpp
  counted_memory.cpp
  fuzz/checkpoint_fuzzer.cpp
  json_text_test.cpp
  system_calls.cpp)
target_compile_features(gradstep_checkpoint_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_checkpoint_tests PRIVATE -Wall -Wextra -Wpedantic)
target_compile_definitions(
  gradstep_checkpoint_tests
  PRIVATE GRADSTEP_PYTHON="${Python3_EXECUTABLE}"
          GRADSTEP_READ_CHECKPOINT="${CMAKE_CURRENT_SOURCE_DIR}/read_checkpoint.py"
          GRADSTEP_CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/fuzz/checkpoint_corpus")
target_include_directories(
  gradstep_checkpoint_tests
  PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}"
          $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
target_link_libraries(
  gradstep_checkpoint_tests PRIVATE gradstep_inside GTest::gtest_main
                                    nlohmann_json::nlohmann_json)
gtest_discover_tests(gradstep_checkpoint_tests DISCOVERY_TIMEOUT 60)

# clang's libFuzzer: build/fuzz/tests/checkpoint_fuzzer NEW_CORPUS tests/fuzz/checkpoint_corpus
option(GRADSTEP_FUZZ "Build the fuzzers; needs clang" OFF)
if(GRADSTEP_FUZZ)
  get_target_property(checkpoint_sources gradstep SOURCES)
  list(FILTER checkpoint_sources INCLUDE REGEX "/lib/(base|json|safetensors)/")
  add_executable(checkpoint_fuzzer fuzz/checkpoint_fuzzer.cpp ${checkpoint_sources})
  target_compile_features(checkpoint_fuzzer PRIVATE cxx_std_20)
  target_include_directories(
    checkpoint_fuzzer PRIVATE $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_options(checkpoint_fuzzer PRIVATE -g -O1 -fsanitize=fuzzer,address,undefined
                                                   -fno-sanitize-recover=undefined)
  target_link_options(checkpoint_fuzzer PRIVATE -fsanitize=fuzzer,address,undefined)
  target_link_libraries(checkpoint_fuzzer PRIVATE gradstep_tree nlohmann_json::nlohmann_json
                                                  ZLIB::ZLIB)
endif()
