# SPDX-License-Identifier: Apache-2.0
#
# With GRADSTEP_COVERAGE, the library counts which of its lines and branches run: see CONTRIBUTING.md.
# gradstep_counters are the compile options of everything that counts.
option(GRADSTEP_COVERAGE "Count which lines and branches of the library run; needs clang" OFF)
set(gradstep_counters "")
if(GRADSTEP_COVERAGE)
  # Headers of other libraries do not count. The counters are atomic, because threads share them.
  file(CONFIGURE OUTPUT counted_files.txt CONTENT "[clang]\nsrc:@PROJECT_SOURCE_DIR@/lib/*\n" @ONLY)
  set(gradstep_counters -fprofile-instr-generate -fcoverage-mapping -fprofile-update=atomic
                        "-fprofile-list=${CMAKE_CURRENT_BINARY_DIR}/counted_files.txt")
  add_link_options(-fprofile-instr-generate)
endif()
