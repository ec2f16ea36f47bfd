# SPDX-License-Identifier: Apache-2.0
#
# The engines that the headers in include/gradstep/adapters are for: a target gradstep_engine_ENGINE
# for each that is installed.

# gradstep_engine(ENGINE LIBRARY...)
function(gradstep_engine engine)
  add_library(gradstep_engine_${engine} INTERFACE)
  target_link_libraries(gradstep_engine_${engine} INTERFACE ${ARGN})
endfunction()

find_package(Eigen3 QUIET NO_MODULE)  # Debian: libeigen3-dev
if(TARGET Eigen3::Eigen)
  gradstep_engine(eigen Eigen3::Eigen)
endif()

find_package(Armadillo QUIET)                   # Debian: libarmadillo-dev
find_path(ENSMALLEN_INCLUDE_DIR ensmallen.hpp)  # Debian: libensmallen-dev
if(ARMADILLO_FOUND AND ENSMALLEN_INCLUDE_DIR)
  gradstep_engine(ensmallen ${ARMADILLO_LIBRARIES})
  target_include_directories(gradstep_engine_ensmallen SYSTEM
                             INTERFACE "${ENSMALLEN_INCLUDE_DIR}" ${ARMADILLO_INCLUDE_DIRS})
endif()

find_package(dlib QUIET)  # Debian: libdlib-dev
if(TARGET dlib::dlib)
  gradstep_engine(dlib dlib::dlib)
endif()

find_package(Torch QUIET)  # Debian: libtorch-dev
if(Torch_FOUND)
  gradstep_engine(torch torch)
endif()
