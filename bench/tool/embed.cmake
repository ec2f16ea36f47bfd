# SPDX-License-Identifier: Apache-2.0
#
# gradstep_embed(TARGET NAME FILE...): compiles the files, one after another, into TARGET as the text
# bench::embedded::NAME, which embedded.hpp declares. A changed file is compiled in anew. The file
# runs itself as a script when the target is built.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(gradstep_embed_script "${CMAKE_CURRENT_LIST_FILE}")

  function(gradstep_embed target name)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cpp")
    add_custom_command(
      OUTPUT "${output}"
      COMMAND "${CMAKE_COMMAND}" "-DNAME=${name}" "-DOUTPUT=${output}" "-DFILES=${ARGN}" -P
              "${gradstep_embed_script}"
      DEPENDS ${ARGN} "${gradstep_embed_script}"
      COMMENT "Embedding ${name}"
      VERBATIM)
    target_sources(${target} PRIVATE "${output}")
    set_source_files_properties("${output}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endfunction()

  return()
endif()

# Literals of one line each, which the compiler joins: it reads them much faster than an array of
# characters. Every byte is escaped, so that none ends a literal or belongs to the escape before it.
set(bytes "")
foreach(file IN LISTS FILES)
  file(READ "${file}" text HEX)
  string(APPEND bytes "${text}")
endforeach()
string(REPEAT "[0-9a-f][0-9a-f]" 32 line)
string(REGEX REPLACE "(${line})" "\\1\"\n\"" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" characters "${bytes}")
file(
  WRITE "${OUTPUT}"
  "#include \"embedded.hpp\"\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\n"
  "namespace bench::embedded {\n\nconstexpr char ${NAME}_text[] =\n"
  "\"${characters}\";\nconst std::string_view ${NAME}(${NAME}_text, sizeof ${NAME}_text - 1);\n\n"
  "}  // namespace bench::embedded\n")
