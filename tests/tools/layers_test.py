#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a room of lib/ includes or calls a room that lib/rooms.txt does not let it use, when the
library calls a function of its own C interface, or when two files of the tree have the same name.

Usage: layers_test.py BUILD_FOLDER_OF_LIB OBJECT..."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
LIB = TREE / "lib"
SOURCES = (".hpp", ".cpp", ".hpp.in")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
OBJECT_FOLDER = re.compile(r"CMakeFiles/[^/]+\.dir/")
TOGETHER = re.compile(r"Unity/unity_(.+)_cxx\.cxx")  # the files of a room that are compiled together
MAP_LINE = re.compile(r"^\s+(gradstep_\w+);", re.MULTILINE)
INDENTED_CALL = re.compile(r"^[ \t]+.*?\b(gradstep_\w+)\(", re.MULTILINE)
COMMENT = re.compile(r"//.*")
SYMBOL = re.compile(r"(.+?) ([A-Za-z])[ 0-9a-f]*$")
# Names that tools or readers look for in every folder.
REPEATED_NAMES = {"CMakeLists.txt", ".clang-tidy", "README.md", ".gitignore", ".gitattributes"}
# Calls by name are the one part of the library that calls its own C interface.
CALLERS_OF_ALL = {"capi/call_by_name.cpp"}


def usable_rooms():
    """Each room, with the rooms that it may include and call."""
    usable = {}
    for line in (LIB / "rooms.txt").read_text().splitlines():
        names, colon, named = line.partition("#")[0].partition(":")
        below = named.split() if colon else list(usable)
        usable.update({room: {room, *below} for room in names.split()})
    return usable


ROOMS = usable_rooms()


def room_of(path):
    """The innermost room that a path relative to lib/ lies in; None: in none."""
    folders = (str(folder) for folder in pathlib.PurePath(path).parents)
    return next((folder for folder in folders if folder in ROOMS), None)


def source_paths():
    """The library's files, relative to lib/."""
    return [f.relative_to(LIB) for f in LIB.rglob("*") if f.name.endswith(SOURCES)]


def folder_errors():
    """Rooms and folders with sources are the same."""
    folders = {str(path.parent) for path in source_paths()}
    return ([f"lib/{folder} is no room of lib/rooms.txt" for folder in folders - set(ROOMS)] +
            [f"lib/rooms.txt: lib/{room} has no sources" for room in set(ROOMS) - folders])


def include_errors():
    errors = []
    for path in source_paths():
        room = room_of(path)
        for opening, included in INCLUDE.findall((LIB / path).read_text()):
            other = room_of(included)
            if other is None and opening == '"' and "@" not in included:
                errors.append(f'lib/{path} includes "{included}" without the folder of a room')
            elif other is not None and other not in ROOMS[room]:
                errors.append(f'lib/{path}: {room} includes "{included}"')
    return errors


def interface_errors():
    """The library does not call its own C interface, not even within a file."""
    interface = set(MAP_LINE.findall((LIB / "gradstep.map").read_text()))
    return [f"lib/{path} calls {name}"
            for path in source_paths() if str(path) not in CALLERS_OF_ALL
            for name in INDENTED_CALL.findall(COMMENT.sub("", (LIB / path).read_text()))
            if name in interface]


def symbols(path):
    """The names that an object defines for others, and those that it needs of others."""
    run = subprocess.run(["nm", "--extern-only", "--format=posix", "--demangle", path], check=True,
                         capture_output=True, text=True)
    defined, needed = set(), set()
    for line in run.stdout.splitlines():
        name, kind = SYMBOL.match(line).groups()
        (needed if kind in "Uwv" else defined).add(name)
    return defined, needed


def call_errors(built_lib, objects):
    """What an object needs is defined in a room that it may use, or outside the library."""
    source = {o: TOGETHER.sub(r"\1/all its files",
                              OBJECT_FOLDER.sub("", os.path.relpath(o, built_lib)).removesuffix(".o"))
              for o in objects}
    room = {o: room_of(source[o]) for o in objects}
    found = {o: symbols(o) for o in objects}
    definers = collections.defaultdict(set)
    for path, (defined, _) in found.items():
        for name in defined:
            definers[name].add(room[path])
    return [f"lib/{source[path]}: {room[path]} calls {name} of {', '.join(definers[name])}"
            for path, (_, needed) in found.items() for name in needed
            if name in definers and source[path] not in CALLERS_OF_ALL
            and (name.startswith("gradstep_") or not definers[name] & ROOMS[room[path]])]


def name_errors():
    """Among the files that git knows; without git, among all but build folders' and hidden ones."""
    listed = ""
    if shutil.which("git"):
        command = ["git", "-C", TREE, "ls-files", "-z"]
        listed = subprocess.run(command, capture_output=True, text=True).stdout
    if listed:
        paths = [pathlib.PurePath(p) for p in listed.split("\0") if (TREE / p).is_file()]
    else:
        paths = [f.relative_to(TREE) for f in TREE.rglob("*") if f.is_file()]
        paths = [p for p in paths if p.parts[0] != "build" and not p.parts[0].startswith(".")]
    places = collections.defaultdict(list)
    for path in paths:
        # A language's packages tell files apart by their folders, and so do released versions.
        if path.parts[0] != "bindings" and path.parts[:3] != ("tests", "abi", "released"):
            places[path.name].append(str(path))
    return [f"the name of a file is used again: {', '.join(sorted(p))}"
            for name, p in places.items() if len(p) > 1 and name not in REPEATED_NAMES]


def main():
    if len(sys.argv) < 3:
        sys.exit(f"needs a build folder and objects\n{__doc__}")
    built_lib, *objects = sys.argv[1:]
    errors = (folder_errors() + include_errors() + interface_errors() +
              call_errors(built_lib, objects) + name_errors())
    for error in sorted(errors):
        print(error)
    print(f"{len(ROOMS)} rooms, {len(objects)} objects, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
