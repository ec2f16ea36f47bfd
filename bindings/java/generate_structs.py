#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes common/src/main/java/gradstep/C.java from include/gradstep/gradstep.json.

    generate_structs.py            writes the file
    generate_structs.py --check    fails if the file is not what it would write
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DESCRIPTION = HERE.parents[1] / "include/gradstep/gradstep.json"
TARGET = HERE / "common/src/main/java/gradstep/C.java"

HEAD = """// SPDX-License-Identifier: Apache-2.0
//
// Made by bindings/java/generate_structs.py from include/gradstep/gradstep.json.
package gradstep;

/** The constants of the C interface, and where the fields of its structs are, in bytes. */
final class C {
  private C() {}

  static final String VERSION = "%s";
"""


def constant(of):
    kind = "int" if of["type"] in ("int32_t", "uint32_t") else "long"
    suffix = "" if kind == "int" else "L"
    return f"  static final {kind} {of['name'].removeprefix('GRADSTEP_')} = {of['value']}{suffix};"


def struct(of):
    lines = [f"  static final class {of['name']} {{", f"    private {of['name']}() {{}}", ""]
    lines.append(f"    static final long SIZE = {of['size']};")
    lines += [f"    static final long {f['name']} = {f['offset']};" for f in of["fields"]]
    return lines + ["  }", ""]


def source(description):
    lines = (HEAD % description["version"]).splitlines()
    lines += [constant(of) for of in description["constants"]] + [""]
    for of in description["structs"]:
        lines += struct(of)
    return "\n".join(lines[:-1] + ["}"]) + "\n"


def main():
    text = source(json.loads(DESCRIPTION.read_text()))
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != text:
            sys.exit(f"{TARGET} is out of date; run {pathlib.Path(__file__).name}")
    else:
        TARGET.write_text(text)


if __name__ == "__main__":
    main()
