#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when programs that were compiled against a released version would break with this library.

Usage: abi_guard.py LIBRARY            compares with every release in tests/abi/released
       abi_guard.py --record LIBRARY   records the version in the header there, as a new release

LIBRARY has debug information for its C interface: the target gradstep_with_types. abidiff compares
functions, arguments, types and structs. Functions may be added, and fields appended to structs.
abidiff does not see macros, and takes a field's name for harmless: for both, the descriptions of
the two headers are compared."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

TREE = pathlib.Path(__file__).resolve().parents[2]
RELEASED = TREE / "tests/abi/released"
HEADERS = TREE / "include/gradstep"
# Programs of one file, and what they include; programs of more files have a folder of their own.
PROGRAMS = ("tests/abi/every_struct.c", "tests/abi/placed_struct.h", "tests/abi/subproject/bits.c",
            "examples/embed.c")
PROGRAM_FOLDERS = {"every_call": "tests/guest/every_call*"}
# Structs that cannot grow, because other structs have them as fields.
CLOSED = {"gradstep_array"}


def types_of(library, headers=HEADERS):
    """The library's interface as abidw's XML. Whatever depends on this machine is left out."""
    run = subprocess.run(["abidw", "--headers-dir", headers, "--drop-private-types",
                          "--exported-interfaces-only", "--no-architecture", "--no-corpus-path",
                          "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed",
                          "--no-parameter-names", "--type-id-style", "hash", library],
                         check=True, capture_output=True, text=True)
    if run.stdout.count("<function-decl ") != run.stdout.count("type='func-type'"):
        sys.exit(f"{library} lacks debug information for functions that it exports")
    return run.stdout


def structs_of(corpus):
    return {s.get("name"): s for s in corpus.iter("class-decl") if s.get("size-in-bits")}


def without_appended_fields(types, released):
    """Cuts each struct after the fields that it had in the released version, at the end that it had
    there: what a program of that version sees of today's structs."""
    today = xml.fromstring(types)
    before = structs_of(xml.fromstring(released))
    for name, struct in structs_of(today).items():
        if name not in before or name in CLOSED:
            continue
        end = int(before[name].get("size-in-bits"))
        for field in struct.findall("data-member"):
            if int(field.get("layout-offset-in-bits")) >= end:
                struct.remove(field)
        struct.set("size-in-bits", str(min(end, int(struct.get("size-in-bits")))))
    return xml.tostring(today, encoding="unicode")


def type_errors(types, baseline):
    """abidiff's report, as a list of at most one text."""
    with tempfile.NamedTemporaryFile("w", suffix=".abi") as today:
        today.write(without_appended_fields(types, baseline.read_text()))
        today.flush()
        run = subprocess.run(["abidiff", "--no-default-suppression", "--no-added-syms",
                              "--redundant", baseline, today.name], capture_output=True, text=True)
    return [f"{run.stdout}{run.stderr}"] if run.returncode else []


def description_of(header):
    run = subprocess.run([sys.executable, TREE / "cmake/describe_header.py", header], check=True,
                         capture_output=True, text=True)
    return json.loads(run.stdout)


def named_parts(description):
    """{what it is: its value}, for constants and fields."""
    parts = {f'the constant {c["name"]}': f'{c["value"]} ({c["type"]})'
             for c in description["constants"]
             if not c["name"].startswith("GRADSTEP_VERSION_")}
    for struct in description["structs"]:
        for field in struct["fields"]:
            parts[f'{struct["name"]}.{field["name"]}'] = f'at offset {field["offset"]}'
    return parts


def name_errors(today, released):
    today = named_parts(today)
    return [f"{part} was {value}, and now " + (f"is {today[part]}" if part in today else "is gone")
            for part, value in named_parts(released).items() if today.get(part) != value]


def compare(library):
    types, today = types_of(library), description_of(HEADERS / "gradstep.h")
    releases = sorted(RELEASED.glob("*/"))
    failed = 0
    for release in releases:
        described = description_of(release / "gradstep/gradstep.h")
        errors = (type_errors(types, release / "gradstep.abi") + name_errors(today, described))
        failed += bool(errors)
        for error in errors:
            print(f"since {release.name}: {error}")
        counts = [f"{len(described[kind])} {kind}" for kind in ("functions", "structs", "constants")]
        print(f'{release.name}: {", ".join(counts)} compared, {len(errors)} errors')
    print(f"releases: {len(releases) - failed} passed, {failed} failed")
    return 0 if releases and not failed else 1


def header_version():
    numbers = dict(re.findall(r"#define GRADSTEP_VERSION_(\w+) (\d+)",
                              (HEADERS / "gradstep.h").read_text()))
    return f'{numbers["MAJOR"]}.{numbers["MINOR"]}'


def record(library):
    release = RELEASED / header_version()
    if release.exists():
        sys.exit(f"{release.relative_to(TREE)} is there already, and a release does not change")
    shutil.copytree(HEADERS, release / "gradstep", ignore=shutil.ignore_patterns("*.json"))
    (release / "gradstep.abi").write_text(types_of(library))
    (release / "programs").mkdir()
    for program in PROGRAMS:
        shutil.copy(TREE / program, release / "programs")
    for name, pattern in PROGRAM_FOLDERS.items():
        for source in TREE.glob(pattern):  # where its includes look for it
            copy = release / "programs" / name / source.relative_to(TREE / "tests")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    print(f"recorded {release.relative_to(TREE)}")
    return 0


def main():
    arguments = sys.argv[1:]
    act = record if arguments[:1] == ["--record"] else compare
    if len(arguments) != (2 if act is record else 1):
        sys.exit(__doc__)
    sys.exit(act(arguments[-1]))


if __name__ == "__main__":
    main()
