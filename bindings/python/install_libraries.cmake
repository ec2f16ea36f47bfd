# SPDX-License-Identifier: Apache-2.0
#
# Copies `library` and `tbb` to `folder`. oneTBB gets a name of its own, so that the loader does not
# take it for another package's oneTBB, or that one for it: each wheel runs on the oneTBB that it was
# built with.
set(own_tbb libgradstep_tbb.so)
file(REAL_PATH "${tbb}" tbb)
file(MAKE_DIRECTORY "${folder}")
file(COPY_FILE "${library}" "${folder}/libgradstep.so")
file(COPY_FILE "${tbb}" "${folder}/${own_tbb}")

function(patch file)
  execute_process(COMMAND "${patchelf}" ${ARGN} "${folder}/${file}" COMMAND_ERROR_IS_FATAL ANY
                  OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

patch(${own_tbb} --print-soname)
set(soname "${output}")
patch(${own_tbb} --set-soname ${own_tbb})
patch(libgradstep.so --replace-needed "${soname}" ${own_tbb})
patch(libgradstep.so --set-rpath "$ORIGIN")
