# SPDX-License-Identifier: Apache-2.0
"""The native structs of an optimizer's tensors. They are kept from step to step, and refreshed
where a pointer has moved; they are made anew only when the list of params or a state changes.

Row i of every array here belongs to the i-th param of all groups together."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._library import CONSTANTS, STRUCTS
from . import _routes as routes
from . import _shards as shards
from ._looks import Addresses, Values
from ._options import DTYPES, EIGHT_BIT
from ._rules import GroupRule
from ._state import EMA, PARAM_LOW, STEP, StateLayout, matrix_shape, real_count, scale_name

TENSOR = np.dtype(STRUCTS["gradstep_tensor"])
ARRAY = np.dtype(STRUCTS["gradstep_array"])

_group_params = operator.itemgetter("params")


def same_objects(some: Iterable[Any], others: Iterable[Any]) -> bool:
    """Whether two sequences of equal length hold the same objects."""
    return all(map(operator.is_, some, others))


def flat_params(groups: list[dict[str, Any]]) -> list[Tensor]:
    """The params of all groups."""
    return list(chain.from_iterable(map(_group_params, groups)))


class Plan:
    """See the module. `layouts` has one StateLayout for each group."""

    def __init__(
        self,
        groups: list[dict[str, Any]],
        states: dict[Tensor, Any],
        layouts: list[StateLayout],
        ready: Callable[[int, Tensor], bool],
        copies: dict[Tensor, Tensor],
        scalar_dtype: torch.dtype,
        name: str,
    ) -> None:
        self.name = name
        self.params = flat_params(groups)
        self.count = len(self.params)
        self.rows = {id(param): row for row, param in enumerate(self.params)}
        self.group_of = np.repeat(
            np.arange(len(groups)), [len(group["params"]) for group in groups]
        )
        self.rules: list[GroupRule] = [layout.rule for layout in layouts]
        self.states = states
        self.is_ready = np.zeros(self.count, bool)
        self.is_fresh = np.zeros(self.count, bool)
        self.locals = [routes.local(param) for param in self.params]
        self.has_shards = not same_objects(self.locals, self.params)
        self.counts_steps = np.array([layout.counts_steps for layout in layouts], bool)[
            self.group_of
        ]

        slots = max((len(rule.description.slots) for rule in self.rules), default=0)
        scalars = max((len(rule.description.tensor_scalars) for rule in self.rules), default=0)
        self.structs = np.zeros(self.count, TENSOR)
        self.slots = np.zeros((self.count, max(slots, 1)), ARRAY)
        self.slots["dtype"] = CONSTANTS["FLOAT32"]
        self.steps = torch.zeros(self.count, dtype=torch.float32)
        self.step_numbers = self.steps.numpy()
        self._uniform_steps = b""
        self.scalars = np.zeros((self.count, max(scalars, 1)), np.float64)
        self.scalar_tensors = torch.zeros((self.count, max(scalars, 1)), dtype=scalar_dtype)
        self.scalar_numbers = self.scalar_tensors.numpy()
        self.has_scalars = scalars > 0
        self.param_routes: dict[
            int, Tensor
        ] = {}  # row -> a dense twin of a param that is not dense
        self.stand_ins: dict[int, int] = {}  # row -> the address of a gradient: see _add_stand_in
        self._kept: list[Any] = []
        self._watched: list[Tensor] = []

        for row, param in enumerate(self.params):
            if ready(row, param):
                layout = layouts[self.group_of[row]]
                self._add(row, layout, states, copies.get(param))
        self._states = list(states.values())
        self._values = Values([state for state in self._states if isinstance(state, dict)])
        self._addresses = Addresses([*self.locals, *self._watched], self.count)
        self._dtypes = [param.dtype for param in self.locals]
        # What every step asks is found here once.
        self.address = self.structs.ctypes.data
        self.grad_pointers = self.structs["grad"]["data"]
        self.all_ready = bool(self.is_ready.all())
        self.all_count_steps = bool(self.counts_steps.all())

    def _add(
        self, row: int, layout: StateLayout, states: dict[Tensor, Any], copy: Tensor | None
    ) -> None:
        """Fills a row, after completing the state of its param."""
        param, local = self.params[row], self.locals[row]
        routes.check_param(self.name, param, local, layout.rule.description)
        shards.check(self.name, param, layout.rule)
        layout.check_blocks(param)
        state = states.get(param, {})
        if not isinstance(state, dict):
            raise ValueError(f"the state of a param is {state!r}; it is a dict")
        for key in [
            key for key, value in state.items() if isinstance(value, Tensor) and value.is_meta
        ]:
            del state[key]  # of a model that was on the meta device: it holds no numbers
        self.is_fresh[row] = layout.complete(param, state)
        self.is_ready[row] = True
        if state:
            states[param] = state
        dense = local
        if not routes.is_usable(local, layout.rule.description):
            dense = self.param_routes[row] = torch.empty(local.shape, dtype=local.dtype)
        rows, columns = matrix_shape(local, layout.rule.description)
        struct = self.structs[row]
        struct["struct_size"] = TENSOR.itemsize
        struct["count"] = real_count(local)
        self._add_place(struct, param)
        struct["rows"], struct["columns"] = rows, columns
        struct["key"] = row + 1
        struct["param"]["data"], struct["param"]["dtype"] = dense.data_ptr(), DTYPES[dense.dtype]
        struct["grad"]["dtype"] = DTYPES[dense.dtype]
        self._add_slots(row, layout, param, dense, state)
        self._add_scalars(row, layout, state)
        if PARAM_LOW in state and layout.options.split_bf16:
            struct["param"]["extra"] = self._pointer(state, PARAM_LOW, dense)
        if layout.options.ema is not None:
            struct["average"]["data"] = self._pointer(state, EMA, dense)
            struct["average"]["dtype"] = DTYPES[state[EMA].dtype]
        if copy is not None:
            copy = routes.local(copy)
            routes.check_copy(param, local, copy)
            struct["copy"]["data"], struct["copy"]["dtype"] = copy.data_ptr(), DTYPES[copy.dtype]
            self._watched.append(copy)
        if local.numel() == 0 and layout.rule.description.tensor_scalars:
            self._add_stand_in(row, layout)

    @staticmethod
    def _add_place(struct: Any, param: Tensor) -> None:
        """Tells the library which elements of the whole tensor a shard has, so that stochastic
        rounding gives the same bits for any number of processes."""
        if shards.sharded_dims(param):
            first = shards.first_index(param)
            if first is not None:
                numbers = 2 if param.is_complex() else 1
                struct["whole_count"], struct["first_index"] = real_count(param), first * numbers

    def _pointer(self, state: dict[str, Any], name: str, dense: Tensor) -> int:
        """The address of a state tensor that has one number for each element of the param. Its
        elements are brought into the param's order, if they are in another."""
        tensor = routes.local(state[name])
        if not routes.same_order(tensor, dense):
            ordered = torch.empty_strided(dense.size(), dense.stride(), dtype=tensor.dtype)
            ordered.copy_(tensor)
            if tensor is not state[name]:
                raise RuntimeError(
                    f"state {name!r} of a sharded param has another layout than its param"
                )
            state[name] = tensor = ordered
        self._watched.append(tensor)
        return int(tensor.data_ptr())

    def _add_slots(
        self, row: int, layout: StateLayout, param: Tensor, dense: Tensor, state: dict[str, Any]
    ) -> None:
        description = layout.rule.description
        for index, slot in enumerate(description.slots):
            tensor = state.get(slot.name)
            found = layout.slot_layout(index, param)
            if tensor is None or not found.is_used:
                continue
            array = self.slots[row, index]
            array["dtype"] = found.dtype
            if found.dtype in EIGHT_BIT:
                scales = state[scale_name(slot.name)]
                array["extra"] = scales.data_ptr()
                self._watched.append(scales)
            if slot.extent == "element":
                array["data"] = self._pointer(state, slot.name, dense)
                continue
            if not tensor.is_contiguous():
                state[slot.name] = tensor = tensor.contiguous()
            tensor = routes.local(tensor)
            array["data"] = tensor.data_ptr()
            self._watched.append(tensor)
        self.structs["slots"][row] = self.slots.ctypes.data + row * self.slots.strides[0]
        self.structs["slot_count"][row] = len(description.slots)

    def _add_stand_in(self, row: int, layout: StateLayout) -> None:
        """A tensor without elements has scalars, which are those of its other shards; the library
        steps the scalars of tensors with elements only. One element, which is 0, stands in."""
        struct, slots = self.structs[row], self.slots[row]
        memory = np.zeros((len(slots) + 3, 64), np.uint8)
        self._kept.append(memory)
        param, grad, average, *others = (each.ctypes.data for each in memory)
        struct["count"], struct["whole_count"], struct["first_index"] = 1, 0, 0
        struct["param"]["data"] = param
        if layout.options.ema is not None:
            struct["average"]["data"] = average
        slots["data"] = others
        self.stand_ins[row] = grad

    def _add_scalars(self, row: int, layout: StateLayout, state: dict[str, Any]) -> None:
        """Steps and scalars are 0-dim views of one tensor each, so that one pass reads them all."""
        if STEP in state:
            self.steps[row] = float(state[STEP])
            if layout.counts_steps:
                state[STEP] = self.steps[row]
        elif not layout.counts_steps:
            self.steps[row] = 1.0  # the slots of a rule without a step count are fresh or not
        scalars = layout.rule.description.tensor_scalars
        for scalar in scalars:
            self.scalar_tensors[row, scalar.index] = float(state[scalar.name])
            state[scalar.name] = self.scalar_tensors[row, scalar.index]
        if scalars:
            self.structs["scalars"][row] = self.scalars.ctypes.data + row * self.scalars.strides[0]
            self.structs["scalar_count"][row] = len(scalars)

    def uniform_step(self) -> int | None:
        """The step count that all tensors have; None if they have several."""
        numbers = self.step_numbers
        if numbers.tobytes() != self._uniform_steps:  # somebody else has written to them
            self.check_steps()
            if self.count == 0 or numbers.min() != numbers.max():
                return None
        return int(numbers[0])

    def check_steps(self) -> None:
        """Raises ValueError if a state holds a step count that is none."""
        for step in self.step_numbers[~((self.step_numbers >= 0) & (self.step_numbers < 2**53))]:
            raise ValueError(f"state 'step' is {step}; it is a whole number from 0 to 2^53")

    def count_step(self, index: Any) -> None:
        """Counts a step of these rows; None: of all."""
        if index is None and self.all_count_steps:
            was_uniform = self.uniform_step() is not None
            self.step_numbers += 1.0
            self._uniform_steps = self.step_numbers.tobytes() if was_uniform else b""
        else:
            index = slice(None) if index is None else index
            self.step_numbers[index] += self.counts_steps[index]

    def has_same_dtypes(self) -> bool:
        """Whether every param still has the dtype that it had when the plan was made. Setting its
        data can change that too, but seldom does, so it is asked only with other gradients."""
        return [param.dtype for param in self.locals] == self._dtypes

    def is_current(self, groups: list[dict[str, Any]], states: dict[Tensor, Any]) -> bool:
        """Whether params and states are the same objects at the same addresses as when the plan
        was made, and the params in the same shapes and orders."""
        params = flat_params(groups)
        if len(params) != self.count or not same_objects(params, self.params):
            return False
        if states is not self.states or len(states) != len(self._states):
            return False
        if not same_objects(states.values(), self._states):
            return False
        if not self._values.are_current():
            return False
        if self.has_shards and not same_objects(map(routes.local, params), self.locals):
            return False
        return self._addresses.are_current()
