# SPDX-License-Identifier: Apache-2.0
"""The optimizer: groups of tensors with their state, step counts and learning rates."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from . import _checkpoints
from ._arrays import Array, array_of
from ._context import Context
from ._errors import InvalidArgument
from ._handles import number, whole_number
from ._library import CONSTANTS, call, struct
from ._record import Record
from ._results import LoadResult, StepResult, step_result
from ._rule import Rule
from ._scalers import LossScaler
from ._schedule import Schedule
from ._settings import Settings
from ._stepping import Stepping
from ._tensor_calls import TensorCalls

_ALL = CONSTANTS["ALL_TENSORS"]


class Optimizer(TensorCalls, Settings):
    """Updates params in place.

    ::

        opt = gradstep.Optimizer({"w": w, "b": b}, "adamw", lr=1e-3)
        opt.step({"w": gradient_of_w, "b": gradient_of_b})
        opt.save("run.safetensors")

    params
        A dict of arrays by name, or a list of arrays, which are named "0", "1" ... They go into a
        group named "default". See `add` for what an array may be.
    rule, hyperparameters
        A `Rule` or a name of `rules`, and values for it. None: no group yet; see `add_group`.
    schedule, lr_scale, slot_dtype
        Of the group "default": see `add_group`.
    context
        Threads and instruction set. None: the process's.
    max_norm, max_value
        Clip the gradients: by the global norm of a step, and each element.
    average_decay, average_equal
        Keeps a moving average of each param, with this decay or with equal weights.
    check_finite
        Skips a step if a gradient is infinite or NaN.
    zero_grad
        Zeroes the gradients after a step, in the same pass.
    stochastic_params, nearest_slots, seed
        Rounding of 16-bit params and of narrow slots.
    loss_scaler
        A `LossScaler`, which is copied.

    deepcopy and pickle copy everything, the arrays of params included; the copy continues to the
    bit. Any threads may call one optimizer; calls wait for each other where they have to.

    The formulas and their sources: ``gradstep.rules()["adamw"]``."""

    def __init__(
        self,
        params: Any = None,
        rule: Rule | str | None = "adamw",
        *,
        schedule: Schedule | None = None,
        lr_scale: float | None = None,
        slot_dtype: Any = None,
        context: Context | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        average_decay: float | None = None,
        average_equal: bool = False,
        check_finite: bool = False,
        zero_grad: bool = False,
        stochastic_params: bool = False,
        nearest_slots: bool = False,
        seed: int = 0,
        loss_scaler: LossScaler | None = None,
        **hyperparameters: Any,
    ) -> None:
        options = {
            "max_norm": max_norm,
            "max_value": max_value,
            "average_decay": average_decay,
            "average_equal": average_equal,
            "check_finite": check_finite,
            "zero_grad": zero_grad,
            "stochastic_params": stochastic_params,
            "nearest_slots": nearest_slots,
            "seed": seed,
        }
        self._create(context, options)
        if loss_scaler is not None:
            self.loss_scaler = loss_scaler
        if rule is not None:
            self.add_group(
                "default",
                rule,
                params,
                schedule=schedule,
                lr_scale=lr_scale,
                slot_dtype=slot_dtype,
                **hyperparameters,
            )
        elif params is not None or hyperparameters or schedule is not None:
            raise InvalidArgument("without a rule there is no group for params or hyper-parameters")

    # ---- Steps

    def step(
        self,
        grads: Any = None,
        *,
        grad_scale: float | None = None,
        grad_norm: float | None = None,
        non_finite_count: int = 0,
        inspected: bool = False,
    ) -> StepResult:
        """Steps every tensor that has a gradient and is not frozen.

        grads
            The gradients from now on, as in `set_grads`. None: those that are set already.
        grad_scale
            Multiplies each gradient.
        grad_norm, non_finite_count
            The norm of all scaled gradients and the number of elements that are not finite, if
            they are known already.
        inspected
            Both come from `inspect`.

        Raises `InvalidArgument`, `WrongOrder`; nothing has changed then."""
        with self.lock:
            for record in self.records():
                record.check(grads is None)
            if grads is not None:
                self._bind(grads)
            result = struct("apply_result")
            if grad_scale is None and grad_norm is None and not inspected:
                options = None
            else:
                made = _step_options(grad_scale, grad_norm, non_finite_count, inspected)
                options = ctypes.addressof(made)
            call("optimizer_step", self.address, options, ctypes.addressof(result))
        return step_result(result)

    def stepping(
        self,
        *,
        grad_scale: float | None = None,
        grad_norm: float | None = None,
        non_finite_count: int = 0,
        inspected: bool = False,
    ) -> Stepping:
        """A step made tensor by tensor, to the same bits: see `Stepping`. max_norm, check_finite
        and a loss scaler need all gradients first: pass grad_norm, or `inspect` and ``inspected``.
        """
        return Stepping(self, _step_options(grad_scale, grad_norm, non_finite_count, inspected))

    def set_grads(self, grads: Any) -> None:
        """Sets the gradients from now on: a dict by tensor name, or a list in the order of adding.
        Tensors that it does not name, or names with None, have none and take no part in steps.
        The arrays are kept, and read again by each step, until others are set."""
        with self.lock:
            self._bind(grads)

    def _bind(self, grads: Any) -> None:
        if not isinstance(grads, Mapping):
            grads = self._by_name(grads)
        fresh: list[tuple[Record, Array | None]] = []
        table_is_right = self._table is not None
        for name, value in grads.items():
            record = self.record(name)
            if value is None:
                continue
            old = record.grad
            if old is None or value is not old.object or not table_is_right:
                fresh.append((record, self._grad_array(record, value)))
            else:
                old.check("grad", bool(self._options["zero_grad"]))
        for record in self.records():
            if record.grad is not None and grads.get(record.name) is None:
                fresh.append((record, None))
        if fresh:
            self._set_table(fresh)

    def _by_name(self, grads: Any) -> dict[str, Any]:
        if not isinstance(grads, (list, tuple)):
            raise TypeError(f"grads is a {type(grads).__name__}; it is a dict or a list of arrays")
        if len(grads) != len(self):
            raise InvalidArgument(f"{len(grads)} grads for {len(self)} tensors")
        return dict(zip(self, grads, strict=True))

    def _grad_array(self, record: Record, value: Any) -> Array:
        label = f"the grad of {record.name}"
        made = array_of(value, label, bool(self._options["zero_grad"]))
        record.arrays.check_shape(made, label)
        return made

    def _change_grad_kind(self, record: Record, array: Array) -> None:
        """The library takes another dtype or pitch of gradients with new arrays only."""
        if made_alike(record, array):
            return
        arrays = record.arrays.with_grad(array)
        self._replace(record, arrays, None, record.slots)

    def _set_table(self, fresh: list[tuple[Record, Array | None]]) -> None:
        for record, array in fresh:
            if array is not None:
                self._change_grad_kind(record, array)
        table = self._table
        if table is None:
            table = (ctypes.c_void_p * self._info().tensor_end)()
            for record in self.records():
                table[record.index] = record.grad.address if record.grad is not None else None
        self._table = None  # until the library and the records agree again
        for record, array in fresh:
            table[record.index] = None if array is None else array.address
        call("optimizer_set_grads", self.address, 0, len(table), ctypes.addressof(table))
        for record, array in fresh:
            record.grad = array
        self._table = table

    def set_grad(self, name: str, grad: Any) -> None:
        """Sets one tensor's gradient, from now on; None: it takes no part in steps."""
        with self.lock:
            record = self.record(name)
            array = None if grad is None else self._grad_array(record, grad)
            if array is not None and not made_alike(record, array):
                self._change_grad_kind(record, array)
                return
            address = None if array is None else array.address
            call("optimizer_set_grad", self.address, record.index, address)
            record.grad = array
            self._table = None

    def accumulate(self, name: str | None = None, scale: float = 1.0) -> None:
        """Adds scale times the gradient to a sum, which the next step uses instead. None: for every
        tensor that has a gradient and is not frozen."""
        index = self._checked_index(name)
        call("optimizer_accumulate", self.address, index, number(scale, "scale"))

    def inspect(self, name: str | None = None, grad_scale: float = 1.0) -> None:
        """Reads a gradient as soon as it is there, for the next step with ``inspected=True``. None:
        every gradient that has not been inspected yet."""
        index = self._checked_index(name)
        call("optimizer_inspect", self.address, index, number(grad_scale, "grad_scale"))

    def _checked_index(self, name: str | None) -> int:
        records = self.records() if name is None else [self.record(name)]
        for record in records:
            record.check()
        return _ALL if name is None else records[0].index

    # ---- Checkpoints and copies

    def save(self, file: Any, *, params: bool = False) -> None:
        """Writes the whole state as a safetensors file.

        file
            A path, whose file is replaced as a whole or not at all, or an object with write().
        params
            Includes the params.

        Raises `FileError`, and what write() raises."""
        _checkpoints.save(self.address, file, params)

    def save_bytes(self, *, params: bool = False) -> bytes:
        """The checkpoint as bytes."""
        return _checkpoints.save_bytes(self.address, params)

    def load(
        self,
        file: Any,
        *,
        params: bool = False,
        partial: bool = False,
        keep_settings: bool = False,
        any_group: bool = False,
        start_missing: bool = False,
        prefix: str | None = None,
        file_prefix: str | None = None,
    ) -> LoadResult:
        """Loads a checkpoint into an optimizer that has the same groups and tensors.

        file
            A path, bytes, or an object with read() and seek(), which is read from where it is.
        params
            Loads the params too.
        partial
            Loads the tensors that fit, and no others.
        keep_settings
            Loads no hyper-parameters, schedules, plateaus and loss scaler.
        any_group
            Groups and rules may differ: tensors, slots and scalars are matched by name.
        start_missing
            What the checkpoint lacks starts afresh.
        prefix, file_prefix
            Tensors whose names begin with file_prefix are those that begin with prefix here.

        Raises `CorruptCheckpoint`, `CheckpointMismatch`, `FileError`; nothing has changed then."""
        flags = {
            "params": params,
            "partial": partial,
            "keep_settings": keep_settings,
            "any_group": any_group,
            "start_missing": start_missing,
        }
        with self.lock:
            for record in self.records():
                record.check()
            return _checkpoints.load(self.address, file, prefix, file_prefix, flags)


def made_alike(record: Record, array: Array) -> bool:
    """The array is of the dtype and pitch that the library knows of the tensor's gradients."""
    return array.code == record.grad_code and array.pitch == record.grad_pitch


def _step_options(
    grad_scale: float | None, grad_norm: float | None, non_finite_count: int, inspected: bool
) -> Any:
    made = struct("step_options")
    if grad_scale is not None:
        made.flags |= CONSTANTS["STEP_GRAD_SCALE"]
        made.grad_scale = number(grad_scale, "grad_scale")
    if grad_norm is not None:
        made.flags |= CONSTANTS["STEP_GRAD_NORM"]
        made.grad_norm = number(grad_norm, "grad_norm")
    made.non_finite_count = whole_number(non_finite_count, "non_finite_count")
    if inspected:
        made.flags |= CONSTANTS["STEP_INSPECTED"]
    return made
