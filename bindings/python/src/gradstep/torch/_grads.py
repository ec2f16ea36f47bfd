# SPDX-License-Identifier: Apache-2.0
"""The gradients of one step: which params have one, and whether the library can read them where
they are. What was found once is checked in one pass, not found again, in the steps that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import _routes as routes
from ._looks import Shapes
from ._options import DTYPES
from ._plan import Plan


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
        self._shapes = Shapes(grads)
        # All rows: the addresses go straight into the structs. Otherwise they are scattered.
        self._pointers = plan.grad_pointers if rows is None else np.zeros(len(grads), np.uint64)
        self._place = (self._pointers.ctypes.data, self._pointers.strides[0])

    def place(self, plan: Plan, grads: list[Any]) -> bool:
        """Writes the addresses of the gradients into the plan, if they look as those that this
        object was made for."""
        if not self._shapes.place(grads, *self._place):
            return False
        if self.rows is not None:
            plan.grad_pointers[self.index] = self._pointers
        if self.twins or self.param_twins:
            with torch.no_grad():
                for position, twin in self.twins:
                    twin.copy_(grads[position])
                    plan.grad_pointers[position if self.rows is None else self.rows[position]] = (
                        twin.data_ptr()
                    )
                for param, twin in self.param_twins:
                    twin.copy_(param)
        for position, address in self.stand_ins:
            plan.grad_pointers[position if self.rows is None else self.rows[position]] = address
        return True

    def take_back(self, grads: list[Tensor], zeroed: bool) -> None:
        """Copies what the step has written to twins to the tensors that they stand for."""
        if self.twins or self.param_twins:
            with torch.no_grad():
                for param, twin in self.param_twins:
                    param.copy_(twin)
                if zeroed:
                    for position, _ in self.twins:
                        grads[position].zero_()
