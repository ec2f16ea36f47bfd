# SPDX-License-Identifier: Apache-2.0
#
# Headers, library, CMake package and pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(gradstep_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gradstep")
install(TARGETS gradstep EXPORT gradstep-targets
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT gradstep-targets NAMESPACE gradstep:: DESTINATION "${gradstep_cmake_dir}")

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/gradstep-config.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config.cmake" INSTALL_DESTINATION "${gradstep_cmake_dir}")
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/gradstep-config-version.cmake"
        DESTINATION "${gradstep_cmake_dir}")

# A static library's users link what it needs too.
set(gradstep_pc_requires_private "")
set(gradstep_pc_libs_private "")
if(NOT BUILD_SHARED_LIBS)
  set(gradstep_pc_requires_private "tbb zlib")
  set(gradstep_pc_libs_private "-lstdc++ -lpthread -lm")
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/gradstep.pc.in" gradstep.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradstep.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
