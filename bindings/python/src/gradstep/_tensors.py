# SPDX-License-Identifier: Apache-2.0
"""The arrays of one tensor, as a gradstep_tensor. `apply` and `Optimizer` share this."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ._arrays import (
    BFLOAT16,
    FLOAT32,
    FLOAT64,
    NARROW,
    Array,
    NdArray,
    dtype_code,
    lower_halves_of,
    matrix_shape,
    new_array,
)
from ._catalogue import RuleInfo
from ._errors import InvalidArgument, UnknownName
from ._handles import whole_number
from ._library import CONSTANTS, STRUCTS, call, struct
from ._quantized import BlockQuantized, write_array
from ._rule import Rule

_Array = STRUCTS["gradstep_array"]
Take = Callable[[Any, str, bool], Array]


class TensorArrays:
    """Param, grad, copy, average and delta of a tensor, with its place in a larger tensor.

    take(value, name, written)
        Makes an array of a value: strictly, or by way of a contiguous copy."""

    def __init__(
        self,
        take: Take,
        name: str,
        param: Any,
        grad: Any = None,
        *,
        copy: Any = None,
        average: Any = None,
        delta: Any = None,
        lower_halves: Any = None,
        grad_is_written: bool = False,
    ) -> None:
        self.name = name
        self.param = take(param, f"the param of {name}", delta is None)
        self.place = (0, 0, 0)  # key, first_index, whole_count
        self.grad = self._taken(take, grad, "grad", grad_is_written)
        self.copy = self._taken(take, copy, "copy", True)
        self.average = self._taken(take, average, "average", True)
        self.delta = self._taken(take, delta, "delta", True)
        if lower_halves is not None:
            if self.param.code != BFLOAT16:
                raise InvalidArgument(f"only a bfloat16 param has lower halves; see {name}")
            label = f"the lower halves of {name}"
            self.param.extra = lower_halves_of(lower_halves, self.param, label)

    def _taken(self, take: Take, value: Any, what: str, written: bool) -> Array | None:
        if value is None:
            return None
        label = f"the {what} of {self.name}"
        made = take(value, label, written)
        self.check_shape(made, label)
        return made

    def check_shape(self, array: Array, label: str) -> None:
        """The library cannot know how long an array is; this does."""
        if array.shape != self.param.shape:
            raise InvalidArgument(
                f"{label} has the shape {array.shape}; the param's is {self.param.shape}"
            )

    def with_grad(self, grad: Array | None) -> TensorArrays:
        """The same arrays with another grad."""
        made = TensorArrays.__new__(TensorArrays)
        made.__dict__.update(self.__dict__)
        made.grad = grad
        return made

    def set_place(self, key: Any, first_index: Any, whole_count: Any) -> None:
        """Where this piece is in a tensor that is split; 0 where it is not."""
        self.place = (
            whole_number(key, "key"),
            whole_number(first_index, "first_index"),
            whole_number(whole_count, "whole_count"),
        )

    def fill(self, made: Any) -> None:
        """Writes the fields of a gradstep_tensor but the slots and scalars."""
        made.struct_size = ctypes.sizeof(made)
        made.count = self.param.count
        made.rows, made.columns = matrix_shape(self.param.shape)
        made.key, made.first_index, made.whole_count = self.place
        made.grad.dtype = self.param.code
        self.param.fill(made.param)
        for field in ("grad", "copy", "average", "delta"):
            array = getattr(self, field)
            if array is not None:
                array.fill(getattr(made, field))

    def arithmetic(self) -> int:
        """The dtype in which a step computes, which is also that of an average."""
        return int(FLOAT64 if self.param.code == FLOAT64 else FLOAT32)


def slot_layout(rule: Rule, index: int, tensor: Any, dtype: int = 0) -> Any:
    """The gradstep_slot_layout of a slot."""
    made = struct("slot_layout")
    addresses = (ctypes.addressof(tensor), dtype, ctypes.addressof(made))
    call("rule_slot_layout", rule.handle, index, *addresses)
    return made


def slot_arrays(
    rule: Rule, slots: Mapping[str, Any] | None, tensor: Any, arrays: TensorArrays, take: Take
) -> tuple[Any, list[Array]]:
    """The gradstep_arrays of a tensor's slots, in the rule's order, and the arrays behind them."""
    infos = rule.info.slots
    given = {} if slots is None else dict(slots)
    unknown = [name for name in given if name not in {info.name for info in infos}]
    if unknown:
        names = ", ".join(info.name for info in infos) or "none"
        raise UnknownName(f"{rule.name} has no slot {unknown[0]!r}; its slots are {names}")
    made = (_Array * max(len(infos), 1))()
    kept = []
    for index, info in enumerate(infos):
        layout = slot_layout(rule, index, tensor)
        if info.name not in given:
            if layout.is_used and layout.count:
                raise InvalidArgument(
                    f"{arrays.name} lacks the slot {info.name!r} of {rule.name}: make_slots(rule, "
                    "param) makes all slots"
                )
            continue
        label = f"the slot {info.name!r} of {arrays.name}"
        value = given[info.name]
        array = (
            value.block_array() if isinstance(value, BlockQuantized) else take(value, label, True)
        )
        if array.count != layout.count:
            raise InvalidArgument(f"{label} has {array.count} elements, not {layout.count}")
        array.fill(made[index])
        kept.append(array)
    return made, kept


def _slot_shape(extent: int, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The natural shape of a slot: a row's number loses the columns, and so on."""
    natural = {
        CONSTANTS["EXTENT_ELEMENT"]: shape,
        CONSTANTS["EXTENT_ROW"]: shape[:-1],
        CONSTANTS["EXTENT_COLUMN"]: (*shape[:-2], *shape[-1:]),
        CONSTANTS["EXTENT_MATRIX"]: shape[:-2],
        CONSTANTS["EXTENT_TENSOR"]: (),
    }.get(extent, (count,))
    return natural if int(np.prod(natural)) == count else (count,)


