# SPDX-License-Identifier: Apache-2.0
"""One step: it brings the plan up to date, cuts the tensors into lists with the same rule, options
and step count, and makes one native call for each. Mostly there is one list, of all tensors."""

from __future__ import annotations

import ctypes
import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from .._context import shared_context
from .._interrupts import InterruptsHeld
from .._library import CONSTANTS, call, struct
from . import _joint
from . import _routes as routes
from . import _shards as shards
from ._grads import Grads
from ._options import DTYPES
from ._plan import Plan, flat_params
from ._rules import GroupRule, rule_of
from ._state import StateLayout

if TYPE_CHECKING:
    from ._optimizer import Optimizer

_grad_of = operator.attrgetter("grad")
_APPLY = {
    name: CONSTANTS[f"APPLY_{name}"]
    for name in (
        "GRAD_SCALE",
        "MAX_NORM",
        "AVERAGE",
        "CHECK_FINITE",
        "ZERO_GRAD",
        "STOCHASTIC_PARAM",
        "NEAREST_SLOTS",
        "FRESH_SLOTS",
        "GRAD_NORM",
    )
}


class StepResult(NamedTuple):
    """What the last step found out: see `Optimizer.last_step`.

    grad_norm
        The global norm of the gradients after unscaling and before clipping; 0 unless clip_norm or
        check_finite asks for it.
    clip_factor
        The factor by which clip_norm multiplied the gradients; else 1.
    non_finite_count
        Elements that are infinite or NaN, if grad_norm was asked for.
    is_skipped
        The step changed nothing: of check_finite, or of GradScaler's found_inf.
    is_stopped
        The rule stopped the step: Prodigy does as long as all gradients are 0.
    calls
        How many native calls made the step."""

    grad_norm: float = 0.0
    clip_factor: float = 1.0
    non_finite_count: int = 0
    is_skipped: bool = False
    is_stopped: bool = False
    calls: int = 0

    @classmethod
    def of(cls, result: Any, calls: int) -> StepResult:
        """What a gradstep_apply_result says."""
        return cls(
            result.grad_norm,
            result.clip_factor,
            result.non_finite_count,
            bool(result.is_skipped),
            bool(result.is_stopped),
            calls,
        )


NOTHING = StepResult()


