# SPDX-License-Identifier: Apache-2.0
#
# Installs headers, library, CMake package and pkg-config file. The installed tree can be moved. What
# a program needs to run is the component gradstep_runtime; the rest is gradstep_development.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(gradstep_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gradstep")
install(
  TARGETS gradstep
  EXPORT gradstep-targets
  LIBRARY COMPONENT gradstep_runtime NAMELINK_COMPONENT gradstep_development
  ARCHIVE COMPONENT gradstep_development
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT gradstep_development)
# The description of the C interface, for generators of bindings.
install(FILES "${PROJECT_SOURCE_DIR}/include/gradstep/gradstep.json"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/gradstep" COMPONENT gradstep_development)
install(EXPORT gradstep-targets NAMESPACE gradstep:: DESTINATION "${gradstep_cmake_dir}"
        COMPONENT gradstep_development)
# If oneTBB was fetched, its library file is installed too, because gradstep does not load without
# it.
if(GRADSTEP_SHARED AND gradstep_fetched_TBB)
  install(TARGETS tbb LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT gradstep_runtime
                      NAMELINK_SKIP)
  set_target_properties(gradstep PROPERTIES INSTALL_RPATH "$ORIGIN")
endif()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/gradstep-config.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config.cmake" INSTALL_DESTINATION "${gradstep_cmake_dir}")
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config-version.cmake" COMPATIBILITY SameMajorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config-version.cmake"
        DESTINATION "${gradstep_cmake_dir}" COMPONENT gradstep_development)

# gradstep_pc_folder(RESULT FOLDER): sets RESULT to FOLDER as the pkg-config file writes it: below
# the prefix, unless it is absolute.
function(gradstep_pc_folder result folder)
  string(REPLACE " " "\\ " folder "${folder}")
  if(NOT IS_ABSOLUTE "${folder}")
    string(PREPEND folder "\${prefix}/")
  endif()
  set(${result} "${folder}" PARENT_SCOPE)
endfunction()
gradstep_pc_folder(gradstep_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
gradstep_pc_folder(gradstep_pc_libdir "${CMAKE_INSTALL_LIBDIR}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  gradstep_pc_folder(gradstep_pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" gradstep_pc_prefix "\${pcfiledir}/${up}")
endif()

# Users of a static gradstep have to link its dependencies too.
set(gradstep_pc_cflags "")
set(gradstep_pc_requires_private "")
set(gradstep_pc_libs_private "")
if(NOT GRADSTEP_SHARED)
  set(gradstep_pc_cflags " -DGRADSTEP_STATIC")
  set(gradstep_pc_requires_private "zlib")
  if(GRADSTEP_TBB)
    string(PREPEND gradstep_pc_requires_private "tbb ")
  endif()
  list(TRANSFORM gradstep_cxx_runtime PREPEND "-l" OUTPUT_VARIABLE gradstep_pc_libs_private)
  list(APPEND gradstep_pc_libs_private -lpthread)
  list(JOIN gradstep_pc_libs_private " " gradstep_pc_libs_private)
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/gradstep.pc.in"
               "${CMAKE_CURRENT_BINARY_DIR}/gradstep.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradstep.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT gradstep_development)
