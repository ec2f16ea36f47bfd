#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Binds the library from gradstep.h alone: finds every rule, hyper-parameter and slot by
enumeration, and steps each rule. Usage: enumerate_and_step.py LIBRARY"""

import ctypes as c
import math
import struct
import sys

FLOAT32, FLOAT64, FLOAT16 = 1, 2, 4
NUMBER = {FLOAT32: c.c_float, FLOAT64: c.c_double, FLOAT16: c.c_uint16}
STOCHASTIC_PARAM = 64


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
                ("hyperparameter_count", c.c_size_t), ("slot_count", c.c_size_t)]


class HyperparameterInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("help", c.c_char_p),
                ("default_value", c.c_double), ("minimum", c.c_double), ("maximum", c.c_double),
                ("flags", c.c_uint32), ("kind", c.c_int32)]


class SlotInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("help", c.c_char_p),
                ("initial_hyperparameter", c.c_char_p), ("initial_value", c.c_double),
                ("is_non_negative", c.c_int32), ("reserved", c.c_int32)]


class Tensor(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("count", c.c_size_t), ("param", c.c_void_p),
                ("grad", c.c_void_p), ("slots", c.POINTER(c.c_void_p)),
                ("slot_count", c.c_size_t), ("param_dtype", c.c_int32), ("grad_dtype", c.c_int32),
                ("slot_dtypes", c.POINTER(c.c_int32)), ("slot_scales", c.POINTER(c.c_void_p)),
                ("param_low", c.c_void_p), ("param_copy", c.c_void_p), ("average", c.c_void_p),
                ("first_index", c.c_uint64), ("key", c.c_uint64), ("copy_dtype", c.c_int32),
                ("reserved", c.c_int32)]


class ApplyOptions(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("flags", c.c_uint64), ("step", c.c_uint64),
                ("grad_scale", c.c_double), ("max_norm", c.c_double), ("max_value", c.c_double),
                ("average_decay", c.c_double), ("seed", c.c_uint64)]


def load(path):
    library = c.CDLL(path)
    for name in ("last_error", "rule_name", "version_text"):
        getattr(library, f"gradstep_{name}").restype = c.c_char_p
    library.gradstep_rule_count.restype = c.c_size_t
    library.gradstep_rule_name.argtypes = [c.c_size_t]
    library.gradstep_context_destroy.argtypes = [c.c_void_p]
    library.gradstep_rule_destroy.argtypes = [c.c_void_p]
    library.gradstep_rule_slot_state.argtypes = [
        c.c_void_p, c.c_size_t, c.POINTER(c.c_int32), c.POINTER(c.c_double)]
    library.gradstep_rule_set.argtypes = [c.c_void_p, c.c_char_p, c.c_double]
    library.gradstep_rule_get.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(c.c_double)]
    for name in ("hyperparameter_describe", "slot_describe"):
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

    def describe(self, rule_name):
        rule = RuleInfo()
        self.call("rule_describe", rule_name, c.byref(rule))
        hyperparameters = [HyperparameterInfo() for _ in range(rule.hyperparameter_count)]
        for i, info in enumerate(hyperparameters):
            self.call("hyperparameter_describe", rule_name, i, c.byref(info))
        slots = [SlotInfo() for _ in range(rule.slot_count)]
        for i, info in enumerate(slots):
            self.call("slot_describe", rule_name, i, c.byref(info))
        return rule, hyperparameters, slots

    def make_slots(self, rule, slot_count, dtype, count):
        """A list with an array per used slot, and None per unused one."""
        slots = []
        for i in range(slot_count):
            is_used, initial = c.c_int32(), c.c_double()
            self.call("rule_slot_state", rule, i, c.byref(is_used), c.byref(initial))
            slots.append(stored(dtype, [initial.value] * count) if is_used.value else None)
        return slots

    def step(self, context, rule_name, slot_count, dtype, start, grad):
        """The params after one step of the rule at its defaults, all arrays of one dtype."""
        rule = self.create("rule_create", rule_name)
        try:
            param, gradient = stored(dtype, start), stored(dtype, grad)
            slots = self.make_slots(rule, slot_count, dtype, len(start))
            pointers = (c.c_void_p * max(slot_count, 1))(*[s and c.addressof(s) for s in slots])
            dtypes = (c.c_int32 * max(slot_count, 1))(*[dtype] * slot_count)
            tensor = Tensor(count=len(start), param=c.addressof(param), grad=c.addressof(gradient),
                            slots=pointers, slot_count=slot_count, slot_dtypes=dtypes,
                            param_dtype=dtype, grad_dtype=dtype)
            options = ApplyOptions(step=1, flags=STOCHASTIC_PARAM)  # others are exact
            self.call("apply", context, rule, c.byref(tensor), 1, c.byref(options), None)
            return numbers(dtype, param)
        finally:
            self.library.gradstep_rule_destroy(rule)


def check_description(rule, hyperparameters, slots):
    names = [info.name for info in hyperparameters]
    assert len(set(names)) == len(names) and all(names), "hyper-parameter names"
    for info in hyperparameters:
        assert info.help and info.minimum <= info.default_value <= info.maximum, info.name
    for info in slots:
        assert info.name and info.help, "a slot lacks its texts"
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
        rule, hyperparameters, slots = binding.describe(name)
        check_description(rule, hyperparameters, slots)
        for dtype in NUMBER:
            params = binding.step(context, name, len(slots), dtype, start, grad)
            check_step(name, hyperparameters, dtype, start, grad, params)
        print(f"{name.decode()}: {len(hyperparameters)} hyper-parameters, {len(slots)} slots, ok")
    binding.library.gradstep_context_destroy(context)
    print(f"gradstep {binding.library.gradstep_version_text().decode()}: {len(names)} rules")


if __name__ == "__main__":
    main()
