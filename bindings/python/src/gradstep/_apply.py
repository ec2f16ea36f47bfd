# SPDX-License-Identifier: Apache-2.0
"""Stateless steps: the caller owns every array and counts the steps."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._arrays import Array, NdArray
from ._calls import Call, Copies, Scalars, Tensor, context_of, is_list, refuse_shared
from ._context import Context
from ._errors import InvalidArgument
from ._handles import name_bytes, whole_number
from ._interrupts import InterruptsHeld
from ._library import CONSTANTS, call, described, struct
from ._options import fill_options
from ._quantized import BlockQuantized
from ._results import NormResult, StepResult, step_result
from ._rule import Rule, rule_of
from ._tensors import TensorArrays, new_slots


def apply(
    rule: Rule | str,
    params: Any,
    grads: Any,
    slots: Any = None,
    *,
    step: int,
    scalars: Any = None,
    shared_scalars: Any = None,
    copies: Any = None,
    averages: Any = None,
    deltas: Any = None,
    lower_halves: Any = None,
    grad_scale: float | None = None,
    max_norm: float | None = None,
    max_value: float | None = None,
    average_decay: float | None = None,
    average_equal: bool = False,
    average_count: int | None = None,
    check_finite: bool = False,
    zero_grad: bool = False,
    stochastic_params: bool = False,
    nearest_slots: bool = False,
    fresh_slots: bool = False,
    seed: int = 0,
    keys: Any = 0,
    first_index: Any = 0,
    whole_count: Any = 0,
    grad_norm: float | None = None,
    non_finite_count: int = 0,
    part: int | None = None,
    part_count: int = 1,
    context: Context | None = None,
    **values: Any,
) -> StepResult:
    """Applies one step of a rule, in place, to one tensor or to several.

    ::

        slots = gradstep.make_slots("adamw", w)
        gradstep.apply("adamw", w, grad, slots, step=1, lr=1e-3)

    rule, values
        A `Rule` or a rule's name, and hyper-parameters that replace those of the rule.
    params, grads
        An array each, or a list or dict of arrays. Of float32, float64, bfloat16 or float16 in any
        combination; a grad has the shape of its param. The last two dimensions are rows and
        columns, for rules that treat matrices as such.
    slots
        A dict from slot names to arrays (see `make_slots`); for several params a list or dict of
        such dicts. Steps read and write them.
    step
        t in the formulas, counted from 1.
    scalars, shared_scalars
        Dicts of the rule's scalars (see `make_scalars`, `make_shared_scalars`), updated in place.
    copies, averages, deltas
        Arrays of the params' shapes. A copy gets the new param in its own dtype. An average, of the
        dtype of the arithmetic, is updated with average_decay or average_equal. With a delta the
        step writes the change of the param there and leaves the param as it is.
    lower_halves
        uint16 arrays: the lower halves of exact float32 params whose upper halves are bfloat16.
    grad_scale
        Multiplies each gradient: 1 / loss scale.
    max_norm, max_value
        Clip the gradients by their global norm over all tensors, and each element.
    average_decay, average_equal, average_count
        How averages are updated, and how many params they hold already (step - 1 if not given).
    check_finite
        Skips the step if a gradient is not finite: the result then has is_skipped.
    zero_grad
        Zeroes the gradients in the same pass.
    stochastic_params, nearest_slots, seed, keys
        Rounding of 16-bit params and narrow slots; keys tell tensors apart.
    fresh_slots
        At least one slot has never been used, though step is above 1.
    first_index, whole_count
        For a piece of a tensor that is split.
    grad_norm, non_finite_count
        The norm of all scaled gradients, if it is known already.
    part, part_count
        Makes part 0, 1 ... of part_count of the step, on the calling thread. Threads of a pool may
        make one each at the same time; together the parts have the bits of one call. Not for rules
        that sum over tensors or have scalars.
    context
        Threads and instruction set. None: the process's.

    A strided array is updated by way of a contiguous copy. Nothing is changed if the call raises:
    `InvalidArgument` for wrong shapes, dtypes in a wrong combination, read-only or overlapping
    arrays; `TypeError` for what is no array of floats; `OutOfRange`; `UnknownName`.

    The formulas and their sources: ``gradstep.rules()["adamw"]``."""
    made = Call(rule_of(rule, values), params)
    entries: list[list[Any]] = [
        made.spread(value, label)
        for value, label in (
            (params, "params"),
            (grads, "grads"),
            (slots, "slots"),
            (scalars, "scalars"),
            (copies, "copies"),
            (averages, "averages"),
            (deltas, "deltas"),
            (lower_halves, "lower_halves"),
        )
    ]
    places = [
        made.spread(value, label) if is_list(value) else [value] * len(made.names)
        for value, label in (
            (keys, "keys"),
            (first_index, "first_index"),
            (whole_count, "whole_count"),
        )
    ]
    for index, name in enumerate(made.names):
        param, grad, own, numbers, copy, average, delta, lower = (e[index] for e in entries)
        if grad is None:
            raise InvalidArgument(f"{name} has no grad")
        arrays = TensorArrays(
            made.copies.take,
            str(name),
            param,
            grad,
            copy=copy,
            average=average,
            delta=delta,
            lower_halves=lower,
            grad_is_written=bool(zero_grad),
        )
        arrays.set_place(*(place[index] for place in places))
        made.add(index, arrays, own, numbers, bool(zero_grad))
    refuse_shared(made.arrays)
    if shared_scalars is None and not any(s.scope == "all" for s in made.rule.info.scalars):
        shared_scalars = {}
    shared = Scalars(made.rule, "all", shared_scalars, "the shared scalars")
    made.scalars.append(shared)
    options = struct("apply_options", step=whole_number(step, "step"))
    fill_options(
        options,
        {
            "grad_scale": grad_scale,
            "max_norm": max_norm,
            "max_value": max_value,
            "average_decay": average_decay,
            "average_equal": average_equal,
            "check_finite": check_finite,
            "zero_grad": zero_grad,
            "stochastic_params": stochastic_params,
            "nearest_slots": nearest_slots,
            "fresh_slots": fresh_slots,
            "grad_norm": grad_norm,
            "seed": seed,
        },
    )
    shared.fill(options)
    options.non_finite_count = whole_number(non_finite_count, "non_finite_count")
    if average_count is not None:
        options.flags |= CONSTANTS["APPLY_AVERAGE_COUNT"]
        options.average_count = whole_number(average_count, "average_count")
    place: tuple[int, ...] = ()
    if part is not None:
        place = whole_number(part, "part"), whole_number(part_count, "part_count")
        if made.copies.are_written:
            raise InvalidArgument(
                "a part of a step needs contiguous arrays: parts of a copy collide"
            )
    elif part_count != 1:
        raise InvalidArgument(f"part_count is {part_count!r}, but no part is given")
    return _run(made, options, context_of(context), place)


def _run(made: Call, options: Any, context: Context, part: tuple[int, ...]) -> StepResult:
    result = struct("apply_result")
    with InterruptsHeld():
        call(
            "apply_part" if part else "apply",
            context.handle,
            made.rule.handle,
            ctypes.addressof(made.tensors),
            len(made.names),
            ctypes.addressof(options),
            *part,
            ctypes.addressof(result),
        )
        made.finish()
    return step_result(result)


def transform(
    rule: Rule | str,
    params: Any,
    name: str,
    slots: Any = None,
    *,
    scalars: Any = None,
    copies: Any = None,
    context: Context | None = None,
    **values: Any,
) -> None:
    """Changes params, in place, in a way that the rule defines: the params of schedule_free_adamw
    into the averaged ones ("evaluate") and back ("train"). The arguments are those of `apply`.

    Raises `UnknownName` for the transform, `WrongOrder` for params in another state."""
    made = Call(rule_of(rule, values), params)
    lists = [
        made.spread(value, label)
        for value, label in (
            (params, "params"),
            (slots, "slots"),
            (scalars, "scalars"),
            (copies, "copies"),
        )
    ]
    for index, label in enumerate(made.names):
        param, own, numbers, copy = (entries[index] for entries in lists)
        arrays = TensorArrays(made.copies.take, str(label), param, copy=copy)
        made.add(index, arrays, own, numbers, False)
    refuse_shared(made.arrays)
    with InterruptsHeld():
        call(
            "transform",
            context_of(context).handle,
            made.rule.handle,
            ctypes.addressof(made.tensors),
            len(made.names),
            name_bytes(name, "the transform's name"),
        )
        made.finish()


def make_slots(
    rule: Rule | str, param: Any, dtype: Any = None, **values: Any
) -> dict[str, NdArray | BlockQuantized]:
    """The slots that a rule uses for a param, at their initial values, by name.

    dtype is the wanted one: None (that of the arithmetic: float64 for a float64 param, else
    float32), "float32", "float64", "bfloat16", "float16" or "8bit". "8bit" gives `BlockQuantized`
    for params of at least 4096 elements."""
    arrays = TensorArrays(Copies().take, "param", param, delta=None)
    return new_slots(rule_of(rule, values), arrays, dtype)


def _initial(rule: Rule, scope: str) -> dict[str, float]:
    return {
        info.name: (
            float(rule[info.initial_hyperparameter])
            if info.initial_hyperparameter
            else info.initial_value
        )
        for info in rule.info.scalars
        if info.scope == scope
    }


def make_scalars(rule: Rule | str, **values: Any) -> dict[str, float]:
    """The scalars that a rule keeps for each tensor, at their initial values, by name."""
    return _initial(rule_of(rule, values), "tensor")


def make_shared_scalars(rule: Rule | str, **values: Any) -> dict[str, float]:
    """The scalars that a rule keeps for all tensors, at their initial values, by name."""
    return _initial(rule_of(rule, values), "all")


def gradient_norm(grads: Any, *, context: Context | None = None) -> NormResult:
    """The global norm of gradients: the square root of the sum of squares over one array, or over a
    list or dict of arrays. The squares are summed in double and in a fixed order."""
    if isinstance(grads, Mapping):
        found: Sequence[Any] = list(grads.values())
    else:
        found = grads if is_list(grads) else [grads]
    tensors = (Tensor * max(len(found), 1))()
    take: Callable[[Any, str, bool], Array] = Copies().take
    keep = []
    for index, grad in enumerate(found):
        arrays = TensorArrays(lambda v, n, w: take(v, n, False), f"grads[{index}]", grad)
        arrays.fill(tensors[index])
        arrays.param.fill(tensors[index].grad)
        keep.append(arrays)
    handle = context_of(context).handle
    made = described_norm(handle, tensors, len(found))
    return NormResult(made.norm, made.non_finite_count)


def described_norm(handle: int, tensors: Any, count: int) -> Any:
    """The gradstep_norm_result."""
    return described("gradient_norm", "norm_result", handle, ctypes.addressof(tensors), count)
