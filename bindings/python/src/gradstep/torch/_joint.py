# SPDX-License-Identifier: Apache-2.0
"""Steps of rules that share numbers between all tensors, such as Prodigy's estimate d. The groups
hold these numbers under the names that the library gives them.

If all tensors have the same options and step count, one stateless call makes the step. Otherwise
the library's optimizer object makes it, which sums over groups with different options."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from .._library import CONSTANTS, call, library, struct

if TYPE_CHECKING:
    from ._engine import Engine, StepResult
    from ._plan import Plan
    from ._rules import Description

_NOT_FOR_OPTIMIZERS = (
    CONSTANTS["APPLY_GRAD_SCALE"] | CONSTANTS["APPLY_FRESH_SLOTS"] | CONSTANTS["APPLY_GRAD_NORM"]
)


def shared_values(found: Description, group: dict[str, Any]) -> list[float]:
    """The shared numbers of a group; before the first step, their initial values."""
    values = []
    for scalar in found.shared_scalars:
        initial = group.get(scalar.initial_hyperparameter, scalar.initial)
        values.append(float(group.get(scalar.name, initial)))
    return values


def apply(
    engine: Engine, plan: Plan, lists: list[Any], flags: int, options: Any, context: Any
) -> StepResult:
    """Makes the step, and keeps the shared numbers in every group."""
    groups = engine._optimizer.param_groups
    found = lists[0][0].description
    values = np.array(shared_values(found, groups[0]), np.float64)
    if len(lists) == 1:
        result = _stateless(engine, plan, lists[0], flags, options, context, values)
    else:
        result = _by_optimizer(plan, lists, flags, options, context, found, values)
    for group in groups:
        group.update((scalar.name, float(values[scalar.index])) for scalar in found.shared_scalars)
    return _step_result(result, 1)


def _step_result(result: Any, calls: int) -> StepResult:
    from ._engine import StepResult

    return StepResult(
        result.grad_norm,
        result.clip_factor,
        result.non_finite_count,
        bool(result.is_skipped),
        bool(result.is_stopped),
        calls,
    )


def _stateless(
    engine: Engine, plan: Plan, one: Any, flags: int, options: Any, context: Any, values: Any
) -> Any:
    rule, rows, step, is_fresh = one
    structs = plan.structs if rows is None else engine._part(plan, rows)
    options.flags = flags | (CONSTANTS["APPLY_FRESH_SLOTS"] if is_fresh else 0)
    options.step = step + 1
    options.scalars, options.scalar_count = values.ctypes.data, len(values)
    result = struct("apply_result")
    try:
        call(
            "apply",
            context.handle,
            rule.handle,
            structs.ctypes.data,
            len(structs),
            ctypes.addressof(options),
            ctypes.addressof(result),
        )
    finally:
        options.scalars, options.scalar_count = None, 0
    return result


def _by_optimizer(
    plan: Plan,
    lists: list[Any],
    flags: int,
    options: Any,
    context: Any,
    found: Description,
    values: Any,
) -> Any:
    made = struct(
        "optimizer_options",
        flags=flags & ~_NOT_FOR_OPTIMIZERS,
        max_norm=options.max_norm,
        average_decay=options.average_decay,
        seed=options.seed,
    )
    if not flags & CONSTANTS["APPLY_MAX_NORM"]:
        made.max_norm = 0.0
    if not flags & CONSTANTS["APPLY_AVERAGE"]:
        made.average_decay = 0.0
    handle = ctypes.c_void_p()
    call("optimizer_create", context.handle, ctypes.addressof(made), ctypes.addressof(handle))
    try:
        _fill(handle, plan, lists)
        for scalar in found.shared_scalars:
            call("optimizer_set_scalar", handle, 0, scalar.name.encode(), values[scalar.index])
        step = struct("step_options")
        if flags & CONSTANTS["APPLY_GRAD_SCALE"]:
            step.flags |= CONSTANTS["STEP_GRAD_SCALE"]
            step.grad_scale = options.grad_scale
        if flags & CONSTANTS["APPLY_GRAD_NORM"]:
            step.flags |= CONSTANTS["STEP_GRAD_NORM"]
            step.grad_norm, step.non_finite_count = options.grad_norm, options.non_finite_count
        result = struct("apply_result")
        call("optimizer_step", handle, ctypes.addressof(step), ctypes.addressof(result))
        for scalar in found.shared_scalars:
            call(
                "optimizer_get_scalar",
                handle,
                0,
                scalar.name.encode(),
                values[scalar.index :].ctypes.data,
            )
        return result
    finally:
        library.gradstep_optimizer_destroy(handle)


def _fill(handle: Any, plan: Plan, lists: list[Any]) -> None:
    """One group for each list; a tensor for each of its rows."""
    number = 0
    for place, (rule, rows, step, _) in enumerate(lists):
        name = str(place).encode()
        group = struct("group_options", name=name, rule=rule.handle)
        call("optimizer_add_group", handle, ctypes.addressof(group), None)
        for row in rows:
            address = plan.structs.ctypes.data + int(row) * plan.structs.itemsize
            call("optimizer_add_tensor", handle, place, str(int(row)).encode(), address, None)
            call("optimizer_set_tensor_step_count", handle, number, step)
            number += 1
