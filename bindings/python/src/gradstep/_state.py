# SPDX-License-Identifier: Apache-2.0
"""The state of an optimizer's tensors as numpy arrays, and its notes."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import FLOAT32, FLOAT64, NdArray, dtype_name, new_array, numpy_dtype
from ._catalogue import rule_info
from ._errors import UnknownName, Unsupported
from ._handles import name_bytes
from ._library import STRUCTS, call, text
from ._tensors import slot_shape

if TYPE_CHECKING:
    from ._optimizer import Optimizer
    from ._record import Record

_Array = STRUCTS["gradstep_array"]
_OTHERS = ("average", "accumulated_grad")


class TensorState(Mapping[str, NdArray]):
    """The arrays of one tensor's state by name: the slots of its rule, "average" and
    "accumulated_grad", as far as they are there.

    float32, float64 and float16 (and bfloat16, where ml_dtypes is installed) are views of the
    optimizer's own elements: what is written to them counts in the next step. While such a view is
    in use, the tensor cannot be removed, moved to another group or replaced. Other dtypes come as
    read-only float32 copies."""

    def __init__(self, optimizer: Optimizer, record: Record) -> None:
        self._optimizer = optimizer
        self._record = record

    def _names(self) -> list[str]:
        rule = rule_info(self._optimizer.rule_name_of(self._record))
        return [*(slot.name for slot in rule.slots), *_OTHERS]

    def _array(self, name: str) -> tuple[Any, int]:
        made, count = _Array(), ctypes.c_size_t()
        call(
            "optimizer_get_array",
            self._optimizer.address,
            self._record.index,
            name_bytes(name, "the array's name"),
            ctypes.addressof(made),
            ctypes.addressof(count),
        )
        return made, count.value

    def __getitem__(self, name: str) -> NdArray:
        with self._optimizer.lock:
            try:
                array, count = self._array(name)
            except Unsupported as error:
                raise UnknownName(str(error)) from error
            shape = self._shape(name, count)
            dtype = numpy_dtype(array.dtype)
            if dtype is None or array.pitch:
                return self._copy(name)
            return self._view(array, dtype, shape)

    def _shape(self, name: str, count: int) -> tuple[int, ...]:
        if name in _OTHERS or name == "param":
            return self._record.shape
        rule = rule_info(self._optimizer.rule_name_of(self._record))
        return slot_shape(rule, name, self._record.shape, count)

    def _view(self, array: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NdArray:
        size = int(np.prod(shape)) * dtype.itemsize
        if not size:
            return np.empty(shape, dtype)
        memory: Any = (ctypes.c_char * size).from_address(array.data)
        memory.owner = self._optimizer.handle
        self._record.views.append(weakref.ref(memory))
        made: NdArray = np.ndarray(shape, dtype, buffer=memory)
        return made

    def _copy(self, name: str) -> NdArray:
        code = self._array("param")[0].dtype
        made = new_array(self._record.shape, FLOAT64 if code == FLOAT64 else FLOAT32)
        self._optimizer.export_array(self._record.name, name, made)
        made.flags.writeable = False
        return made

    def dtype(self, name: str) -> str:
        """The dtype in which the optimizer stores an array."""
        return dtype_name(self._array(name)[0].dtype)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._names() if self._is_there(name)])

    def _is_there(self, name: str) -> bool:
        try:
            return bool(self._array(name)[0].data) or not self._record.count
        except Unsupported:
            return False

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}: {self.dtype(name)}" for name in self)
        return f"<gradstep state of {self._record.name!r}: {parts}>"


class State(Mapping[str, TensorState]):
    """The state of all tensors: ``opt.state["w"]["exp_avg"]``."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def __getitem__(self, name: str) -> TensorState:
        return TensorState(self._optimizer, self._optimizer.record(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer)

    def __len__(self) -> int:
        return len(self._optimizer)

    def __repr__(self) -> str:
        return "\n".join(repr(state) for state in self.values()) or "<no state>"


class Notes(MutableMapping[str, str]):
    """Texts that checkpoints hold beside the state."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def __getitem__(self, name: str) -> str:
        found = ctypes.c_char_p()
        key = name_bytes(name, "the note's name")
        with self._optimizer.lock:  # the text is the library's until a note is set
            address = ctypes.addressof(found)
            call("optimizer_get_note", self._optimizer.address, key, address)
            return text(found.value)

    def __setitem__(self, name: str, value: str) -> None:
        key = name_bytes(name, "the note's name")
        content = name_bytes(value, "the note's text")
        with self._optimizer.lock:
            call("optimizer_set_note", self._optimizer.address, key, content)

    def __delitem__(self, name: str) -> None:
        with self._optimizer.lock:
            self[name]
            key = name_bytes(name, "the note's name")
            call("optimizer_set_note", self._optimizer.address, key, None)

    def _all(self) -> list[str]:
        count, name = ctypes.c_size_t(), ctypes.c_char_p()
        with self._optimizer.lock:
            address = self._optimizer.address
            call("optimizer_note_count", address, ctypes.addressof(count))
            names = []
            for index in range(count.value):
                call("optimizer_note_at", address, index, ctypes.addressof(name), None)
                names.append(text(name.value))
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(dict(self))
