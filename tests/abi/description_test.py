#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares gradstep.json with gradstep.h: with what the script makes of the header, and, statement
by statement, with what a C compiler does.

Usage: description_test.py ROOT COMPILER"""

import json
import pathlib
import subprocess
import sys

import version_script


def assertion(condition):
    text = condition.replace('"', "'")
    return f'_Static_assert({condition}, "{text}");'


def type_assertion(expression, c_type):
    return assertion(f"_Generic(({expression}), {c_type}: 1, default: 0)")


def pointer_to(function):
    arguments = ", ".join(a["type"] for a in function["arguments"]) or "void"
    return f'{function["returns"]} (*)({arguments})'


def statements(description):
    """A C translation unit that compiles if the description is right."""
    yield "#include <stddef.h>\n#include <gradstep/gradstep.h>"
    for each in description["constants"]:
        name, c_type = each["name"], each["type"]
        yield type_assertion(name, c_type)
        yield assertion(f'{name} == ({c_type}){each["value"]}')
    for each in description["types"]:
        yield type_assertion(f'({each["name"]})0', each["type"])
    for name in description["handles"]:
        yield type_assertion(f"({name}*)0", f"struct {name}*")
    for each in description["callbacks"]:
        yield type_assertion(f'({each["name"]})0', pointer_to(each))
    for struct in description["structs"]:
        name = struct["name"]
        yield assertion(f'sizeof({name}) == {struct["size"]}')
        for field in struct["fields"]:
            member = f'(({name}*)0)->{field["name"]}'
            yield type_assertion(member, field["type"])
            yield assertion(f'sizeof({member}) == {field["size"]}')
            yield assertion(f'offsetof({name}, {field["name"]}) == {field["offset"]}')
    for function in description["functions"]:
        yield type_assertion(f'&{function["name"]}', pointer_to(function))


def missing_functions(description):
    described = {function["name"] for function in description["functions"]}
    return sorted(version_script.exported_functions().keys() ^ described)


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    header, committed = root / "include/gradstep/gradstep.h", root / "include/gradstep/gradstep.json"
    made = subprocess.run([sys.executable, root / "cmake/describe_header.py", header], check=True,
                          capture_output=True, text=True).stdout
    if made != committed.read_text():
        sys.exit("gradstep.json is not what cmake/describe_header.py makes of the header: run\n"
                 "python3 cmake/describe_header.py include/gradstep/gradstep.h "
                 "> include/gradstep/gradstep.json")
    description = json.loads(made)
    if missing_functions(description):
        sys.exit(f"described or exported, but not both: {missing_functions(description)}")
    source = "\n".join(statements(description)) + "\n"
    run = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                          f"-I{root / 'include'}", "-xc", "-"], input=source, text=True)
    print(f"{source.count('_Static_assert')} statements about the header")
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
