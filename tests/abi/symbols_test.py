#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the library exports anything but exported_symbols.txt, which also has the first version
of each function, or when a kernel object has a weak symbol. The linker picks one copy of a weak
symbol for the whole program: a copy that was compiled with AVX-512 would crash older machines.

Usage: symbols_test.py LIBRARY KERNEL_OBJECT..."""

import pathlib
import subprocess
import sys

LIST = pathlib.Path(__file__).with_name("exported_symbols.txt")
WEAK = "WwVvu"


def symbols(path, *options):
    """(type, name) of each symbol that a file defines, without the version after @."""
    run = subprocess.run(["nm", "--defined-only", "--format=posix", *options, path], check=True,
                         capture_output=True, text=True)
    words = [line.split() for line in run.stdout.splitlines()]
    return [(w[1], w[0].split("@")[0]) for w in words if len(w) > 1]


def export_errors(library):
    """The version script's own node (an absolute symbol, type A) does not count."""
    exported = {name for kind, name in symbols(library, "-D") if kind != "A"}
    wanted = {line.split()[0] for line in LIST.read_text().splitlines()}
    return ([f"{library} exports {name}, which {LIST.name} lacks" for name in exported - wanted] +
            [f"{library} does not export {name}" for name in wanted - exported])


def weak_errors(path):
    return [f"{path} defines the weak symbol {name} ({kind})"
            for kind, name in symbols(path) if kind in WEAK]


def main():
    if len(sys.argv) < 3:
        sys.exit(f"needs the library and at least one kernel object\n{__doc__}")
    library, *objects = sys.argv[1:]
    errors = export_errors(library)
    for path in objects:
        errors += weak_errors(path)
    for error in sorted(errors):
        print(error)
    print(f"{len(objects)} kernel objects, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
