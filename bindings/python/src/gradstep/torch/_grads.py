# SPDX-License-Identifier: Apache-2.0
"""The gradients of one step: which params have one, and whether the library can read them where
they are. What was found once is checked in one pass, not found again, in the steps that follow."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import _routes as routes
from ._options import DTYPES
from ._plan import Plan

_data_ptr = Tensor.data_ptr
_looks: tuple[Callable[[Tensor], Any], ...] = (
    Tensor.stride,
    Tensor.numel,
    operator.attrgetter("dtype"),
    Tensor.is_neg,
    Tensor.is_conj,
)


class _Looks:
    """Strides, sizes and dtypes of some tensors, by torch's public interface."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self._kept = [list(map(look, tensors)) for look in _looks]

    def check(self, *tensors: Tensor) -> bool:
        """Whether these tensors look the same."""
        try:
            return all(
                list(map(look, tensors)) == kept
                for look, kept in zip(_looks, self._kept, strict=True)
            )
        except TypeError:  # None among them
            return False


def _guards(tensors: list[Tensor]) -> Any:
    """A check that tensors look like these. torch has one for its compiler, which takes a third of
    the time; it is not part of torch's public interface, so what it says is tried first."""
    try:
        made = torch._C._dynamo.guards.TensorGuards(
            *tensors, dynamic_dims_sizes=None, dynamic_dims_strides=None
        )
        if made.check(*tensors) is True:
            return made
    except Exception:  # whatever a version of torch without it raises
        pass
    return _Looks(tensors)


class Grads:
    """The gradients of the rows that have one."""

    def __init__(self, plan: Plan, rows: list[int] | None, grads: list[Tensor], name: str) -> None:
        self.rows = rows
        self.index: Any = slice(None) if rows is None else np.array(rows)
        self.params = plan.params if rows is None else [plan.params[row] for row in rows]
        self.twins: list[tuple[int, Tensor]] = []  # position -> dense twin of a gradient
        self.param_twins: list[tuple[Tensor, Tensor]] = []
        self.stand_ins: list[tuple[int, int]] = []  # position -> the address of a gradient
        dtypes = []
        for position, (row, grad) in enumerate(zip(rows or range(plan.count), grads, strict=True)):
            param = plan.locals[row]
            if row in plan.stand_ins:
                self.stand_ins.append((position, plan.stand_ins[row]))
            dense = plan.param_routes.get(row, param)
            if dense is not param:
                self.param_twins.append((param, dense))
            routes.check_grad(name, param, grad)
            if not routes.same_order(grad, dense):
                twin = torch.empty_strided(dense.size(), dense.stride(), dtype=grad.dtype)
                self.twins.append((position, twin))
            dtypes.append(DTYPES[grad.dtype])
        plan.structs["grad"]["dtype"][self.index] = dtypes
        self._guards = _guards(grads) if grads else _Looks(grads)

    def fits(self, grads: list[Tensor]) -> bool:
        """Whether these gradients look as those that this object was made for. None does not."""
        return bool(self._guards.check(*grads))

    def place(self, plan: Plan, grads: list[Tensor]) -> None:
        """Writes the addresses of the gradients into the plan."""
        pointers = array("Q", map(_data_ptr, grads))
        if self.twins or self.param_twins:
            with torch.no_grad():
                for position, twin in self.twins:
                    twin.copy_(grads[position])
                    pointers[position] = twin.data_ptr()
                for param, twin in self.param_twins:
                    twin.copy_(param)
        for position, address in self.stand_ins:
            pointers[position] = address
        plan.grad_pointers[self.index] = pointers

    def take_back(self, grads: list[Tensor], zeroed: bool) -> None:
        """Copies what the step has written to twins to the tensors that they stand for."""
        if self.twins or self.param_twins:
            with torch.no_grad():
                for param, twin in self.param_twins:
                    param.copy_(twin)
                if zeroed:
                    for position, _ in self.twins:
                        grads[position].zero_()
