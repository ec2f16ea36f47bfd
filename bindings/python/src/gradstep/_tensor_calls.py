# SPDX-License-Identifier: Apache-2.0
"""What an optimizer can do with one tensor or all of them, beside steps; copies and pickles."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from ._arrays import (
    BFLOAT16,
    FLOAT32,
    FLOAT64,
    NARROW,
    Array,
    NdArray,
    array_of,
    describe,
    dtype_code,
    dtype_name,
    new_array,
    numpy_dtype,
    struct_of,
)
from ._catalogue import rule_info
from ._handles import name_bytes, number, whole_number
from ._library import CONSTANTS, STRUCTS, call, described
from ._quantized import BlockQuantized
from ._record import Record
from ._records import Tensors
from ._results import TensorInfo
from ._rule import Rule
from ._tensors import TensorArrays, slot_shape

_ALL = CONSTANTS["ALL_TENSORS"]


class TensorCalls(Tensors):
    """The part of an `Optimizer` that looks into tensors and brings state from elsewhere."""

    def _index(self, name: str | None) -> int:
        return _ALL if name is None else self.record(name).index

    def arrays(self, name: str) -> dict[str, Any]:
        """The caller's arrays of a tensor: "param", "grad", "copy", "average" and "delta"; None for
        those that it does not have."""
        record = self.record(name)
        found = {"param": record.arrays.param, "grad": record.grad}
        found |= {key: getattr(record.arrays, key) for key in ("copy", "average", "delta")}
        return {key: None if array is None else array.object for key, array in found.items()}

    def tensor_info(self, name: str) -> TensorInfo:
        """A tensor in numbers."""
        record = self.record(name)
        made = described("optimizer_describe_tensor", "tensor_info", self.address, record.index)
        return TensorInfo(
            name,
            record.group.name,
            record.shape,
            dtype_name(made.param_dtype),
            made.step_count,
            made.accumulate_count,
            made.average_count,
            bool(made.is_frozen),
            bool(made.has_grad),
        )

    def set_frozen(self, name: str, is_frozen: bool = True) -> None:
        """A frozen tensor takes no part in steps."""
        call("optimizer_set_frozen", self.address, self._index(name), int(bool(is_frozen)))

    def set_tensor_step_count(self, step_count: int, name: str | None = None) -> None:
        """Sets t, the number of steps in which a tensor took part; None: of every tensor."""
        count = whole_number(step_count, "step_count")
        call("optimizer_set_tensor_step_count", self.address, self._index(name), count)

    def start_average(self, name: str | None = None) -> None:
        """Copies the param to its average, whose count becomes 1; None: for every average."""
        call("optimizer_start_average", self.address, self._index(name))

    def set_average_count(self, count: int, name: str | None = None) -> None:
        """Sets how many params an average holds; None: every average."""
        value = whole_number(count, "count")
        call("optimizer_set_average_count", self.address, self._index(name), value)

    def scalar(self, name: str, scalar: str) -> float:
        """A scalar of a tensor's rule, such as "d" of prodigy."""
        value = ctypes.c_double()
        key = name_bytes(scalar, "the scalar's name")
        address = ctypes.addressof(value)
        call("optimizer_get_scalar", self.address, self._index(name), key, address)
        return value.value

    def set_scalar(self, name: str, scalar: str, value: float) -> None:
        """Sets a scalar of a tensor's rule; one that all tensors share is that of all."""
        key = name_bytes(scalar, "the scalar's name")
        number_ = number(value, scalar)
        call("optimizer_set_scalar", self.address, self._index(name), key, number_)

    def _stored(self, record: Record, array_name: str) -> tuple[bytes, Any, int]:
        key = name_bytes(array_name, "the array's name")
        made, count = STRUCTS["gradstep_array"](), ctypes.c_size_t()
        addresses = (ctypes.addressof(made), ctypes.addressof(count))
        call("optimizer_get_array", self.address, record.index, key, *addresses)
        return key, made, count.value

    def export_array(
        self, name: str, array_name: str, out: Any = None, *, dtype: Any = None
    ) -> Any:
        """A copy of a tensor's array: a slot, "param", "average" or "accumulated_grad".

        out
            The array to write, of the stored array's size and of any dtype. None: a new one.
        dtype
            Of a new array; None: the stored one or, for dtypes that numpy lacks, float32. "8bit"
            gives a `BlockQuantized`."""
        with self.lock:
            record = self.record(name)
            key, stored, count = self._stored(record, array_name)
            if out is None:
                out = self._new_like(record, array_name, stored, count, dtype_code(dtype))
            to = array_of(out, "out", True)
            made = struct_of(to)
            address = ctypes.addressof(made)
            call("optimizer_export_array", self.address, record.index, key, address, to.count)
            return out

    def _new_like(
        self, record: Record, array_name: str, stored: Any, count: int, code: int
    ) -> NdArray | BlockQuantized:
        shape = record.shape
        if array_name not in ("param", "average", "accumulated_grad"):
            info = rule_info(self.rule_name_of(record))
            shape = slot_shape(info, array_name, shape, count)
        if code in NARROW:
            code = stored.dtype if stored.dtype in NARROW else code
            codes, scales = np.zeros(count, np.uint8), np.zeros(-(-count // 256), np.float32)
            return BlockQuantized(codes, scales, dtype_name(code), shape)
        if not code:
            code = stored.dtype if numpy_dtype(stored.dtype) is not None else FLOAT32
        return new_array(shape, code)

    def import_array(self, name: str, array_name: str, values: Any) -> None:
        """Sets a tensor's array, from an array of any dtype and the same size. An imported slot
        counts as used once the tensor's step count is above 0."""
        with self.lock:
            record = self.record(name)
            record.check()
            key = name_bytes(array_name, "the array's name")
            source = values.block_array() if isinstance(values, BlockQuantized) else None
            if source is None:
                found = describe(values, "values")
                source = found if isinstance(found, Array) else _contiguous(found)
            made = struct_of(source)
            address = ctypes.addressof(made)
            index, count = record.index, source.count
            call("optimizer_import_array", self.address, index, key, address, count)

    # ---- Copies and pickles

    def __copy__(self) -> Any:
        raise TypeError(
            "copy.copy of an Optimizer would share its arrays: use copy.deepcopy, which copies them"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Everything, the caller's arrays included; the library's part is a checkpoint."""
        with self.lock:
            return {
                "context": self._own_context,
                "options": self._options,
                "groups": [_group_state(group) for group in self._groups.values()],
                "tensors": [_tensor_state(record) for record in self.records()],
                "checkpoint": self.save_bytes(),  # type: ignore[attr-defined]
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._create(state["context"], state["options"])
        for group in state["groups"]:
            values = dict(group)
            rule = Rule(values.pop("rule"), **values.pop("values"))
            self.add_group(values.pop("name"), rule, **values)
        for tensor in state["tensors"]:
            values = dict(tensor)
            wanted, group = values.pop("slot_dtype"), values["group"]
            if wanted == dtype_code(self._slot_dtype(group)):
                self.add(**values)
            else:  # it was moved here from a group with slots of another dtype
                self._add_by_way(values, None if wanted == 0 else dtype_name(wanted))
        self.load(state["checkpoint"])  # type: ignore[attr-defined]

    def _slot_dtype(self, group: str) -> str | None:
        code = self._groups[group]._slot_dtype
        return None if code == 0 else dtype_name(code)

    def _add_by_way(self, values: dict[str, Any], slot_dtype: str | None) -> None:
        target = values["group"]
        self.add_group("\u200bby way", self._groups[target].rule, slot_dtype=slot_dtype)
        self.add(**{**values, "group": "\u200bby way"})
        self.move(values["name"], target)
        self.record(values["name"]).slot_dtype = dtype_code(slot_dtype)
        self.remove_group("\u200bby way")


def _contiguous(elements: NdArray) -> Array:
    copied = np.array(elements, order="C")
    codes = {"uint16": BFLOAT16, "float64": FLOAT64}
    code = codes.get(copied.dtype.name) or dtype_code(copied.dtype)
    return Array(copied, copied, code, 0)


def _group_state(group: Any) -> dict[str, Any]:
    return {
        "name": group.name,
        "rule": group._rule_name,
        "values": {key: group[key] for key in group},
        "lr_scale": group.lr_scale,
        "slot_dtype": None if group._slot_dtype == 0 else dtype_name(group._slot_dtype),
        "max_norm": group.max_norm,
    }


def _tensor_state(record: Record) -> dict[str, Any]:
    arrays: TensorArrays = record.arrays
    key, first_index, whole_count = arrays.place
    lower = arrays.param.extra
    made = {
        "param": arrays.param,
        "grad": record.grad,
        "copy": arrays.copy,
        "delta": arrays.delta,
        "lower_halves": lower,
    }
    values: dict[str, Any] = {
        what: None if array is None else array.object for what, array in made.items()
    }
    average = arrays.average
    return {
        **values,
        "name": record.name,
        "group": record.group.name,
        "average": False if average is None else average.object,
        "slots": record.slots,
        "key": key,
        "first_index": first_index,
        "whole_count": whole_count,
        "slot_dtype": record.slot_dtype,
    }
