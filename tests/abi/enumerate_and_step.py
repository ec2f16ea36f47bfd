#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Binds the library from gradstep.h alone: finds every rule, hyper-parameter, slot, scalar and
transform by enumeration, and steps each rule. Usage: enumerate_and_step.py LIBRARY"""

import ctypes as c
import math
import struct
import sys

FLOAT32, FLOAT64, FLOAT16 = 1, 2, 4
NUMBER = {FLOAT32: c.c_float, FLOAT64: c.c_double, FLOAT16: c.c_uint16}
STOCHASTIC_PARAM = 64
START_PARAM = 1
SCOPE_TENSOR, SCOPE_ALL = 0, 1


def stored(dtype, values):
    """An array of the numbers. struct packs them, since ctypes has no float16."""
    if dtype == FLOAT16:
        values = struct.unpack(f"<{len(values)}H", struct.pack(f"<{len(values)}e", *values))
    return (NUMBER[dtype] * len(values))(*values)


def numbers(dtype, array):
    if dtype != FLOAT16:
        return list(array)
    return list(struct.unpack(f"<{len(array)}e", struct.pack(f"<{len(array)}H", *array)))


class Sized(c.Structure):
    """A struct of the C interface: struct_size is set, all else is zero."""

    def __init__(self, **fields):
        super().__init__(struct_size=c.sizeof(type(self)), **fields)


class RuleInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("summary", c.c_char_p),
                ("formula", c.c_char_p), ("source", c.c_char_p),
                ("hyperparameter_count", c.c_size_t), ("slot_count", c.c_size_t),
                ("scalar_count", c.c_size_t), ("transform_count", c.c_size_t)]


class HyperparameterInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("help", c.c_char_p),
                ("default_value", c.c_double), ("minimum", c.c_double), ("maximum", c.c_double),
                ("flags", c.c_uint32), ("kind", c.c_int32)]


class SlotInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("help", c.c_char_p),
                ("initial_hyperparameter", c.c_char_p), ("initial_value", c.c_double),
                ("is_non_negative", c.c_int32), ("extent", c.c_int32), ("start", c.c_int32),
                ("reserved", c.c_int32)]


class ScalarInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("help", c.c_char_p),
                ("initial_hyperparameter", c.c_char_p), ("initial_value", c.c_double),
                ("scope", c.c_int32), ("index", c.c_int32)]


class Array(c.Structure):
    _fields_ = [("data", c.c_void_p), ("extra", c.c_void_p), ("extra2", c.c_void_p),
                ("pitch", c.c_int64), ("dtype", c.c_int32), ("flags", c.c_uint32)]


def array_of(dtype, numbers_in_memory):
    return Array(data=c.addressof(numbers_in_memory), dtype=dtype)


class Tensor(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("flags", c.c_uint64), ("count", c.c_uint64),
                ("rows", c.c_uint64), ("columns", c.c_uint64), ("whole_count", c.c_uint64),
                ("first_index", c.c_uint64), ("key", c.c_uint64), ("param", Array),
                ("grad", Array), ("copy", Array), ("average", Array),
                ("slots", c.POINTER(Array)), ("slot_count", c.c_size_t),
                ("scalars", c.POINTER(c.c_double)), ("scalar_count", c.c_size_t)]


class SlotLayout(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("count", c.c_uint64), ("bytes", c.c_uint64),
                ("extra_bytes", c.c_uint64), ("initial_value", c.c_double), ("dtype", c.c_int32),
                ("extent", c.c_int32), ("start", c.c_int32), ("is_used", c.c_int32)]


class ApplyOptions(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("flags", c.c_uint64), ("step", c.c_uint64),
                ("grad_scale", c.c_double), ("max_norm", c.c_double), ("max_value", c.c_double),
                ("average_decay", c.c_double), ("seed", c.c_uint64),
                ("scalars", c.POINTER(c.c_double)), ("scalar_count", c.c_size_t),
                ("workspace", c.c_void_p), ("workspace_size", c.c_size_t)]


def load(path):
    library = c.CDLL(path)
    for name in ("last_error", "rule_name", "rule_transform_name", "version_text"):
        getattr(library, f"gradstep_{name}").restype = c.c_char_p
    library.gradstep_rule_count.restype = c.c_size_t
    library.gradstep_rule_name.argtypes = [c.c_size_t]
    library.gradstep_context_destroy.argtypes = [c.c_void_p]
    library.gradstep_rule_destroy.argtypes = [c.c_void_p]
    library.gradstep_rule_slot_layout.argtypes = [
        c.c_void_p, c.c_size_t, c.POINTER(Tensor), c.c_int32, c.POINTER(SlotLayout)]
    library.gradstep_rule_set.argtypes = [c.c_void_p, c.c_char_p, c.c_double]
    library.gradstep_rule_get.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(c.c_double)]
    library.gradstep_rule_transform_name.argtypes = [c.c_char_p, c.c_size_t]
    library.gradstep_workspace_size.argtypes = [
        c.c_void_p, c.POINTER(Tensor), c.c_size_t, c.POINTER(c.c_size_t)]
    library.gradstep_transform.argtypes = [
        c.c_void_p, c.c_void_p, c.POINTER(Tensor), c.c_size_t, c.c_char_p]
    for name in ("rule_describe_hyperparameter", "rule_describe_slot", "rule_describe_scalar"):
        getattr(library, f"gradstep_{name}").argtypes = [c.c_char_p, c.c_size_t, c.c_void_p]
    library.gradstep_apply.argtypes = [c.c_void_p, c.c_void_p, c.POINTER(Tensor), c.c_size_t,
                                       c.POINTER(ApplyOptions), c.c_void_p]
    return library


class Binding:
    def __init__(self, path):
        self.library = load(path)

    def call(self, name, *arguments):
        if getattr(self.library, f"gradstep_{name}")(*arguments) != 0:
            raise RuntimeError(f"{name}: {self.library.gradstep_last_error().decode()}")

    def create(self, name, *arguments):
        handle = c.c_void_p()
        self.call(name, *arguments, c.byref(handle))
        return handle

    def rule_names(self):
        count = self.library.gradstep_rule_count()
        return [self.library.gradstep_rule_name(i) for i in range(count)]

    def rule(self, rule_name):
        rule = RuleInfo()
        self.call("rule_describe", rule_name, c.byref(rule))
        return rule

    def describe(self, rule_name):
        rule = self.rule(rule_name)
        hyperparameters = [HyperparameterInfo() for _ in range(rule.hyperparameter_count)]
        for i, info in enumerate(hyperparameters):
            self.call("rule_describe_hyperparameter", rule_name, i, c.byref(info))
        slots = [SlotInfo() for _ in range(rule.slot_count)]
        for i, info in enumerate(slots):
            self.call("rule_describe_slot", rule_name, i, c.byref(info))
        scalars = [ScalarInfo() for _ in range(rule.scalar_count)]
        for i, info in enumerate(scalars):
            self.call("rule_describe_scalar", rule_name, i, c.byref(info))
        return rule, hyperparameters, slots, scalars

    def transforms(self, rule_name, count):
        names = [self.library.gradstep_rule_transform_name(rule_name, i) for i in range(count + 1)]
        assert all(names[:count]) and names[count] is None, f"{rule_name}: transforms {names}"
        return names[:count]

    def make_scalars(self, rule, scalars, scope):
        """The scalars of a scope at their values before the first step."""
        of_scope = sorted((s for s in scalars if s.scope == scope), key=lambda s: s.index)
        assert [s.index for s in of_scope] == list(range(len(of_scope))), "indices of scalars"
        values = (c.c_double * len(of_scope))(*[s.initial_value for s in of_scope])
        for i, info in enumerate(of_scope):
            if info.initial_hyperparameter is None:
                continue
            value = c.c_double()
            self.call("rule_get", rule, info.initial_hyperparameter, c.byref(value))
            values[i] = value.value
        return values

    def make_slots(self, rule, slot_count, tensor, dtype, start):
        """A list with the dtype and the numbers of each used slot, and None for each unused one."""
        slots = []
        for i in range(slot_count):
            layout = SlotLayout()
            self.call("rule_slot_layout", rule, i, c.byref(tensor), dtype, c.byref(layout))
            values = start if layout.start == START_PARAM else [layout.initial_value] * layout.count
            slots.append((layout.dtype, stored(layout.dtype, values)) if layout.is_used else None)
        return slots

    def step(self, context, rule_name, slot_count, scalars, dtype, start, grad):
        """The params after the first step of the rule at its defaults that changes one, all arrays
        of one dtype. Then every transform is made."""
        rule = self.create("rule_create", rule_name)
        try:
            param, gradient = stored(dtype, start), stored(dtype, grad)
            tensor = Tensor(count=len(start), rows=1, columns=len(start),
                            param=array_of(dtype, param), grad=array_of(dtype, gradient))
            shared = self.make_scalars(rule, scalars, SCOPE_ALL)
            own = self.make_scalars(rule, scalars, SCOPE_TENSOR)
            # A rule that finds its rate begins with numbers too small for float16.
            wanted = 0 if shared else dtype
            slots = self.make_slots(rule, slot_count, tensor, wanted, start)
            arrays = (Array * max(slot_count, 1))(*[array_of(*slot) if slot else Array()
                                                    for slot in slots])
            tensor.slots, tensor.slot_count = arrays, slot_count
            tensor.scalars, tensor.scalar_count = own or None, len(own)
            size = c.c_size_t()
            self.call("workspace_size", rule, c.byref(tensor), 1, c.byref(size))
            workspace = c.create_string_buffer(max(size.value, 1))
            options = ApplyOptions(flags=STOCHASTIC_PARAM,  # others are exact
                                   scalars=shared or None, scalar_count=len(shared),
                                   workspace=c.addressof(workspace), workspace_size=size.value)
            before = numbers(dtype, param)
            while numbers(dtype, param) == before and options.step < 1000:
                options.step += 1
                self.call("apply", context, rule, c.byref(tensor), 1, c.byref(options), None)
            params = numbers(dtype, param)
            for name in self.transforms(rule_name, self.rule(rule_name).transform_count):
                self.call("transform", context, rule, c.byref(tensor), 1, name)
            return params
        finally:
            self.library.gradstep_rule_destroy(rule)


def check_description(rule, hyperparameters, slots, scalars):
    names = [info.name for info in hyperparameters]
    assert len(set(names)) == len(names) and all(names), "hyper-parameter names"
    for info in hyperparameters:
        assert info.help and info.minimum <= info.default_value <= info.maximum, info.name
    for info in slots + scalars:
        assert info.name and info.help, "a slot or scalar lacks its texts"
        source = info.initial_hyperparameter
        assert source is None or source in names, f"{info.name} starts as {source}"
    assert rule.summary and rule.formula and rule.source, "the rule lacks its texts"


def check_step(rule_name, hyperparameters, dtype, start, grad, params):
    assert all(math.isfinite(p) for p in params), f"{rule_name}: not finite"
    assert dtype == FLOAT16 or all(a != b for a, b in zip(params, start)), \
        f"{rule_name}: a param did not change"
    assert any(a != b for a, b in zip(params, start)), f"{rule_name}: no param changed"
    if rule_name != b"sgd":
        return
    rate = next(info.default_value for info in hyperparameters if info.name == b"lr")
    bound = {FLOAT32: 2e-7, FLOAT64: 1e-15, FLOAT16: 2**-10}[dtype]
    for got, p, g in zip(params, start, grad):
        assert abs(got - (p - rate * g)) <= bound * abs(p), f"sgd: {got} from {p}, {g}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binding = Binding(sys.argv[1])
    context = binding.create("context_create", None)
    start = [0.5 + i / 64 for i in range(37)]
    grad = [(-1) ** i * (0.25 + i / 32) for i in range(37)]
    names = binding.rule_names()
    assert names, "the library has no rule"
    for name in names:
        rule, hyperparameters, slots, scalars = binding.describe(name)
        check_description(rule, hyperparameters, slots, scalars)
        for dtype in NUMBER:
            params = binding.step(context, name, len(slots), scalars, dtype, start, grad)
            check_step(name, hyperparameters, dtype, start, grad, params)
        print(f"{name.decode()}: {len(hyperparameters)} hyper-parameters, {len(slots)} slots, "
              f"{len(scalars)} scalars, ok")
    binding.library.gradstep_context_destroy(context)
    print(f"gradstep {binding.library.gradstep_version_text().decode()}: {len(names)} rules")


if __name__ == "__main__":
    main()
