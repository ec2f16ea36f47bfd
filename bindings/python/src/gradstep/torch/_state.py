# SPDX-License-Identifier: Apache-2.0
"""The state of one param: which tensors it consists of, their initial values, and the conversion
of a state that was loaded.

The state dict of a param holds what torch's does, under torch's names. An 8-bit slot is two
tensors: the codes under the slot's name, and their scales under <name>_scale."""

from __future__ import annotations

import ctypes
from typing import Any

import torch

from .._catalogue import RuleInfo, SlotInfo
from .._library import CONSTANTS, STRUCTS, call, struct
from ._options import DTYPES, EIGHT_BIT, Options
from ._rules import GroupRule
from ._shards import is_distributed, placed_as

_TORCH_DTYPES = {
    CONSTANTS["FLOAT32"]: torch.float32,
    CONSTANTS["FLOAT64"]: torch.float64,
    CONSTANTS["BFLOAT16"]: torch.bfloat16,
    CONSTANTS["FLOAT16"]: torch.float16,
    CONSTANTS["S1E4M3_B256"]: torch.uint8,
    CONSTANTS["E5M3_B256"]: torch.uint8,
}
EMA = "ema"
PARAM_LOW = "param_low"
STEP = "step"


def scale_name(slot: str) -> str:
    """The name of an 8-bit slot's scales in the state."""
    return slot + "_scale"


def needs_matrices(found: RuleInfo) -> bool:
    """Whether the rule keeps numbers for rows and columns."""
    return any(slot.extent != "element" for slot in found.slots)


def matrix_shape(param: torch.Tensor, found: RuleInfo) -> tuple[int, int]:
    """The rows and columns that the library is told; 0 and 0 for a flat tensor."""
    if needs_matrices(found) and param.dim() > 1 and param.numel() > 0:
        return param.shape[-2], param.shape[-1]
    return 0, 0


def real_count(tensor: torch.Tensor) -> int:
    """Elements as the library counts them: two for each complex number."""
    return tensor.numel() * (2 if tensor.is_complex() else 1)


def slot_shape(param: torch.Tensor, slot: SlotInfo, count: int) -> tuple[int, ...] | None:
    """The shape of a slot's tensor: None for that of the param. Of rows and columns torch keeps
    the other dimension, with size 1."""
    shape = list(param.shape)
    if slot.extent == "row":
        return (*shape[:-1], 1)
    if slot.extent == "column":
        return (*shape[:-2], 1, shape[-1])
    if slot.extent == "matrix":
        return (*shape[:-2], 1, 1)
    if slot.extent == "tensor":
        return (count,)
    return None


def real(tensor: torch.Tensor) -> torch.Tensor:
    """A complex tensor as pairs of real numbers; any other as it is."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def array_of(tensor: torch.Tensor, dtype: int, extra: torch.Tensor | None = None) -> Any:
    """A gradstep_array that points to a dense tensor."""
    return STRUCTS["gradstep_array"](
        data=tensor.data_ptr(), extra=None if extra is None else extra.data_ptr(), dtype=dtype
    )


def _as_float(tensor: torch.Tensor, dtype: int, scales: torch.Tensor | None) -> torch.Tensor:
    """An array's values as a contiguous float64 tensor of its own."""
    if scales is None:
        return real(tensor.detach()).to(torch.float64).contiguous()
    values = torch.empty(tensor.shape, dtype=torch.float64)
    codes = tensor.detach().contiguous()
    array = array_of(codes, dtype, scales.detach().contiguous())
    call("array_read", ctypes.addressof(array), tensor.numel(), values.data_ptr())
    return values