class Engine:
    """The native side of an optimizer. It holds nothing that a checkpoint needs, so a copy of the
    optimizer makes a new one."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._layouts: list[StateLayout] = []
        self._used: list[tuple[bool, ...]] = []
        self._classes = np.zeros(0, np.int64)
        self._plan: Plan | None = None
        self._grads: Grads | None = None
        self._fresh: set[int] = set()
        self._apply_options = struct("apply_options")
        self._result = struct("apply_result")
        self._addresses = (ctypes.addressof(self._apply_options), ctypes.addressof(self._result))

    # ---- what the groups say ----

    def follow_groups(self) -> bool:
        """Takes over the hyper-parameters of all groups. True: the state must be looked at anew."""
        optimizer = self._optimizer
        groups = optimizer.param_groups
        changed = len(groups) != len(self._layouts)
        if changed:
            self._layouts, self._used = [], []
        moved = False
        for index, group in enumerate(groups):
            name = rule_of(optimizer.rule_name, group)
            if index == len(self._layouts):
                self._layouts.append(StateLayout(GroupRule(name, group), optimizer.options))
                self._used.append(())
            elif not self._layouts[index].rule.fits(name, group):
                optimizer._check_keys()
                self._layouts[index] = StateLayout(GroupRule(name, group), optimizer.options)
                changed = True
            if self._layouts[index].rule.follow(group):
                moved = True
                used = self._layouts[index].used_slots()
                changed = changed or used != self._used[index]
                self._used[index] = used
        if moved or changed:
            self._classify()
        return changed

    def _classify(self) -> None:
        """Groups with the same rule and values are one class: one native call may step them."""
        numbers: dict[Any, int] = {}
        keys = [(layout.rule.name, layout.rule.values) for layout in self._layouts]
        self._classes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        self._rules = {
            number: self._layouts[keys.index(key)].rule for key, number in numbers.items()
        }

    # ---- the plan ----

    def plan(self) -> Plan:
        """The plan for all params that have a gradient or a state."""
        optimizer = self._optimizer
        changed = self.follow_groups()
        plan = self._plan
        if plan is None or changed or not plan.is_current(optimizer.param_groups, optimizer.state):
            plan = self._make_plan()
        return plan

    def _make_plan(self) -> Plan:
        optimizer = self._optimizer
        state = optimizer.state

        def is_ready(row: int, param: torch.Tensor) -> bool:
            # A param without a gradient takes no part, so it may be what the library cannot step.
            return param.grad is not None or (
                bool(state.get(param)) and param.device.type == "cpu" and param.dtype in DTYPES
            )

        self._check_first_grads()
        self._plan = self._grads = None
        if self._classes.shape != (len(optimizer.param_groups),):
            self._classify()
        with torch.no_grad():
            plan = Plan(
                optimizer.param_groups,
                state,
                self._layouts,
                is_ready,
                optimizer._copies_of(flat_params(optimizer.param_groups)),
                optimizer.scalar_dtype,
                type(optimizer).__name__,
            )
        fresh = {
            id(param)
            for param, is_fresh in zip(plan.params, plan.is_fresh, strict=True)
            if is_fresh
        }
        self._fresh = (self._fresh | fresh) & {id(param) for param in plan.params}
        for row, param in enumerate(plan.params):
            plan.is_fresh[row] = id(param) in self._fresh
        self._plan = plan
        return plan

    def _check_first_grads(self) -> None:
        """Raises RuntimeError for a gradient that cannot be stepped, before a state is made for
        its param."""
        optimizer = self._optimizer
        name = type(optimizer).__name__
        for layout, group in zip(self._layouts, optimizer.param_groups, strict=True):
            for param in group["params"]:
                grad = param.grad
                if grad is None or optimizer.state.get(param):
                    continue
                routes.check_param(name, param, routes.local(param), layout.rule.description)
                if shards.is_distributed(param):  # its shape may differ: see shards.local_grad
                    routes.check_layout(name, routes.local(grad))
                else:
                    routes.check_grad(name, param, grad)

    def forget(self) -> None:
        """The next step makes everything anew."""
        self._plan = self._grads = None
        self._layouts, self._used = [], []

    def layouts(self) -> list[StateLayout]:
        """One for each group, as the groups are now."""
        self.follow_groups()
        return self._layouts

    def transform(self, name: str) -> None:
        """Makes a transform of the rule for every param that has a state."""
        with torch.no_grad():
            plan = self.plan()
            rows = np.flatnonzero(plan.is_ready)
            if plan.param_routes:
                raise RuntimeError("a param that is not dense cannot be transformed")
            plan.scalars[:] = plan.scalar_numbers
            context = self._optimizer.options.context or shared_context(torch.get_num_threads())
            for number, rule in self._rules.items():
                chosen = rows[self._classes[plan.group_of[rows]] == number]
                # The call refuses tensors that are transformed already: they are left as they are.
                for row in chosen:
                    structs = plan.structs[row : row + 1]
                    if self._is_in_state(plan, rule, int(row), name):
                        continue
                    call(
                        "transform",
                        context.handle,
                        rule.handle,
                        structs.ctypes.data,
                        1,
                        name.encode(),
                    )
            plan.scalar_numbers[:] = plan.scalars
            torch.autograd.graph.increment_version([plan.params[row] for row in rows])

    @staticmethod
    def _is_in_state(plan: Plan, rule: GroupRule, row: int, name: str) -> bool:
        """Whether the transform was the last one made: is_evaluated says so."""
        for scalar in rule.description.tensor_scalars:
            if scalar.name == "is_evaluated":
                return bool(plan.scalars[row, scalar.index]) == (name == "evaluate")
        return False

    # ---- one step ----

    def step(self, only: int | None = None) -> StepResult:
        """Steps every param that has a gradient; with `only`, the param of that row alone."""
        plan = self.plan()
        found = self._grads
        if only is None:
            grads: list[Any] = list(map(_grad_of, plan.params))
            if plan.has_shards:
                return self._step_of(plan, *self._present(grads))
            if found is not None and found.rows is None and found.place(plan, grads):
                return self._make(plan, found, grads, grads)
            return self._step_of(plan, *self._present(grads))
        return self._step_of(plan, [only], [plan.params[only].grad])

    @staticmethod
    def _present(grads: list[Any]) -> tuple[list[int] | None, list[Any]]:
        """The rows that have a gradient (None: all), and these gradients."""
        rows = [row for row, grad in enumerate(grads) if grad is not None]
        return (None if len(rows) == len(grads) else rows), [grads[row] for row in rows]

    def _step_of(self, plan: Plan, rows: list[int] | None, whole: list[Any]) -> StepResult:
        """Steps these rows, whose gradients need a closer look."""
        if not whole:
            return NOTHING
        name = type(self._optimizer).__name__
        grads = whole
        if plan.has_shards:
            owners = plan.params if rows is None else [plan.params[row] for row in rows]
            grads = list(map(shards.local_grad, owners, whole))
        if not plan.all_ready and not plan.is_ready[slice(None) if rows is None else rows].all():
            params = plan.locals if rows is None else [plan.locals[row] for row in rows]
            for param, grad in zip(params, grads, strict=True):
                routes.check_grad(name, param, grad)
            plan = self._make_plan()
        found = self._grads
        if found is None or found.rows != rows or not found.place(plan, grads):
            if not plan.has_same_dtypes():
                plan = self._make_plan()
            found = self._grads = Grads(plan, rows, grads, name)
            if not found.place(plan, grads):
                raise RuntimeError("another thread changes the gradients during the step")
        return self._make(plan, found, grads, whole)

    def _make(self, plan: Plan, found: Grads, grads: list[Any], whole: list[Any]) -> StepResult:
        with InterruptsHeld():
            result = self._apply(plan, found)
            self._finish(plan, found, grads, result)
            if plan.has_shards and self._optimizer.options.zero_grads:
                for grad, read in zip(whole, grads, strict=True):
                    if routes.local(grad).data_ptr() != read.data_ptr():
                        grad.zero_()  # it was placed otherwise than its param
        return result

    def _apply(self, plan: Plan, grads: Grads) -> StepResult:
        optimizer, options = self._optimizer, self._optimizer.options
        apply = self._apply_options
        flags = 0
        if not options.rounds_state:
            flags |= _APPLY["NEAREST_SLOTS"]
        if options.stochastic_rounding:
            flags |= _APPLY["STOCHASTIC_PARAM"]
        if options.zero_grads:
            flags |= _APPLY["ZERO_GRAD"]
        if options.ema is not None:
            flags |= _APPLY["AVERAGE"]
            apply.average_decay = options.ema
        scale = getattr(optimizer, "grad_scale", None)
        factor = 1.0
        if scale is not None:
            factor = 1.0 / float(scale)
            flags |= _APPLY["GRAD_SCALE"]
            apply.grad_scale = factor
        if options.check_finite:
            flags |= _APPLY["CHECK_FINITE"]
        if options.clip_norm is not None:
            flags |= _APPLY["MAX_NORM"]
            apply.max_norm = options.clip_norm
        apply.seed = options.seed
        found_inf = getattr(optimizer, "found_inf", None)
        if found_inf is not None and float(found_inf) != 0.0:
            # GradScaler has found it: the step is the one that CHECK_FINITE skips.
            flags |= _APPLY["CHECK_FINITE"] | _APPLY["GRAD_NORM"]
            apply.grad_norm, apply.non_finite_count = math.inf, 1
        context = options.context or shared_context(torch.get_num_threads())
        lists = self._lists(plan, grads)
        if any(rule.description.shared_scalars for rule in self._rules.values()):
            result = _joint.apply(self, plan, lists, flags, apply, context)
            return StepResult.of(result, 1)
        needs_norm = flags & (_APPLY["CHECK_FINITE"] | _APPLY["MAX_NORM"])
        if needs_norm and not flags & _APPLY["GRAD_NORM"] and (len(lists) > 1 or plan.has_shards):
            flags |= _APPLY["GRAD_NORM"]
            self._find_norm(plan, grads, context, factor)
        if plan.has_scalars:
            plan.scalars[:] = plan.scalar_numbers
        result = self._result
        handle = context.handle
        for rule, rows, step, is_fresh in lists:
            apply.flags = flags | _APPLY["FRESH_SLOTS"] if is_fresh else flags
            apply.step = step + 1
            if rows is None:
                address, count = plan.address, plan.count
            else:
                part = self._part(plan, rows)
                address, count = part.ctypes.data, len(part)
            call("apply", handle, rule.handle, address, count, *self._addresses)
        if plan.has_scalars:
            plan.scalar_numbers[:] = plan.scalars
        return StepResult.of(result, len(lists))

    @staticmethod
    def _part(plan: Plan, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The structs of these rows; a view where they follow each other."""
        if rows[-1] - rows[0] + 1 == len(rows):
            return plan.structs[rows[0] : rows[-1] + 1]
        return plan.structs[rows]

    def _lists(self, plan: Plan, grads: Grads) -> list[tuple[GroupRule, Any, int, bool]]:
        """(rule, rows or None for all, steps so far, whether a slot is fresh) for each native
        call."""
        if len(self._rules) == 1 and grads.rows is None and not self._fresh:
            step = plan.uniform_step()
            if step is not None:
                return [(self._rules[0], None, step, False)]
        index = grads.index
        plan.check_steps()
        steps, fresh = plan.step_numbers[index], plan.is_fresh[index]
        rows = np.arange(plan.count) if grads.rows is None else grads.index
        keys = np.stack(
            [self._classes[plan.group_of[rows]], steps.astype(np.int64), fresh.astype(np.int64)]
        )
        found, inverse = np.unique(keys, axis=1, return_inverse=True)
        inverse = inverse.reshape(-1)
        return [
            (self._rules[int(number)], rows[inverse == place], int(step), bool(is_fresh))
            for place, (number, step, is_fresh) in enumerate(found.T)
        ]

    def _find_norm(self, plan: Plan, grads: Grads, context: Any, factor: float) -> None:
        """The norm over all lists; over all processes, if params are sharded."""
        apply = self._apply_options
        rows = np.arange(plan.count) if grads.rows is None else grads.index
        if not plan.has_shards:
            norm, apply.non_finite_count = self._norm_of(plan, rows, context)
            apply.grad_norm = norm * abs(factor)
            return
        parts: dict[Any, list[int]] = {}  # one for each way to be distributed
        for row in rows:
            param = plan.params[row]
            dims = shards.sharded_dims(param)
            parts.setdefault((param.device_mesh, dims) if dims else None, []).append(int(row))
        total = torch.zeros(2, dtype=torch.float64)
        for some in parts.values():
            norm, count = self._norm_of(plan, np.array(some), context)
            found = torch.tensor([norm * norm, count], dtype=torch.float64)
            total += shards.sum_over_processes(plan.params[some[0]], found)
        apply.grad_norm = math.sqrt(float(total[0])) * abs(factor)
        apply.non_finite_count = int(total[1])

    def _norm_of(self, plan: Plan, rows: np.ndarray[Any, Any], context: Any) -> tuple[float, int]:
        """The norm of the gradients of these rows, and how many elements are not finite."""
        found = struct("norm_result")
        structs = self._part(plan, rows)
        call(
            "gradient_norm",
            context.handle,
            structs.ctypes.data,
            len(structs),
            ctypes.addressof(found),
        )
        return found.norm, found.non_finite_count

    def _finish(self, plan: Plan, grads: Grads, tensors: list[Any], result: StepResult) -> None:
        """Counts the step, and tells autograd which tensors have changed."""
        zeroed_grads = self._optimizer.options.zero_grads
        has_stepped = not (result.is_skipped or result.is_stopped)
        if has_stepped:
            plan.count_step(None if grads.rows is None else grads.index)
            if self._fresh:
                plan.is_fresh[grads.index] = False
                self._fresh.difference_update(map(id, grads.params))
            torch.autograd.graph.increment_version(grads.params)
        if has_stepped or zeroed_grads:
            grads.take_back(tensors, zeroed_grads)
        if zeroed_grads:
            torch.autograd.graph.increment_version(tensors)
