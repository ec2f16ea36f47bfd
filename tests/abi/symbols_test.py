#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the library exports anything but the functions of lib/gradstep.map, each with its symbol
version, or when a kernel object has a weak symbol. The linker picks one copy of a weak symbol for
the whole program: a copy that was compiled with AVX-512 would crash older machines.

Usage: symbols_test.py LIBRARY KERNEL_OBJECT..."""

import subprocess
import sys

import version_script

WEAK = "WwVvu"


def symbols(path, *options):
    """(type, name) of each symbol that a file defines."""
    run = subprocess.run(["nm", "--defined-only", "--format=posix", *options, path], check=True,
                         capture_output=True, text=True)
    words = [line.split() for line in run.stdout.splitlines()]
    return [(w[1], w[0]) for w in words if len(w) > 1]


def export_errors(library):
    """The nodes of the version script themselves (absolute symbols, type A) do not count."""
    exported = {name for kind, name in symbols(library, "-D") if kind != "A"}
    wanted = {f"{name}@@{version}" for name, version in version_script.exported_functions().items()}
    return ([f"{library} exports {name}, which lib/gradstep.map lacks" for name in exported - wanted] +
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
    print(f"{len(version_script.exported_functions())} functions, {len(objects)} kernel objects, "
          f"{len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
