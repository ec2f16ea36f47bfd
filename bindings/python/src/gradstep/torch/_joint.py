# SPDX-License-Identifier: Apache-2.0
"""Steps of rules that share numbers between all tensors, such as Prodigy's estimate d. The groups
hold these numbers under the names that the library gives them.

If all tensors have the same options and step count, one stateless call makes the step. Otherwise
the library's optimizer object makes it, which sums over groups with different options."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from .._library import CONSTANTS, call, struct
from ._native_optimizer import NativeOptimizer

if TYPE_CHECKING:
    from .._catalogue import RuleInfo
    from ._engine import Engine
    from ._plan import Plan

_NOT_FOR_OPTIMIZERS = (
    CONSTANTS["APPLY_GRAD_SCALE"] | CONSTANTS["APPLY_FRESH_SLOTS"] | CONSTANTS["APPLY_GRAD_NORM"]
)


def shared_values(found: RuleInfo, group: dict[str, Any]) -> list[float]:
    """The shared numbers of a group; before the first step, their initial values."""
    values = []
    for scalar in found.shared_scalars:
        initial = group.get(scalar.initial_hyperparameter or "", scalar.initial_value)
        values.append(float(group.get(scalar.name, initial)))
    return values


def apply(
    engine: Engine, plan: Plan, lists: list[Any], flags: int, options: Any, context: Any
) -> Any:
    """Makes the step, and keeps the shared numbers in every group. Returns the
    gradstep_apply_result."""
    groups = engine._optimizer.param_groups
    found = lists[0][0].description
    values = np.array(shared_values(found, groups[0]), np.float64)
    if len(lists) == 1:
        result = _stateless(engine, plan, lists[0], flags, options, context, values)
    else:
        result = _by_optimizer(plan, lists, flags, options, context, found, values)
    for group in groups:
        group.update((scalar.name, float(values[scalar.index])) for scalar in found.shared_scalars)
    return result


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
    found: RuleInfo,
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
    native = NativeOptimizer(context, made)
    for place, (rule, rows, count, _) in enumerate(lists):
        native.add_group(str(place), rule)
        for row in rows:
            native.add_row(plan, int(row), place, str(int(row)), count)
    native.set_shared(found, values)
    step = struct("step_options")
    if flags & CONSTANTS["APPLY_GRAD_SCALE"]:
        step.flags |= CONSTANTS["STEP_GRAD_SCALE"]
        step.grad_scale = options.grad_scale
    if flags & CONSTANTS["APPLY_GRAD_NORM"]:
        step.flags |= CONSTANTS["STEP_GRAD_NORM"]
        step.grad_norm, step.non_finite_count = options.grad_norm, options.non_finite_count
    result = struct("apply_result")
    call("optimizer_step", native.handle, ctypes.addressof(step), ctypes.addressof(result))
    values[:] = native.shared(found)
    return result
