# SPDX-License-Identifier: Apache-2.0
#
# The library as a guest: threads of the host's, forks, the ends of threads and of the process,
# arguments that are wrong or strange.
add_executable(
  gradstep_guest_tests
  empty_tensors_test.cpp
  error_text_test.cpp
  optimizer_swaps_test.cpp
  optimizer_threads_test.cpp
  struct_sizes_test.cpp)
target_compile_features(gradstep_guest_tests PRIVATE cxx_std_20)
target_compile_options(gradstep_guest_tests PRIVATE -Wall -Wextra -Wpedantic)
target_link_libraries(gradstep_guest_tests PRIVATE gradstep::gradstep GTest::gtest_main
                                                   Threads::Threads)
gtest_discover_tests(gradstep_guest_tests DISCOVERY_TIMEOUT 60)

add_executable(gradstep_error_text_late error_text_late.cpp)
target_compile_features(gradstep_error_text_late PRIVATE cxx_std_20)
target_link_libraries(gradstep_error_text_late PRIVATE gradstep::gradstep)
add_test(NAME error_text_late COMMAND gradstep_error_text_late)

get_target_property(gradstep_type gradstep::gradstep TYPE)
if(gradstep_type STREQUAL "SHARED_LIBRARY" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  add_executable(gradstep_error_text_dlopen error_text_dlopen.c)
  target_include_directories(
    gradstep_error_text_dlopen
    PRIVATE $<TARGET_PROPERTY:gradstep::gradstep,INTERFACE_INCLUDE_DIRECTORIES>)
  # Its malloc is the library's too.
  set_target_properties(gradstep_error_text_dlopen PROPERTIES ENABLE_EXPORTS ON)
  target_link_libraries(gradstep_error_text_dlopen PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  add_test(NAME error_text_dlopen COMMAND gradstep_error_text_dlopen
                                          $<TARGET_FILE:gradstep::gradstep>)
endif()

add_executable(gradstep_every_call every_call.cpp)
target_compile_features(gradstep_every_call PRIVATE cxx_std_20)
target_link_libraries(gradstep_every_call PRIVATE gradstep::gradstep)
add_test(NAME every_call COMMAND gradstep_every_call "${CMAKE_CURRENT_BINARY_DIR}")
find_program(GRADSTEP_VALGRIND valgrind)  # optional
if(GRADSTEP_VALGRIND AND NOT CMAKE_CROSSCOMPILING)
  add_test(NAME every_call_in_memcheck
           COMMAND ${GRADSTEP_VALGRIND} --quiet --error-exitcode=3 --leak-check=full
                   --errors-for-leak-kinds=definite,indirect $<TARGET_FILE:gradstep_every_call>
                   "${CMAKE_CURRENT_BINARY_DIR}")
  # Both write the same file.
  set_tests_properties(every_call every_call_in_memcheck PROPERTIES RUN_SERIAL ON)
endif()
