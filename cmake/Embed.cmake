# SPDX-License-Identifier: Apache-2.0
# onrush_embed(OUT NAME FILE...): writes a C file OUT that defines `const struct embedded NAME[]`,
# with an entry per file and a final one of NULLs (shared/base/embedded.h). Contents are byte
# arrays, which need no quoting and have no length limit.
function(onrush_embed out name)
  set(text "#include \"shared/base/embedded.h\"\n")
  set(rows "")
  set(i 0)
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    get_filename_component(base ${file} NAME)
    string(APPEND text "static const unsigned char file_${i}[] = {${bytes}0};\n")
    string(APPEND rows "    {\"${base}\", (const char *)file_${i}},\n")
    math(EXPR i "${i} + 1")
  endforeach()
  string(APPEND text "const struct embedded ${name}[] = {\n${rows}    {0, 0},\n};\n")
  file(GENERATE OUTPUT ${out} CONTENT "${text}")
endfunction()
