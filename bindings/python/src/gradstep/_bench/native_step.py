# SPDX-License-Identifier: Apache-2.0
"""Steps of numpy arrays by the bare call of the C interface: all that is in the time of a step is
the call itself."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from .._context import shared_context
from .._library import CONSTANTS, STRUCTS, call, described, failure, library, struct
from .cases import Shapes

_NUMPY_DTYPES = {
    CONSTANTS["FLOAT32"]: np.float32,
    CONSTANTS["FLOAT64"]: np.float64,
}


class NativeStep:
    """Params, gradients and state of a rule, and the structs that describe them."""

    def __init__(
        self, rule_name: str, shapes: Shapes, options: dict[str, Any], is_complete: bool = False
    ) -> None:
        self._rule = ctypes.c_void_p()
        call("rule_create", rule_name.encode(), ctypes.addressof(self._rule))
        for name, value in options.items():
            call("rule_set", self._rule, name.encode(), value)
        self._rule_name = rule_name
        self._arrays: list[Any] = []
        self.params: list[Any] = []
        self.grads: list[Any] = []
        self._tensors = (STRUCTS["gradstep_tensor"] * len(shapes))()
        random = np.random.default_rng(1)
        for row, shape in enumerate(shapes):
            self._add(self._tensors[row], shape, random, is_complete)
        self._options = struct("apply_options")
        if is_complete:
            self._set_complete()
        self._result = struct("apply_result")
        self.set_threads(1)

    def set_threads(self, count: int) -> None:
        """How many threads the following steps use."""
        self._context = shared_context(count)
        self._call = (
            self._context.handle,
            self._rule,
            ctypes.addressof(self._tensors),
            len(self._tensors),
            ctypes.addressof(self._options),
            ctypes.addressof(self._result),
        )

    def _set_complete(self) -> None:
        options = self._options
        for name in ("GRAD_SCALE", "CHECK_FINITE", "MAX_NORM", "AVERAGE", "ZERO_GRAD"):
            options.flags |= CONSTANTS[f"APPLY_{name}"]
        options.grad_scale, options.max_norm = 1 / LOSS_SCALE, MAX_NORM
        options.average_decay = AVERAGE_DECAY

    def _array(self, values: Any, dtype: int = CONSTANTS["FLOAT32"]) -> Any:
        self._arrays.append(values)
        return STRUCTS["gradstep_array"](data=values.ctypes.data, dtype=dtype)

    def _add(self, tensor: Any, shape: tuple[int, ...], random: Any, is_complete: bool) -> None:
        param = random.standard_normal(shape, np.float32) * np.float32(0.02)
        grad = random.standard_normal(shape, np.float32) * np.float32(0.01)
        self.params.append(param)
        self.grads.append(grad)
        tensor.struct_size = ctypes.sizeof(tensor)
        tensor.count = param.size
        info = described("rule_describe", "rule_info", self._rule_name.encode())
        tensor.param, tensor.grad = self._array(param), self._array(grad)
        if is_complete:
            tensor.copy = self._array(np.zeros(shape, np.uint16), CONSTANTS["BFLOAT16"])
            tensor.average = self._array(param.copy())
        if len(shape) == 2:
            tensor.rows, tensor.columns = shape
            layouts = self._layouts(tensor, info.slot_count)
            if all(layout.extent == CONSTANTS["EXTENT_ELEMENT"] for layout in layouts):
                tensor.rows = tensor.columns = 0
        self._add_slots(tensor, info)
        self._add_scalars(tensor, info)

    def _layouts(self, tensor: Any, count: int) -> list[Any]:
        found = []
        for index in range(count):
            layout = struct("slot_layout")
            call(
                "rule_slot_layout",
                self._rule,
                index,
                ctypes.addressof(tensor),
                0,
                ctypes.addressof(layout),
            )
            found.append(layout)
        return found

    def _add_slots(self, tensor: Any, info: Any) -> None:
        slots = (STRUCTS["gradstep_array"] * max(info.slot_count, 1))()
        for slot, layout in zip(slots, self._layouts(tensor, info.slot_count), strict=False):
            slot.dtype = layout.dtype
            if layout.is_used and layout.count:
                made = np.full(layout.count, layout.initial_value, _NUMPY_DTYPES[layout.dtype])
                slot.data = made.ctypes.data
                self._arrays.append(made)
        self._arrays.append(slots)
        tensor.slots, tensor.slot_count = ctypes.addressof(slots), info.slot_count

    def _add_scalars(self, tensor: Any, info: Any) -> None:
        found = [
            described("rule_describe_scalar", "scalar_info", self._rule_name.encode(), index)
            for index in range(info.scalar_count)
        ]
        values = [each.initial_value for each in found]
        if values:
            scalars = np.array(values, np.float64)
            self._arrays.append(scalars)
            tensor.scalars, tensor.scalar_count = scalars.ctypes.data, len(values)

    def step(self) -> None:
        """One call."""
        self._options.step += 1
        status = library.gradstep_apply(*self._call)
        if status:
            raise failure(status)

    def close(self) -> None:
        """Frees the rule."""
        library.gradstep_rule_destroy(self._rule)
        self._rule = ctypes.c_void_p()


LOSS_SCALE, MAX_NORM, AVERAGE_DECAY = 1024.0, 1.0, 0.999
NATIVE_CALL = "gradstep native call"
