# SPDX-License-Identifier: Apache-2.0
#
# Sets `result` to MAJOR.MINOR.PATCH from the public header, the only file that states the version.
function(gradstep_read_version header result)
  set(version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${header}" line REGEX "^#define GRADSTEP_VERSION_${part} [0-9]+$")
    string(REGEX MATCH "[0-9]+$" number "${line}")
    list(APPEND version "${number}")
  endforeach()
  list(JOIN version "." version)
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
