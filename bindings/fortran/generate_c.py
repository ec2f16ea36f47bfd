#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/gradstep_c.f90 and test/layouts.f90 from include/gradstep/gradstep.json.

    generate_c.py            writes the files
    generate_c.py --check    fails if a file is not what it would write

The program test/layouts.f90 compares each struct's size and each field's offset with the C
compiler's.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DESCRIPTION = HERE.parents[1] / "include/gradstep/gradstep.json"

INTEGERS = {
    "size_t": "c_size_t",
    "int32_t": "c_int32_t",
    "uint32_t": "c_int32_t",
    "int64_t": "c_int64_t",
    "uint64_t": "c_int64_t",
    "gradstep_status": "c_int32_t",
}

HEAD = """! SPDX-License-Identifier: Apache-2.0
!
! Made by bindings/fortran/generate_c.py from include/gradstep/gradstep.json.
"""

MODULE = """!> The C interface: constants, structs and functions, with the names that they have in C.
!> gradstep.h describes them. Unsigned integers have the signed kind of the same size. Every pointer
!> is a c_ptr by value, with two exceptions: a text is an array of characters that ends with
!> c_null_char, or is absent for NULL; and what creates an object has its handle as an argument.
module gradstep_c
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_funptr, c_int32_t, c_int64_t, &
    & c_null_funptr, c_null_ptr, c_ptr, c_size_t
  implicit none
  public
"""


def scalar(c_type):
    return "real(c_double)" if c_type == "double" else f"integer({INTEGERS[c_type]})"


def constant(of):
    kind = INTEGERS[of["type"]]
    return f"  integer({kind}), parameter :: {of['name']} = {of['value']}_{kind}"


def field(of, structs, callbacks):
    kind, name = of["type"], of["name"]
    if kind in callbacks:
        return f"    type(c_funptr) :: {name} = c_null_funptr"
    if "*" in kind:
        return f"    type(c_ptr) :: {name} = c_null_ptr"
    if kind in structs:
        return f"    type({kind}) :: {name}"
    zero = "0.0_c_double" if kind == "double" else "0"
    return f"    {scalar(kind)} :: {name} = {zero}"


def struct(of, structs, callbacks):
    lines = ["", f"  type, bind(c) :: {of['name']}"]
    for each in of["fields"]:
        line = field(each, structs, callbacks)
        if each["name"] == "struct_size":
            line = line.replace("= 0", f"= {of['size']}")
        lines.append(line)
    return lines + [f"  end type {of['name']}"]


def argument(of, handles):
    kind, name = of["type"], of["name"]
    if kind == "const char*":
        return f"character(kind=c_char), intent(in), optional :: {name}(*)"
    if kind.removesuffix("**") in handles:
        return f"type(c_ptr), intent(inout) :: {name}"
    if "*" in kind:
        return f"type(c_ptr), value :: {name}"
    return f"{scalar(kind)}, value :: {name}"


def joined(head, names, tail):
    """Broken into lines of at most 100 characters."""
    lines, line = [], head + "("
    for i, name in enumerate(names):
        word = name + (", " if i + 1 < len(names) else "")
        if len(line) + len(word) > 95:
            lines.append(line.rstrip() + " &")
            line = "      & "
        line += word
    return lines + [line + ")" + tail]


def function(of, handles):
    name = of["name"]
    names = [a["name"] for a in of["arguments"]]
    declared = [f"      {argument(a, handles)}" for a in of["arguments"]]
    kind = of["returns"]
    what = "subroutine" if kind == "void" else "function"
    tail = f' bind(c, name="{name}")' + ("" if kind == "void" else " result(returned)")
    if kind != "void":
        declared.append("      " + ("type(c_ptr)" if "*" in kind else scalar(kind)) + " :: returned")
    used = sorted({w for line in declared for w in ("c_char", "c_double", "c_int32_t", "c_int64_t", "c_ptr", "c_size_t")
                   if w in line})
    lines = joined(f"    {what} {name}", names, " &")
    return lines + [f"      &{tail}", f"      import :: {', '.join(used)}", *declared,
                    f"    end {what} {name}"]


def module(description):
    structs = {s["name"] for s in description["structs"]}
    callbacks = {c["name"] for c in description["callbacks"]}
    lines = [HEAD + MODULE]
    lines += [constant(c) for c in description["constants"]]
    for of in description["structs"]:
        lines += struct(of, structs, callbacks)
    lines += ["", "  interface"]
    for of in description["functions"]:
        lines += function(of, set(description["handles"]))
    lines += ["  end interface", "end module gradstep_c"]
    return "\n".join(lines) + "\n"


def layouts(description):
    lines = [
        HEAD + "program layouts",
        "  use, intrinsic :: iso_c_binding, only: c_funptr, c_intptr_t, c_loc, c_ptr, c_sizeof",
        "  use gradstep_c",
        "  implicit none",
        "  integer :: errors = 0",
    ]
    for s in description["structs"]:
        lines.append(f"  type({s['name']}), target :: {s['name'].removeprefix('gradstep_')}_")
    for s in description["structs"]:
        variable = s["name"].removeprefix("gradstep_") + "_"
        lines.append(f'  call expect("{s["name"]}", int(c_sizeof({variable})), {s["size"]})')
        for f in s["fields"]:
            lines += [
                f'  call expect("{s["name"]}.{f["name"]}", &',
                f"    & offset(c_loc({variable}%{f['name']}), c_loc({variable})), {f['offset']})",
            ]
    lines += [
        '  if (errors > 0) error stop "a struct is not laid out as in C"',
        '  print "(a)", "every struct is laid out as in C"',
        "contains",
        "  integer function offset(field, start)",
        "    type(c_ptr), intent(in) :: field, start",
        "    offset = int(transfer(field, 0_c_intptr_t) - transfer(start, 0_c_intptr_t))",
        "  end function offset",
        "",
        "  subroutine expect(name, got, wanted)",
        "    character(len=*), intent(in) :: name",
        "    integer, intent(in) :: got, wanted",
        "    if (got == wanted) return",
        "    errors = errors + 1",
        '    print "(a, 2(a, i0))", name, ": ", got, ", and in C ", wanted',
        "  end subroutine expect",
        "end program layouts",
    ]
    return "\n".join(lines) + "\n"


def main():
    description = json.loads(DESCRIPTION.read_text())
    for path, text in (("src/gradstep_c.f90", module(description)), ("test/layouts.f90", layouts(description))):
        target = HERE / path
        if sys.argv[1:] != ["--check"]:
            target.write_text(text)
        elif target.read_text() != text:
            sys.exit(f"{target} is out of date; run {pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