def slot_shape(rule: RuleInfo, name: str, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape in which a slot is shown."""
    extents = {info.name: info.extent for info in rule.slots}
    extent = CONSTANTS.get(f"EXTENT_{extents.get(name, 'element').upper()}", 0)
    return _slot_shape(extent, shape, count)


def new_slots(
    rule: Rule, arrays: TensorArrays, dtype: Any = None
) -> dict[str, NdArray | BlockQuantized]:
    """The slots that the rule uses, at their initial values. dtype is the wanted one."""
    tensor = struct("tensor")
    arrays.fill(tensor)
    made: dict[str, NdArray | BlockQuantized] = {}
    for index, info in enumerate(rule.info.slots):
        layout = slot_layout(rule, index, tensor, dtype_code(dtype))
        if not layout.is_used:
            continue
        shape = _slot_shape(layout.extent, arrays.param.shape, layout.count)
        made[info.name] = _new_slot(layout, shape, arrays.param)
    return made


def _new_slot(layout: Any, shape: tuple[int, ...], param: Array) -> NdArray | BlockQuantized:
    made: NdArray | BlockQuantized
    if layout.dtype in NARROW:
        scales = np.zeros(layout.extra_bytes // 4, np.float32)
        name = "s1e4m3_b256" if layout.dtype == NARROW[0] else "e5m3_b256"
        made = BlockQuantized(np.zeros(layout.count, np.uint8), scales, name, shape)
        array = made.block_array()
    else:
        made = new_array(shape, layout.dtype)
        elements = made.view(np.uint16) if layout.dtype == BFLOAT16 else made
        array = Array(made, elements, layout.dtype, 0)
    if layout.start == CONSTANTS["START_PARAM"]:
        write_array(array, _numbers(param))
    elif layout.initial_value:
        write_array(array, np.full(layout.count, layout.initial_value))
    return made


def _numbers(param: Array) -> NdArray:
    """The param's numbers as float64; bfloat16 is the upper half of a float32."""
    elements = param.elements
    if param.code == BFLOAT16:
        wide = elements.astype(np.uint32) << 16
        if param.extra is not None:
            wide |= param.extra.elements
        return np.ascontiguousarray(wide).view(np.float32).astype(np.float64)
    return np.asarray(elements.astype(np.float64))