class StateLayout:
    """What the state of the params of one rule looks like."""

    def __init__(self, rule: GroupRule, options: Options) -> None:
        self.rule = rule
        self.options = options

    def slot_layout(self, index: int, param: torch.Tensor) -> Any:
        """The gradstep_slot_layout of a slot for this param."""
        rows, columns = matrix_shape(param, self.rule.description)
        tensor = struct("tensor", count=real_count(param), rows=rows, columns=columns)
        tensor.param.dtype = DTYPES[param.dtype]
        wanted = self.options.slot_dtype
        if wanted is None:
            wanted = 0 if param.dtype in (torch.float64, torch.complex128) else DTYPES[param.dtype]
        elif DTYPES[param.dtype] == CONSTANTS["FLOAT64"]:
            wanted = 0
        return self._layout(index, tensor, wanted)

    def _layout(self, index: int, tensor: Any, dtype: int) -> Any:
        """The gradstep_slot_layout of a slot for a gradstep_tensor, if this dtype is wanted."""
        layout = struct("slot_layout")
        addresses = ctypes.addressof(tensor), dtype, ctypes.addressof(layout)
        call("rule_slot_layout", self.rule.handle, index, *addresses)
        return layout

    def check_blocks(self, param: torch.Tensor) -> None:
        """Raises RuntimeError for a distributed param with a slot of 8-bit blocks."""
        if not self.options.has_blocks or not is_distributed(param):
            return
        slots = range(len(self.rule.description.slots))
        if any(self.slot_layout(index, param).dtype in EIGHT_BIT for index in slots):
            raise RuntimeError(
                f'state_dtype="8bit" does not support a {type(param).__name__}: blocks of 256 '
                "elements cannot be sharded anew"
            )

    def used_slots(self) -> tuple[bool, ...]:
        """Which slots the rule uses with its present hyper-parameters."""
        tensor = struct("tensor", count=4, rows=2, columns=2)
        tensor.param.dtype = CONSTANTS["FLOAT32"]
        slots = range(len(self.rule.description.slots))
        return tuple(bool(self._layout(index, tensor, 0).is_used) for index in slots)

    def complete(self, param: torch.Tensor, state: dict[str, Any]) -> bool:
        """Adds what the state lacks, and converts what has another dtype than it should have. Says
        whether a slot was added: it is then fresh. Raises ValueError for a slot of another
        shape."""
        added = False
        for index, slot in enumerate(self.rule.description.slots):
            layout = self.slot_layout(index, param)
            if not layout.is_used or (layout.count == 0 and param.numel() > 0):
                continue
            found = state.get(slot.name)
            if found is None:
                self._add(param, state, slot, layout)
                added = True
            else:
                self._conform(param, state, slot, layout, found)
        self._complete_scalars(state)
        options = self.options
        for name in (PARAM_LOW, EMA):
            if name in state:
                state[name] = placed_as(param, state[name])
        if options.split_bf16 and param.dtype == torch.bfloat16 and PARAM_LOW not in state:
            state[PARAM_LOW] = torch.zeros_like(param, dtype=torch.int16)
        if options.split_bf16 and param.dtype == torch.bfloat16:
            self._check_like(param, state, PARAM_LOW)
            if state[PARAM_LOW].dtype != torch.int16:
                raise ValueError(
                    f"state {PARAM_LOW!r} has the dtype {state[PARAM_LOW].dtype}; it is torch.int16"
                )
        if options.ema is not None and EMA not in state:
            state[EMA] = param.detach().clone().to(self.average_dtype(param))
        if options.ema is not None:
            self._check_like(param, state, EMA)
            if state[EMA].dtype != self.average_dtype(param):
                state[EMA] = state[EMA].to(self.average_dtype(param))
        return added

    @staticmethod
    def _check_like(param: torch.Tensor, state: dict[str, Any], name: str) -> None:
        """Raises ValueError for a state that is no tensor of its param's shape."""
        found = state[name]
        if not isinstance(found, torch.Tensor) or found.layout != torch.strided:
            raise ValueError(f"state {name!r} is {found!r}; it is a dense tensor")
        if found.shape != param.shape:
            raise ValueError(
                f"state {name!r} has the shape {tuple(found.shape)}; for a param of the shape "
                f"{tuple(param.shape)} it is {tuple(param.shape)}"
            )

    @staticmethod
    def average_dtype(param: torch.Tensor) -> torch.dtype:
        """A moving average has the type of the arithmetic."""
        if param.dtype in (torch.float64, torch.complex64, torch.complex128):
            return param.dtype
        return torch.complex64 if param.dtype == torch.complex32 else torch.float32

    def _complete_scalars(self, state: dict[str, Any]) -> None:
        for scalar in self.rule.description.tensor_scalars:
            if state.get(scalar.name) is None:
                start = self.rule.initial_value(scalar)
                state[scalar.name] = torch.tensor(start, dtype=torch.float64)
        if STEP not in state and self.counts_steps:
            state[STEP] = torch.tensor(0.0, dtype=torch.float32)

    @property
    def counts_steps(self) -> bool:
        """torch's SGD keeps no step, because only stochastic rounding and averages use it."""
        options = self.options
        return (
            self.rule.name != "sgd"
            or options.rounds_state
            or options.stochastic_rounding
            or options.ema is not None
        )

    def _add(self, param: torch.Tensor, state: dict[str, Any], slot: SlotInfo, layout: Any) -> None:
        shape = slot_shape(param, slot, layout.count)
        if layout.dtype in EIGHT_BIT:
            codes, scales = self._eight_bit(param, layout)
            state[slot.name], state[scale_name(slot.name)] = codes, scales
            if slot.start == "param" or layout.initial_value:
                start = _as_float(param, DTYPES[param.dtype], None)
                values = (
                    start if slot.start == "param" else torch.full_like(start, layout.initial_value)
                )
                self._write(codes, layout.dtype, scales, values)
            return
        dtype = _TORCH_DTYPES[layout.dtype]
        if shape is not None:
            state[slot.name] = torch.full(shape, layout.initial_value, dtype=dtype)
            return
        if param.is_complex():
            dtype = {torch.float32: torch.complex64, torch.float64: torch.complex128}.get(
                dtype, torch.complex32
            )
        if slot.start == "param":
            state[slot.name] = param.detach().clone(memory_format=torch.preserve_format).to(dtype)
            return
        made = torch.zeros_like(param, dtype=dtype, memory_format=torch.preserve_format)
        if layout.initial_value:
            real(made).fill_(layout.initial_value)
        state[slot.name] = made

    @staticmethod
    def _eight_bit(param: torch.Tensor, layout: Any) -> tuple[torch.Tensor, torch.Tensor]:
        if param.is_complex():
            codes = torch.zeros((*param.shape, 2), dtype=torch.uint8)
        else:
            codes = torch.zeros_like(param, dtype=torch.uint8)
        return codes, torch.zeros(layout.extra_bytes // 4, dtype=torch.float32)

    @staticmethod
    def _write(
        codes: torch.Tensor, dtype: int, scales: torch.Tensor | None, values: torch.Tensor
    ) -> None:
        array = array_of(codes, dtype, scales)
        call("array_write", ctypes.addressof(array), values.numel(), values.data_ptr())

    def _conform(
        self,
        param: torch.Tensor,
        state: dict[str, Any],
        slot: SlotInfo,
        layout: Any,
        found: torch.Tensor,
    ) -> None:
        """Converts a slot that was loaded, from another dtype or shape of the same meaning."""
        name = slot.name
        scales = state.get(scale_name(name))
        for key, value in ((name, found), (scale_name(name), scales)):
            if value is None:
                continue
            if not isinstance(value, torch.Tensor) or value.layout != torch.strided:
                raise ValueError(f"state {key!r} is {value!r}; it is a dense tensor")
        wants_8bit = layout.dtype in EIGHT_BIT
        is_8bit = scales is not None and found.dtype == torch.uint8
        shape = slot_shape(param, slot, layout.count)
        expected = tuple(param.shape if shape is None else shape)
        if not is_8bit and tuple(found.shape) != expected:
            raise ValueError(
                f"state {name!r} has the shape {tuple(found.shape)}; for a param of the shape "
                f"{tuple(param.shape)} it is {expected}"
            )
        if shape is None and not is_8bit:
            found = placed_as(param, found)
            if found is not state[name]:
                state[name] = found
        if wants_8bit == is_8bit and (is_8bit or real(found).dtype == _TORCH_DTYPES[layout.dtype]):
            if scales is not None and (
                real_count(found) != layout.count
                or scales.numel() * 4 != layout.extra_bytes
                or scales.dtype != torch.float32
            ):
                raise ValueError(
                    f"state {name!r} has another number of elements or scales than its param"
                )
            return
        source = layout.dtype if is_8bit else 0
        if is_8bit and not wants_8bit:
            source = self._eight_bit_dtype(slot)
        values = _as_float(found, source, scales if is_8bit else None)
        del state[name]
        state.pop(scale_name(name), None)
        self._add(param, state, slot, layout)
        if wants_8bit:
            self._write(state[name], layout.dtype, state[scale_name(name)], values)
        else:
            wanted = real(state[name])
            values = values.reshape(wanted.shape)
            wanted.copy_(placed_as(param, values) if shape is None else values)

    def _eight_bit_dtype(self, slot: SlotInfo) -> int:
        """The 8-bit dtype that suits a slot, whatever its param is."""
        index = self.rule.description.slots.index(slot)
        tensor = struct("tensor", count=1 << 20)
        tensor.param.dtype = CONSTANTS["FLOAT32"]
        return int(self._layout(index, tensor, EIGHT_BIT[0]).dtype)
