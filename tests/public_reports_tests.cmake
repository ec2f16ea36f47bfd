# SPDX-License-Identifier: Apache-2.0
#
# What users of other libraries reported, tried on this one. An executable of its own: its tests
# cancel threads and set the modes of the floating-point units.
add_library(gradstep_header_strict OBJECT header_packed.c header_strict.cpp)
target_compile_features(gradstep_header_strict PRIVATE cxx_std_17)
target_include_directories(
  gradstep_header_strict
  PRIVATE $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_options(
  gradstep_header_strict
  PRIVATE -Wall
          -Wextra
          -Wpedantic
          -Wconversion
          -Wsign-conversion
          -Wcast-qual
          -Wshadow
          -Wundef
          -Werror
          $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
          $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>)

add_executable(
  gradstep_public_reports_tests public_reports_process_test.cpp public_reports_test.cpp
                                $<TARGET_OBJECTS:gradstep_header_strict>)
target_compile_features(gradstep_public_reports_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_public_reports_tests PRIVATE -Wall -Wextra -Wpedantic
                                                             -frounding-math)
target_link_libraries(gradstep_public_reports_tests PRIVATE gradstep::gradstep GTest::gtest_main
                                                            Threads::Threads)
gtest_discover_tests(gradstep_public_reports_tests DISCOVERY_TIMEOUT 60)

get_target_property(gradstep_type gradstep::gradstep TYPE)
if(gradstep_type STREQUAL "SHARED_LIBRARY" AND NOT CMAKE_CROSSCOMPILING)
  add_executable(gradstep_interposed_host interposed_host.c)
  target_include_directories(
    gradstep_interposed_host
    PRIVATE $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_options(gradstep_interposed_host PRIVATE -Wall -Wextra)
  target_link_libraries(gradstep_interposed_host PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(gradstep_interposed_host PROPERTIES ENABLE_EXPORTS ON)
  add_test(NAME interposed_host COMMAND gradstep_interposed_host $<TARGET_FILE:gradstep::gradstep>)
endif()
