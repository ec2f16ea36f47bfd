# SPDX-License-Identifier: Apache-2.0
#
# Debian packages by CPack: libgradstep0 with the library, libgradstep-dev with what a compiler needs.
# `./dev deb` makes them. The static library is not packaged.
if(NOT GRADSTEP_SHARED OR NOT GRADSTEP_INSTALL)
  message(FATAL_ERROR "gradstep: packages need GRADSTEP_SHARED and GRADSTEP_INSTALL")
endif()
find_program(GRADSTEP_GZIP gzip REQUIRED)
set(gradstep_runtime_package libgradstep${PROJECT_VERSION_MAJOR})
set(gradstep_development_package libgradstep-dev)
set(GRADSTEP_PACKAGE_RELEASE 1 CACHE STRING "The Debian revision of packages of one version")
set(GRADSTEP_PACKAGE_CONTACT "gradstep maintainers <gradstep@packages.invalid>"
    CACHE STRING "The maintainer that packages name")
set(gradstep_deb_version "${PROJECT_VERSION}-${GRADSTEP_PACKAGE_RELEASE}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gradstep)
set(CPACK_PACKAGE_CONTACT "${GRADSTEP_PACKAGE_CONTACT}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
                                                GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL gradstep_runtime gradstep_development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${GRADSTEP_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Packages of several architectures can be installed at once: their paths differ, or their files are
# the same. CPack knows the field from 3.31 on. Before, it goes in behind another one.
set(multi_arch "")
if(CMAKE_VERSION VERSION_LESS 3.31)
  set(multi_arch "\nMulti-Arch: same")
else()
  set(CPACK_DEBIAN_PACKAGE_MULTIARCH same)
endif()

set(CPACK_DEBIAN_GRADSTEP_RUNTIME_PACKAGE_NAME ${gradstep_runtime_package})
set(CPACK_DEBIAN_GRADSTEP_RUNTIME_PACKAGE_SECTION "libs${multi_arch}")
set(CPACK_DEBIAN_GRADSTEP_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_GRADSTEP_RUNTIME_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_LIST_DIR}/debian/triggers")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # for packages that use the library
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
string(CONCAT CPACK_COMPONENT_GRADSTEP_RUNTIME_DESCRIPTION
       "optimizer steps of machine learning - shared library\n"
       "gradstep updates parameters in plain memory by SGD, Adam, AdamW and other\n"
       "rules, at the speed of memory. It has a stable C interface.\n")

set(CPACK_DEBIAN_GRADSTEP_DEVELOPMENT_PACKAGE_NAME ${gradstep_development_package})
set(CPACK_DEBIAN_GRADSTEP_DEVELOPMENT_PACKAGE_SECTION "libdevel${multi_arch}")
set(CPACK_DEBIAN_GRADSTEP_DEVELOPMENT_PACKAGE_DEPENDS
    "${gradstep_runtime_package} (= ${gradstep_deb_version})")
string(CONCAT CPACK_COMPONENT_GRADSTEP_DEVELOPMENT_DESCRIPTION
       "optimizer steps of machine learning - development files\n"
       "gradstep updates parameters in plain memory by SGD, Adam, AdamW and other\n"
       "rules, at the speed of memory. It has a stable C interface.\n"
       "This package has the headers for C and C++, and files for CMake and pkg-config.\n")

# The documents that Debian wants of each package.
string(TIMESTAMP gradstep_deb_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(documents "${CMAKE_CURRENT_BINARY_DIR}/debian")
configure_file("${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in" "${documents}/changelog.Debian" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${documents}/changelog" COPYONLY)
foreach(name changelog.Debian changelog)
  execute_process(COMMAND "${GRADSTEP_GZIP}" -9nf "${documents}/${name}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
foreach(component runtime development)
  install(
    FILES "${CMAKE_CURRENT_LIST_DIR}/debian/copyright" "${documents}/changelog.Debian.gz"
          "${documents}/changelog.gz"
    DESTINATION "share/doc/${gradstep_${component}_package}"
    COMPONENT gradstep_${component})
endforeach()
include(CPack)
