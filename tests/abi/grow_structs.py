# SPDX-License-Identifier: Apache-2.0
"""Makes a later version of the library: appends a field to every public struct that can grow.

Usage: grow_structs.py TREE

Edits TREE, a copy of the library's sources. Every struct of gradstep.h that has a struct_size gets
one more field, `appended`. The library reads and writes the new fields, as a real later version
would: it ends the program if a new field is neither 0 nor 1, so it notices bytes that are not the
caller's; and it sets the new field of each struct that it fills to 1. Prints the structs' names.
"""
import pathlib
import re
import sys

# Structs that cannot grow, because other structs have them as fields.
CLOSED = {"gradstep_array"}

READING = '''
template <class Struct>
const Struct& with_our_fields(const Struct* given, std::size_t size, Struct& room) noexcept {
  const Struct& fields = with_old_fields(given, size, room);
  if (fields.appended > 1) {
    std::fputs("a field beyond the end of the caller's struct was read\\n", stderr);
    std::abort();
  }
  return fields;
}
'''


def replace_once(text, old, new):
    if text.count(old) != 1:
        sys.exit(f"grow_structs.py: {old!r} is in the text {text.count(old)} times instead of once")
    return text.replace(old, new)


def grow_header(text):
    """Returns the header with the new fields, and the names of the structs that have one."""
    names, closed = [], []

    def grow(struct):
        name, fields = struct.groups()
        if "\n  size_t struct_size;\n" not in fields:
            closed.append(name)
            return struct.group()
        names.append(name)
        return f"typedef struct {name} {{{fields}  uint64_t appended;\n}} {name};"

    grown = re.sub(r"typedef struct (\w+) \{(\n.*?\n)\} \1;", grow, text, flags=re.DOTALL)
    sizes = len(re.findall(r"\bstruct_size;", text))
    structs = len(re.findall(r"\bstruct\b[^;]*?\{", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))
    if not CLOSED.issuperset(closed):
        sys.exit(f"grow_structs.py: without a struct_size, these can never grow: {closed}")
    if len(names) != sizes or len(names) + len(closed) != structs:
        sys.exit(f"grow_structs.py: {len(names)} structs have grown and {len(closed)} are closed, "
                 f"but the header has {structs}, {sizes} of them with a struct_size")
    return grown, names


def grow_reading(text):
    """Returns lib/capi/structs.hpp, which now uses the new fields."""
    start = text.index("template <class Struct>\nconst Struct& with_our_fields(")
    end = text.index("\n}\n", start) + 3
    old = replace_once(text[start:end], "with_our_fields(", "with_old_fields(")
    text = "#include <cstdio>\n#include <cstdlib>\n" + text[:start] + old + READING + text[end:]
    filling = "void fill_output(Struct* output, Struct values) noexcept {\n"
    return replace_once(text, filling, filling + "  values.appended = 1;\n")


def main():
    tree = pathlib.Path(sys.argv[1])
    header = tree / "include/gradstep/gradstep.h"
    grown, names = grow_header(header.read_text())
    header.write_text(grown)
    reading = tree / "lib/capi/structs.hpp"
    reading.write_text(grow_reading(reading.read_text()))
    print("\n".join(names))


main()
