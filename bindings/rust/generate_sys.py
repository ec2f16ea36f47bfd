#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes gradstep-sys/src/bindings.rs from include/gradstep/gradstep.json.

    generate_sys.py            writes the file
    generate_sys.py --check    fails if the file is not what it would write

The compiler checks each struct's size and each field's offset against the C compiler's.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DESCRIPTION = HERE.parents[1] / "include/gradstep/gradstep.json"
BINDINGS = HERE / "gradstep-sys/src/bindings.rs"

SCALARS = {
    "void": "c_void",
    "char": "c_char",
    "double": "f64",
    "size_t": "usize",
    "int32_t": "i32",
    "uint32_t": "u32",
    "int64_t": "i64",
    "uint64_t": "u64",
}


def rust_type(c_type, callbacks, in_struct):
    """The Rust type of a C type: "const gradstep_rule* const*" is *const *const gradstep_rule."""
    if c_type in callbacks:
        return f"Option<{c_type}>" if in_struct else c_type
    words = c_type.replace("*", " * ").split()
    is_const = words[0] == "const"
    words = words[is_const:]
    result = SCALARS.get(words[0], words[0])
    for word in words[1:]:
        if word == "*":
            result = f"*{'const' if is_const else 'mut'} {result}"
            is_const = False
        else:
            is_const = True
    return result


def arguments_of(function, callbacks):
    names = {"type": "type_"}
    return ", ".join(
        f"{names.get(a['name'], a['name'])}: {rust_type(a['type'], callbacks, False)}"
        for a in function["arguments"]
    )


def returned(function, callbacks):
    kind = function["returns"]
    return "" if kind == "void" else f" -> {rust_type(kind, callbacks, False)}"


def constant(of):
    value = "usize::MAX" if of["value"] == -1 else of["value"]  # SIZE_MAX
    return f"pub const {of['name']}: {rust_type(of['type'], (), False)} = {value};"


def struct(of, callbacks):
    name = of["name"]
    lines = ["#[repr(C)]", "#[derive(Clone, Copy, Debug)]", f"pub struct {name} {{"]
    lines += [f"    pub {f['name']}: {rust_type(f['type'], callbacks, True)}," for f in of["fields"]]
    lines += ["}", "const _: () = {", f"    assert!(size_of::<{name}>() == {of['size']});"]
    lines += [
        f"    assert!(offset_of!({name}, {f['name']}) == {f['offset']});" for f in of["fields"]
    ]
    lines += ["};", f"impl Default for {name} {{"]
    lines += ["    /// All of it is 0, except struct_size.", "    fn default() -> Self {"]
    lines += ["        // SAFETY: integers, floats, pointers and optional functions may be 0."]
    if of["fields"][0]["name"] == "struct_size":
        lines += ["        let mut all: Self = unsafe { zeroed() };"]
        lines += ["        all.struct_size = size_of::<Self>();", "        all"]
    else:
        lines += ["        unsafe { zeroed() }"]
    return lines + ["    }", "}"]


def bindings(description):
    callbacks = {c["name"] for c in description["callbacks"]}
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "//",
        "// Made by bindings/rust/generate_sys.py from include/gradstep/gradstep.json.",
        "use core::ffi::{c_char, c_void};",
        "use core::mem::{offset_of, size_of, zeroed};",
        "",
    ]
    lines += [constant(c) for c in description["constants"]]
    lines += [f"pub type {t['name']} = {SCALARS[t['type']]};" for t in description["types"]]
    for name in description["handles"]:
        lines += ["#[repr(C)]", f"pub struct {name} {{", "    _private: [u8; 0],", "}"]
    for c in description["callbacks"]:
        signature = f"({arguments_of(c, callbacks)}){returned(c, callbacks)}"
        lines.append(f"pub type {c['name']} = unsafe extern \"C\" fn{signature};")
    for of in description["structs"]:
        lines += struct(of, callbacks)
    lines.append('unsafe extern "C" {')
    for f in description["functions"]:
        lines.append(
            f"    pub fn {f['name']}({arguments_of(f, callbacks)}){returned(f, callbacks)};"
        )
    lines.append("}")
    return "\n".join(lines) + "\n"


def formatted(text):
    command = ["rustfmt", "--edition", "2024", "--emit", "stdout"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main():
    text = formatted(bindings(json.loads(DESCRIPTION.read_text())))
    if sys.argv[1:] == ["--check"]:
        if BINDINGS.read_text() != text:
            sys.exit(f"{BINDINGS} is out of date; run {pathlib.Path(__file__).name}")
    else:
        BINDINGS.write_text(text)


if __name__ == "__main__":
    main()
