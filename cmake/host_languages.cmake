# SPDX-License-Identifier: Apache-2.0
#
# Included before project(). Finds out whether the project that adds this one links C++ by itself.
# If not, it has to link the C++ runtime that a static gradstep needs by name.
get_property(gradstep_host_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
set(gradstep_host_has_cxx ON)
if(NOT CMAKE_CURRENT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR AND NOT "CXX" IN_LIST
                                                              gradstep_host_languages)
  set(gradstep_host_has_cxx OFF)
endif()
