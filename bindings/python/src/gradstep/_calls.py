# SPDX-License-Identifier: Apache-2.0
"""The arguments of a stateless call: what is copied, kept alive and written back."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._arrays import BFLOAT16, Array, NdArray, describe
from ._context import Context, shared_context
from ._errors import InvalidArgument, UnknownName
from ._handles import number
from ._library import STRUCTS
from ._rule import Rule
from ._tensors import TensorArrays, slot_arrays

Tensor = STRUCTS["gradstep_tensor"]


def context_of(context: Context | None) -> Context:
    if context is not None and not isinstance(context, Context):
        raise TypeError(f"context is {context!r}; it is a Context")
    return context if context is not None else shared_context()


class Copies:
    """Contiguous copies of arrays whose strides the library cannot be told."""

    def __init__(self) -> None:
        self._back: list[tuple[NdArray, NdArray]] = []

    def take(self, value: Any, name: str, written: bool) -> Array:
        found = describe(value, name, written)
        if isinstance(found, Array):
            return found
        copied = np.array(found, order="C")
        made = describe(copied, name) if copied.dtype != np.uint16 else None
        if not isinstance(made, Array):  # bfloat16, whose view is uint16
            made = Array(copied, copied, BFLOAT16, 0)
        if written:
            self._back.append((found, copied))
        return made

    @property
    def are_written(self) -> bool:
        """Whether an array that the call writes has a copy."""
        return bool(self._back)

    def write_back(self) -> None:
        for view, copied in self._back:
            np.copyto(view, copied)


class Scalars:
    """Dicts of scalars, as arrays that a step reads and writes."""

    def __init__(self, rule: Rule, scope: str, given: Any, label: str) -> None:
        self.names = [info.name for info in rule.info.scalars if info.scope == scope]
        self.given = given
        values = {} if given is None else dict(given)
        if set(values) != set(self.names):
            maker = "make_scalars" if scope == "tensor" else "make_shared_scalars"
            raise InvalidArgument(
                f"{label} of {rule.name} are {', '.join(self.names) or 'none'}; got "
                f"{', '.join(map(str, values)) or 'none'}. {maker}(rule) makes them"
            )
        numbers = [number(values[name], name) for name in self.names]
        self.made = (ctypes.c_double * max(len(numbers), 1))(*numbers)

    def fill(self, target: Any) -> None:
        if self.names:
            target.scalars = ctypes.addressof(self.made)
            target.scalar_count = len(self.names)

    def write_back(self) -> None:
        for index, name in enumerate(self.names):
            self.given[name] = self.made[index]


def is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _spread(value: Any, names: list[Any], is_many: bool, label: str) -> list[Any]:
    """One entry per tensor of what was given for all: a list, a dict by name, or a single one."""
    if not is_many:
        return [value]
    if value is None:
        return [None] * len(names)
    if is_list(value):
        if len(value) != len(names):
            raise InvalidArgument(f"{len(value)} {label} for {len(names)} params")
        return list(value)
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise UnknownName(f"{label} has {unknown[0]!r}, which is the name of no param")
        return [value.get(name) for name in names]
    raise TypeError(f"{label} is a {type(value).__name__}; for several params it is a list or dict")


def refuse_shared(arrays: list[tuple[Array, bool, str]]) -> None:
    """No array that is written may share memory with one of another tensor."""
    spans = sorted(
        (*array.span(), written, name) for array, written, name in arrays if not array.pitch
    )
    end, end_written, end_name = 0, False, ""
    for first, last, written, name in spans:
        if first < end and last > first and name != end_name and (written or end_written):
            raise InvalidArgument(f"{end_name} and {name} overlap in memory")
        if last > end:
            end, end_written, end_name = last, written, name
        elif last > first:
            end_written = end_written or written


class Call:
    """The tensors of one call, and what it keeps alive and writes back."""

    def __init__(self, rule: Rule, params: Any) -> None:
        self.rule = rule
        self.is_many = is_list(params) or isinstance(params, Mapping)
        self.names: list[Any] = (
            list(params)
            if isinstance(params, Mapping)
            else [f"params[{i}]" for i in range(len(params))]
            if is_list(params)
            else ["params"]
        )
        self.tensors = (Tensor * max(len(self.names), 1))()
        self.copies = Copies()
        self.scalars: list[Scalars] = []
        self.keep: list[Any] = []
        self.arrays: list[tuple[Array, bool, str]] = []

    def spread(self, value: Any, label: str) -> list[Any]:
        return _spread(value, self.names, self.is_many, label)

    def add(
        self, index: int, arrays: TensorArrays, slots: Any, scalars: Any, grad_is_written: bool
    ) -> None:
        made = self.tensors[index]
        arrays.fill(made)
        made.slot_count = len(self.rule.info.slots)
        slots, kept = slot_arrays(self.rule, slots, made, arrays, self.copies.take)
        made.slots = ctypes.addressof(slots) if made.slot_count else None
        label = f"the scalars of {arrays.name}"
        if scalars is None and not any(s.scope == "tensor" for s in self.rule.info.scalars):
            scalars = {}
        own = Scalars(self.rule, "tensor", scalars, label)
        own.fill(made)
        self.scalars.append(own)
        self.keep.append((arrays, slots, kept))
        written = [arrays.copy, arrays.average, arrays.delta, *kept]
        if arrays.delta is None:
            written += [arrays.param, arrays.param.extra]
        self.arrays += [(array, True, arrays.name) for array in written if array is not None]
        if arrays.grad is not None:
            self.arrays.append((arrays.grad, grad_is_written, arrays.name))

    def finish(self) -> None:
        self.copies.write_back()
        for scalars in self.scalars:
            scalars.write_back()
