#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Describes gradstep.h for generators of bindings: prints gradstep.json.

Usage: describe_header.py HEADER

    python3 cmake/describe_header.py include/gradstep/gradstep.h > include/gradstep/gradstep.json

Every declaration of the header is described, or the script fails. Sizes and offsets are those of
64-bit systems. docs/c-api.md describes the format.
"""
import json
import pathlib
import re
import sys

FORMAT = 1
POINTER_SIZE = 8
SCALAR_SIZES = {"int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8, "size_t": 8, "double": 8,
                "gradstep_status": 4}

TYPE = r"(?:const )?\w+(?:(?: const)?\*)*"
DECLARATION = rf"({TYPE})\s+(\w+)"


def fail(sentence):
    sys.exit(f"describe_header.py: {sentence}")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def declarations_of(text):
    """The declarations for users: without comments, preprocessor lines and the C++ bracket."""
    text = re.sub(r"^#.*(?:\\\n.*)*$", "", without_comments(text), flags=re.MULTILINE)
    text = text.replace('extern "C" {', "")
    return re.sub(r"\s+", " ", text)


def argument_list(text):
    if text.strip() == "void":
        return []
    arguments = []
    for argument in text.split(","):
        match = re.fullmatch(DECLARATION, argument.strip())
        if match is None:
            fail(f"cannot read the argument {argument.strip()!r}")
        arguments.append({"name": match[2], "type": match[1]})
    return arguments


def constant(name, value):
    """A constant with its type in C, or None for a macro that is no constant."""
    forms = {r"(\d+)": "int32_t", r"(\d+)u": "uint32_t", r"UINT64_C\((\d+)\)": "uint64_t"}
    for form, c_type in forms.items():
        match = re.fullmatch(form, value)
        if match is not None:
            return {"name": name, "type": c_type, "value": int(match[1])}
    if value == "SIZE_MAX":
        return {"name": name, "type": "size_t", "value": -1}
    return None


def constants_of(text):
    """All macros but the include guard and GRADSTEP_API have to be constants."""
    found = []
    for name, value in re.findall(r"^#define (GRADSTEP_\w+)(?:[ \t\\\n]+(\S.*))?$",
                                  without_comments(text), flags=re.MULTILINE):
        if name in ("GRADSTEP_GRADSTEP_H", "GRADSTEP_API"):
            continue
        described = constant(name, value.strip())
        if described is None:
            fail(f"{name} = {value!r} is no constant of a known form")
        found.append(described)
    return found


def struct_fields(name, body, sizes):
    fields, offset = [], 0
    for field in body.split(";"):
        if not field.strip():
            continue
        match = re.fullmatch(DECLARATION, field.strip())
        if match is None:
            fail(f"cannot read the field {field.strip()!r} of {name}")
        c_type, field_name = match.groups()
        size = POINTER_SIZE if c_type.endswith("*") else sizes.get(c_type)
        if size is None:
            fail(f"the size of {c_type} is not known, in {name}")
        if offset % min(size, 8) != 0:
            fail(f"{name} has padding before {field_name}")
        fields.append({"name": field_name, "type": c_type, "offset": offset, "size": size})
        offset += size
    return fields, offset


def describe(text):
    rest = declarations_of(text)
    result = {"format": FORMAT, "version": None, "constants": constants_of(text), "types": [],
              "handles": [], "callbacks": [], "structs": [], "functions": []}
    sizes = dict(SCALAR_SIZES)

    def take(pattern, use):
        nonlocal rest
        rest = re.sub(pattern, lambda match: use(*match.groups()) or "", rest)

    def take_callback(returns, name, arguments):
        sizes[name] = POINTER_SIZE
        result["callbacks"].append({"name": name, "returns": returns,
                                    "arguments": argument_list(arguments)})

    def take_struct(name, body):
        fields, size = struct_fields(name, body, sizes)
        sizes[name] = size
        result["structs"].append({"name": name, "size": size, "fields": fields})

    take(r"typedef (int32_t) (gradstep_status);",
         lambda c_type, name: result["types"].append({"name": name, "type": c_type}))
    take(r"typedef struct (\w+) \1;", result["handles"].append)
    take(rf"typedef ({TYPE}) \(\*(\w+)\)\(([^)]*)\);", take_callback)
    take(r"typedef struct (\w+) \{([^}]*)\} \1;", take_struct)
    take(rf"GRADSTEP_API ({TYPE})\s+(\w+)\(([^)]*)\);",
         lambda returns, name, arguments: result["functions"].append(
             {"name": name, "returns": returns, "arguments": argument_list(arguments)}))
    if rest.replace("}", "").strip():
        fail(f"nothing describes: {rest.strip()}")
    parts = {c["name"]: c["value"] for c in result["constants"]}
    result["version"] = ".".join(
        str(parts[f"GRADSTEP_VERSION_{part}"]) for part in ("MAJOR", "MINOR", "PATCH"))
    return result


def to_text(description):
    """One line for each constant, field, argument list and so on, so that changes are easy to see."""
    def compact(value):
        return json.dumps(value)

    lines = []
    for key, value in description.items():
        if not isinstance(value, list):
            lines.append(f'  "{key}": {compact(value)}')
            continue
        entries = []
        for entry in value:
            if isinstance(entry, dict) and "fields" in entry:
                fields = ",\n".join("      " + compact(f) for f in entry["fields"])
                entries.append(f'    {{"name": "{entry["name"]}", "size": {entry["size"]}, '
                               f'"fields": [\n{fields}]}}')
            else:
                entries.append("    " + compact(entry))
        lines.append(f'  "{key}": [\n' + ",\n".join(entries) + "]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(to_text(describe(pathlib.Path(sys.argv[1]).read_text())))


if __name__ == "__main__":
    main()
