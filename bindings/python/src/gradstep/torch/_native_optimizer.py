# SPDX-License-Identifier: Apache-2.0
"""An optimizer object of the library that works on a plan's arrays, for the time of one step, save
or load. The library destroys no array with it."""

from __future__ import annotations

import ctypes
from typing import Any

from .._catalogue import RuleInfo
from .._context import Context
from .._library import call, struct
from .._records import COptimizer
from ._plan import Plan
from ._rules import GroupRule


class NativeOptimizer:
    """`handle` is the argument of calls. It is destroyed when it is dropped."""

    def __init__(self, context: Context, options: Any = None) -> None:
        address = None if options is None else ctypes.addressof(options)
        keep = context.handle
        self.handle = COptimizer("optimizer_create", keep, address, keep=keep)
        self._count = 0

    def add_group(self, name: str, rule: GroupRule) -> None:
        """The groups have the indices 0, 1, 2 ..."""
        group = struct("group_options", name=name.encode(), rule=rule.handle)
        call("optimizer_add_group", self.handle, ctypes.addressof(group), None)

    def add_row(self, plan: Plan, row: int, group: int, name: str, step: int) -> None:
        """Adds the tensor of a plan's row, which has made so many steps."""
        address = plan.address + row * plan.structs.itemsize
        call("optimizer_add_tensor", self.handle, group, name.encode(), address, None)
        call("optimizer_set_tensor_step_count", self.handle, self._count, step)
        self._count += 1

    def set_shared(self, found: RuleInfo, values: Any) -> None:
        """Hands over the numbers that the rule shares between all tensors."""
        for scalar in found.shared_scalars:
            value = values[scalar.index]
            call("optimizer_set_scalar", self.handle, 0, scalar.name.encode(), value)

    def shared(self, found: RuleInfo) -> list[float]:
        """These numbers as they are now."""
        values = []
        value = ctypes.c_double()
        for scalar in found.shared_scalars:
            name = scalar.name.encode()
            call("optimizer_get_scalar", self.handle, 0, name, ctypes.addressof(value))
            values.append(value.value)
        return values
