#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests abi_guard.py: changes of the header that would break programs are reported, and others are
not. A library of empty functions stands for each changed header, since only its types matter.

Usage: abi_guard_test.py COMPILER     a compiler of C++"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import abi_guard

HEADER = (abi_guard.HEADERS / "gradstep.h").read_text()
NEW_FIELD = "  uint64_t appended;\n"
VERSION = "GRADSTEP_API uint32_t gradstep_version(void);"


def edit(old, new):
    if HEADER.count(old) != 1:
        sys.exit(f"abi_guard_test.py: {old!r} is in the header {HEADER.count(old)} times, not once")
    return HEADER.replace(old, new)


def edit_plateau(old, new, appended=""):
    """The header with an edit in one struct, and perhaps with another field at its end."""
    struct = re.search(r"typedef struct gradstep_plateau \{.*?\} gradstep_plateau;", HEADER,
                       re.DOTALL).group()
    changed = re.sub(rf"^ +{old};.*\n", new, struct, flags=re.MULTILINE)
    if changed == struct:
        sys.exit(f"abi_guard_test.py: gradstep_plateau has no field {old!r}")
    return HEADER.replace(struct, changed.replace("} gradstep_plateau;",
                                                  f"{appended}}} gradstep_plateau;"))


# Each change: the header, and words of the report that it must have; None: no report.
COOLDOWN = "uint64_t cooldown"
CHANGES = {
    "nothing": (HEADER, None),
    "a function is added": (edit(VERSION, VERSION + "\nGRADSTEP_API int32_t gradstep_new(void);"),
                            None),
    "every struct that may grow has grown": (
        re.sub(r"(?<=\n)(?=\} gradstep_(?!array;)\w+;)", NEW_FIELD, HEADER), None),
    "a constant is added": (edit("#define GRADSTEP_OK 0", "#define GRADSTEP_OK 0\n#define GRADSTEP_X 9"),
                            None),
    "a function is removed": (edit(VERSION, ""), "1 Removed function"),
    "a function returns another type": (edit(VERSION, VERSION.replace("uint32_t", "int32_t")),
                                        "return type changed"),
    "an argument has another type": (edit("gradstep_isa_name(size_t index)",
                                          "gradstep_isa_name(int32_t index)"), "parameter 1 of type"),
    "an argument is added": (edit("gradstep_isa_name(size_t index)",
                                  "gradstep_isa_name(size_t index, int32_t more)"),
                             "was added"),
    "fields of one type are swapped": (
        re.sub(r"double (factor|threshold);",
               lambda field: f'double {dict(factor="threshold", threshold="factor")[field[1]]};',
               HEADER), "double factor"),
    "a field moves to the front": (edit_plateau(COOLDOWN, "").replace(
        "  double lr;        /* the present", f"  {COOLDOWN};\n  double lr; /* the present"),
        "offset changed"),
    "a field is inserted": (edit_plateau(COOLDOWN, NEW_FIELD + f"  {COOLDOWN};\n"),
                            "offset changed"),
    "a field is removed, and another appended": (edit_plateau(COOLDOWN, "", NEW_FIELD),
                                                 "1 data member deletion"),
    "the last field is removed": (edit_plateau("int32_t is_absolute", ""), "1 data member deletion"),
    "a field has another type": (edit_plateau(COOLDOWN, "  int64_t cooldown;\n"),
                                 "type of 'uint64_t cooldown' changed"),
    "a field has another type, and another is appended": (
        edit_plateau(COOLDOWN, "  int64_t cooldown;\n", NEW_FIELD),
        "type of 'uint64_t cooldown' changed"),
    "a field has another name": (edit_plateau(COOLDOWN, "  uint64_t warm;\n"),
                                 "gradstep_plateau.cooldown was at offset 64, and now is gone"),
    "a struct that may not grow has grown": (
        re.sub(r"(?<=\n)(?=\} gradstep_array;)", NEW_FIELD, HEADER), "'uint64_t appended'"),
    "the arguments of a callback change": (
        edit("(*gradstep_task)(void* argument, size_t index)",
             "(*gradstep_task)(void* argument, int32_t index)"), "typedef gradstep_task"),
    "a constant has another value": (edit("GRADSTEP_MISMATCH 11", "GRADSTEP_MISMATCH 12"),
                                     "GRADSTEP_MISMATCH was 11 (int32_t), and now is 12"),
    "a constant is removed": (re.sub(r"#define GRADSTEP_MISMATCH.*\n", "", HEADER),
                              "GRADSTEP_MISMATCH was 11 (int32_t), and now is gone"),
}


def stub_source(functions):
    yield "#include <gradstep/gradstep.h>"
    for function in functions:
        arguments = ", ".join(a["type"] for a in function["arguments"]) or "void"
        body = "" if function["returns"] == "void" else "return 0;"
        yield f'{function["returns"]} {function["name"]}({arguments}) {{ {body} }}'


def stub_of(header, folder, compiler):
    """(abidw's types, description) of a library of empty functions with that header."""
    (folder / "gradstep").mkdir(parents=True)
    (folder / "gradstep/gradstep.h").write_text(header)
    description = abi_guard.description_of(folder / "gradstep/gradstep.h")
    (folder / "stub.cpp").write_text("\n".join(stub_source(description["functions"])) + "\n")
    subprocess.run([compiler, "-g", "-w", "-shared", "-fPIC", f"-I{folder}", folder / "stub.cpp",
                    "-o", folder / "stub.so"], check=True)
    return abi_guard.types_of(folder / "stub.so", folder / "gradstep"), description


def failure_of(what, baseline, folder, compiler):
    """A sentence if the guard does not do what it should; else None."""
    header, wanted = CHANGES[what]
    if header == HEADER and what != "nothing":
        return f"{what}: the edit of the header changed nothing"
    types, description = stub_of(header, folder / what.replace(" ", "_"), compiler)
    report = "\n".join(abi_guard.type_errors(types, folder / "baseline.abi") +
                       abi_guard.name_errors(description, baseline))
    if wanted is None:
        return f"{what}: should pass, but: {report}" if report else None
    return None if wanted in report else f"{what}: the report lacks {wanted!r}: {report or 'none'}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        types, baseline = stub_of(HEADER, folder / "baseline", sys.argv[1])
        (folder / "baseline.abi").write_text(types)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
            found = threads.map(lambda what: failure_of(what, baseline, folder, sys.argv[1]), CHANGES)
            failures = [failure for failure in found if failure]
    for failure in failures:
        print(failure)
    print(f"{len(CHANGES) - len(failures)} changes of the header judged rightly, "
          f"{len(failures)} wrongly")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
