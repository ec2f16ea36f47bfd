# SPDX-License-Identifier: Apache-2.0
"""One tensor of an optimizer: what the caller passed, and where the library has it."""

from __future__ import annotations

import weakref
from typing import Any

from ._arrays import Array
from ._errors import InvalidArgument
from ._groups import Group
from ._tensors import TensorArrays


class Record:
    """One tensor: what the caller passed, and where the library has it."""

    __slots__ = (
        "arrays",
        "checked",
        "grad",
        "grad_code",
        "grad_pitch",
        "group",
        "index",
        "keep",
        "name",
        "slot_dtype",
        "slots",
        "views",
    )

    def __init__(self, name: str, group: Group, arrays: TensorArrays, slots: Any) -> None:
        self.name = name
        self.group = group
        self.index = 0  # in the library
        self.slots = slots
        self.slot_dtype: int = group._slot_dtype
        self.views: list[weakref.ref[Any]] = []
        self.keep: tuple[Any, ...] = ()
        self.set_arrays(arrays)

    def set_arrays(self, arrays: TensorArrays) -> None:
        self.arrays = arrays
        found = [(arrays.param, self.name, arrays.delta is None)]
        for what in ("copy", "average", "delta"):
            if getattr(arrays, what) is not None:
                found.append((getattr(arrays, what), f"the {what} of {self.name}", True))
        self.checked = found
        self.grad: Array | None = arrays.grad
        shown = arrays.grad or arrays.param
        self.grad_code: int = shown.code
        self.grad_pitch: int = shown.pitch if arrays.grad is not None else 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.arrays.param.shape

    @property
    def count(self) -> int:
        return self.arrays.param.count

    def check(self, with_grad: bool = True) -> None:
        """Finds what the caller has done to the arrays since they were passed."""
        for array, what, written in self.checked:
            array.check(what, written)
        if with_grad and self.grad is not None:
            self.grad.check("grad", False)

    def refuse_views(self) -> None:
        """Elements of state that numpy arrays show must stay where they are."""
        self.views = [view for view in self.views if view() is not None]
        if self.views:
            raise InvalidArgument(
                f"the state of {self.name!r} is in use by {len(self.views)} arrays that "
                ".state has given: delete them first, or use copies"
            )
