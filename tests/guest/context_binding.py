# SPDX-License-Identifier: Apache-2.0
"""A context with several threads, and a step on them, for tests in Python."""

import ctypes as c
import sys

from enumerate_and_step import FLOAT32, ApplyOptions, Array, Sized, Tensor, array_of

PIECES = 64
SPLITS = 8 | 16  # the flags that make even a small step run as pieces of 64 elements


class ContextOptions(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("flags", c.c_uint64), ("thread_count", c.c_size_t),
                ("isa", c.c_char_p), ("parallel_for", c.c_void_p), ("pool", c.c_void_p),
                ("serial_below", c.c_size_t), ("piece_size", c.c_size_t)]


class ContextInfo(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("isa", c.c_char_p), ("thread_count", c.c_size_t),
                ("serial_below", c.c_size_t), ("piece_size", c.c_size_t), ("threading", c.c_char_p)]


class ApplyResult(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("piece_count", c.c_uint64),
                ("non_finite_count", c.c_uint64), ("grad_norm", c.c_double),
                ("clip_factor", c.c_double), ("is_skipped", c.c_int32), ("is_stopped", c.c_int32),
                ("left_out_count", c.c_size_t), ("first_left_out", c.c_size_t)]


def make_context(binding, thread_count=4, flags=0):
    options = ContextOptions(flags=SPLITS | flags, thread_count=thread_count, piece_size=64)
    return binding.create("context_create", c.byref(options))


def describe(binding, context):
    info = ContextInfo()
    binding.call("context_describe", context, c.byref(info))
    return info


def threads_of(binding, context):
    return describe(binding, context).thread_count


def skip_without_threads(binding):
    """Ends the test as skipped if the library is built without oneTBB."""
    context = make_context(binding, thread_count=1)
    threading = describe(binding, context).threading
    binding.library.gradstep_context_destroy(context)
    if threading == b"calling thread":
        print("SKIPPED: the library has no threads of its own")
        sys.exit(77)


def step(binding, context, step_number=1, param=None):
    """Applies sgd to PIECES pieces; gives the params."""
    array = c.c_float * (64 * PIECES)
    param = array() if param is None else param
    grad = array(*(i % 7 - 3 for i in range(64 * PIECES)))
    rule = binding.create("rule_create", b"sgd")
    tensor = Tensor(count=len(param), param=array_of(FLOAT32, param), grad=array_of(FLOAT32, grad),
                    slots=(Array * 1)(), slot_count=1)
    result = ApplyResult()
    binding.call("apply", context, rule, c.byref(tensor), 1, c.byref(ApplyOptions(step=step_number)),
                 c.byref(result))
    assert result.piece_count == PIECES, "the step was not cut in pieces"
    binding.library.gradstep_rule_destroy(rule)
    return param
