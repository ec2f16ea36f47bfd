#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A binding that is made from gradstep.json: ctypes structs and signatures, and one step.

Usage: from_description.py DESCRIPTION LIBRARY"""
import ctypes as c
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    description = json.load(file)
library = c.CDLL(sys.argv[2])
types = {"int32_t": c.c_int32, "uint32_t": c.c_uint32, "int64_t": c.c_int64, "uint64_t": c.c_uint64,
         "size_t": c.c_size_t, "double": c.c_double, "gradstep_status": c.c_int32, "void": None}
types.update((callback["name"], c.c_void_p) for callback in description["callbacks"])


def type_of(name):
    return {"const char*": c.c_char_p}.get(name, c.c_void_p) if name.endswith("*") else types[name]


for struct in description["structs"]:
    fields = [(field["name"], type_of(field["type"])) for field in struct["fields"]]
    types[struct["name"]] = type(struct["name"], (c.Structure,), {"_fields_": fields})
    assert c.sizeof(types[struct["name"]]) == struct["size"]
for function in description["functions"]:
    made = getattr(library, function["name"])
    made.restype = type_of(function["returns"])
    made.argtypes = [type_of(argument["type"]) for argument in function["arguments"]]
constants = {constant["name"]: constant["value"] for constant in description["constants"]}


def call(name, *arguments):
    if getattr(library, name)(*arguments) != constants["GRADSTEP_OK"]:
        raise RuntimeError(library.gradstep_last_error().decode())


context, rule = c.c_void_p(), c.c_void_p()
call("gradstep_context_create", None, c.byref(context))
call("gradstep_rule_create", b"sgd", c.byref(rule))
call("gradstep_rule_set", rule, b"lr", 0.5)
param, grad = (c.c_float * 3)(1, 2, 3), (c.c_float * 3)(2, 2, 2)
array = types["gradstep_array"]
FLOAT32 = constants["GRADSTEP_FLOAT32"]
slot = array()  # sgd's momentum, which is off
tensor = types["gradstep_tensor"](count=3, slots=c.addressof(slot), slot_count=1,
                                  param=array(data=c.addressof(param), dtype=FLOAT32),
                                  grad=array(data=c.addressof(grad), dtype=FLOAT32))
tensor.struct_size = c.sizeof(tensor)
options = types["gradstep_apply_options"](step=1)
options.struct_size = c.sizeof(options)
call("gradstep_apply", context, rule, c.addressof(tensor), 1, c.addressof(options), None)
print(f"{len(description['functions'])} functions, {len(description['structs'])} structs; "
      f"after one step: {list(param)}")
library.gradstep_rule_destroy(rule)
library.gradstep_context_destroy(context)
