# SPDX-License-Identifier: Apache-2.0
"""The tensors of an optimizer, and how they are added, replaced, moved and removed.

The library keeps addresses of the caller's arrays. A record therefore holds the arrays until the
library has forgotten them. What a call changes in the library and what it changes in records belong
together: both are within the lock, for which Ctrl-C waits."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ._arrays import array_of, dtype_code, new_array
from ._context import Context, shared_context
from ._errors import InvalidArgument, UnknownName
from ._groups import Group, Groups, group_options, schedule_handle
from ._handles import Handle, name_bytes
from ._interrupts import Lock
from ._library import call, library, struct
from ._options import LASTING, fill_options
from ._record import Record
from ._rule import Rule, rule_of
from ._schedule import Schedule
from ._tensors import TensorArrays, slot_arrays

KEEP: Any = object()  # an argument that was not given


class COptimizer(Handle):
    """A gradstep_optimizer. It keeps the context's handle, which is destroyed after it."""

    __slots__ = ()
    destroy = staticmethod(library.gradstep_optimizer_destroy)


class Tensors:
    """The part of an `Optimizer` that holds groups and tensors."""

    def _create(self, context: Context | None, options: dict[str, Any]) -> None:
        if context is not None and not isinstance(context, Context):
            raise TypeError(f"context is {context!r}; it is a Context")
        self._own_context = context
        self._options = {**LASTING, **options}
        self._pid = os.getpid()
        self._lock = Lock()
        self._groups: dict[str, Group] = {}
        self._records: dict[str, Record] = {}
        self._table: Any = None  # the gradients' addresses by index, as the library has them
        made = struct("optimizer_options")
        fill_options(made, self._options)
        used = context if context is not None else shared_context()
        handle = used.handle
        self._handle = COptimizer("optimizer_create", handle, ctypes.addressof(made), keep=handle)

    @property
    def handle(self) -> Handle:
        """Owns the gradstep_optimizer."""
        return self._handle

    @property
    def address(self) -> int:
        """The address of the gradstep_optimizer, for calls of the C interface."""
        return self._handle

    @property
    def lock(self) -> Lock:
        """Held while records change. A child process gets a new one: nobody would release it."""
        if self._pid != os.getpid():
            self._lock = Lock()
            self._pid = os.getpid()
        return self._lock

    @property
    def groups(self) -> Groups:
        """The groups, by name."""
        return Groups(self._groups)

    def add_group(
        self,
        name: str,
        rule: Rule | str = "adamw",
        params: Any = None,
        *,
        schedule: Schedule | None = None,
        lr_scale: float | None = None,
        slot_dtype: Any = None,
        max_norm: float | None = None,
        **values: Any,
    ) -> Group:
        """Adds a group, and to it the params: a dict of arrays by name.

        rule, values
            A `Rule`, which is copied, or a name; hyper-parameters that replace the rule's.
        schedule
            Copied; its base rate is the rule's lr.
        lr_scale
            Multiplies the schedule's rate.
        slot_dtype
            None (that of the arithmetic), "float32", "bfloat16", "float16" or "8bit".
        max_norm
            Clips the group by the norm of its own gradients.

        Raises `InvalidArgument` for a name that is taken and inconsistent hyper-parameters."""
        encoded = name_bytes(name, "the group's name")
        made_rule = rule_of(rule, values)
        rule_handle = made_rule.handle
        handle = None if schedule is None else schedule_handle(schedule)
        code = dtype_code(slot_dtype)
        group = Group(self, name, made_rule.name, code)  # type: ignore[arg-type]
        options = group_options(
            encoded,
            rule_handle,
            handle,
            lr_scale,
            code,
            max_norm,
        )
        with self.lock:
            call(
                "optimizer_add_group",
                self.address,
                ctypes.addressof(options),
                ctypes.addressof(group._index),
            )
            self._groups[name] = group
        self.add_all(params, group=name)
        return group

    def remove_group(self, name: str) -> None:
        """Removes a group that has no tensors."""
        with self.lock:
            call("optimizer_remove_group", self.address, self.groups[name].index)
            del self._groups[name]

    def _group(self, name: str | None) -> Group:
        if name is not None:
            return self.groups[name]
        if not self._groups:
            raise InvalidArgument("the optimizer has no group: use add_group first")
        return next(iter(self._groups.values()))

    def add_all(self, params: Any, group: str | None = None) -> None:
        """Adds several params: a dict of arrays by name, or a list of arrays, which are named by
        their place: "0", "1" ..."""
        if params is None:
            return
        if isinstance(params, Mapping):
            pairs: Iterable[tuple[Any, Any]] = list(params.items())
        elif isinstance(params, (list, tuple)):
            start = len(self)
            pairs = [(str(start + index), param) for index, param in enumerate(params)]
        else:
            raise TypeError(f"params is a {type(params).__name__}; it is a dict or list of arrays")
        for name, param in pairs:
            self.add(name, param, group=group)

    def add(
        self,
        name: str,
        param: Any,
        grad: Any = None,
        *,
        group: str | None = None,
        copy: Any = None,
        average: Any = None,
        delta: Any = None,
        lower_halves: Any = None,
        slots: Mapping[str, Any] | None = None,
        frozen: bool = False,
        key: int = 0,
        first_index: int = 0,
        whole_count: int = 0,
    ) -> None:
        """Adds a tensor. The optimizer updates its arrays in place, and keeps them.

        name
            Unique among tensors; 1 to 255 bytes of UTF-8.
        param
            float32, float64, bfloat16 or float16; writable, contiguous, or a matrix whose rows are.
        grad
            An array of the param's shape, whose elements each step reads. `step` can set others.
        group
            A group's name; None: the first one.
        copy
            Gets the new param in its own dtype: float32, bfloat16 or float16.
        average
            The moving average, float64 beside a float64 param, else float32. True: a new array.
            By default there is one if the optimizer has average_decay or average_equal.
        delta
            Gets the change of the param, which the step then leaves as it is.
        lower_halves
            uint16: the lower halves of exact float32 params whose upper halves are `param`.
        slots
            The caller's own slots (see `make_slots`). By default the library has them.
        frozen
            The tensor takes no part in steps.
        key, first_index, whole_count
            For stochastic rounding, and for a piece of a tensor that is split.

        Raises `InvalidArgument` for a name that is taken, a wrong shape, a read-only, misaligned
        or strided array, and one that overlaps another tensor's; `TypeError` for what is no array
        of floats."""
        encoded = name_bytes(name)
        with self.lock:
            if name in self._records:
                raise InvalidArgument(f"the name {name!r} is taken by another tensor")
            owner = self._group(group)
            if average is None and delta is None:
                average = bool(self._options["average_equal"]) or (
                    self._options["average_decay"] is not None
                )
            arrays = self._arrays(name, param, grad, copy, average, delta, lower_halves)
            arrays.set_place(key, first_index, whole_count)
            record = Record(name, owner, arrays, None if slots is None else dict(slots))
            made, record.keep = self._struct(record, arrays)
            index = ctypes.c_size_t()
            call(
                "optimizer_add_tensor",
                self.address,
                owner.index,
                encoded,
                ctypes.addressof(made),
                ctypes.addressof(index),
            )
            record.index = index.value
            self._records[name] = record
            self._table = None
            if frozen:
                call("optimizer_set_frozen", self.address, record.index, 1)

    def _arrays(
        self, name: str, param: Any, grad: Any, copy: Any, average: Any, delta: Any, lower: Any
    ) -> TensorArrays:
        if isinstance(average, bool):
            plain = TensorArrays(array_of, name, param)
            average = new_array(plain.param.shape, plain.arithmetic()) if average else None
        zeroes = bool(self._options["zero_grad"])
        return TensorArrays(
            array_of,
            name,
            param,
            grad,
            copy=copy,
            average=average,
            delta=delta,
            lower_halves=lower,
            grad_is_written=zeroes,
        )

    def _struct(self, record: Record, arrays: TensorArrays) -> tuple[Any, tuple[Any, ...]]:
        made = struct("tensor")
        arrays.fill(made)
        if arrays.grad is None:
            made.grad.dtype = record.grad_code
        if record.slots is None:
            return made, (arrays,)
        rule = record.group.rule
        slots, kept = slot_arrays(rule, record.slots, made, arrays, array_of)
        made.slot_count = len(rule.info.slots)
        made.slots = ctypes.addressof(slots)
        return made, (arrays, slots, kept)

    def remove(self, name: str) -> None:
        """Removes a tensor and its state. Its arrays are the caller's again."""
        with self.lock:
            record = self.record(name)
            record.refuse_views()
            call("optimizer_remove_tensor", self.address, record.index)
            del self._records[name]
            self._table = None

    def move(self, name: str, group: str) -> None:
        """Moves a tensor to another group. Slots that both rules have, by name, go along."""
        with self.lock:
            record, target = self.record(name), self.groups[group]
            if target is not record.group:
                record.refuse_views()
            call("optimizer_move_tensor", self.address, record.index, target.index)
            record.group = target

    def set_param(
        self,
        name: str,
        param: Any,
        grad: Any = None,
        *,
        sources: Any = None,
        copy: Any = KEEP,
        average: Any = KEEP,
        delta: Any = KEEP,
        lower_halves: Any = None,
        slots: Mapping[str, Any] | None = None,
    ) -> None:
        """Replaces a tensor's arrays; the elements of the new ones are the caller's.

        sources
            None: the arrays have moved, and the state goes on. Otherwise the tensor grows, shrinks
            or is sorted anew: sources[i] is the old item whose state new item i continues, or -1
            for an item that begins. An item is a row, or arrays.size / len(sources) elements.
        copy, average, delta
            As in `add`; not given: they stay, which needs an unchanged shape.
        slots
            The new places of slots that the caller owns.

        Raises as `add` does; `Unsupported` for a slot that cannot go along."""
        with self.lock:
            record = self.record(name)
            given = {"copy": copy, "average": average, "delta": delta}
            for what, value in given.items():
                array = getattr(record.arrays, what)
                if value is KEEP:
                    given[what] = None if array is None else array.object
            kept = (given["copy"], given["average"], given["delta"])
            arrays = self._arrays(name, param, grad, *kept, lower_halves)
            arrays.set_place(*record.arrays.place)
            self._replace(record, arrays, sources, record.slots if slots is None else dict(slots))

    def _replace(self, record: Record, arrays: TensorArrays, sources: Any, slots: Any) -> None:
        """set_param with arrays that are checked."""
        items = _sources(sources)
        if items is not None or arrays.param.count != record.count:
            record.refuse_views()
        old_slots, record.slots = record.slots, slots
        try:
            made, keep = self._struct(record, arrays)
            call(
                "optimizer_set_param",
                self.address,
                record.index,
                ctypes.addressof(made),
                None if items is None else items.ctypes.data,
                0 if items is None else items.size,
            )
        except Exception:
            record.slots = old_slots
            raise
        self._table = None
        if items is not None:
            record.slot_dtype = record.group._slot_dtype
        record.set_arrays(arrays)
        record.keep = keep

    def record(self, name: str) -> Record:
        """The record of a tensor. Raises `UnknownName`, whose sentence names the nearest ones."""
        record = self._records.get(name) if isinstance(name, str) else None
        if record is None:
            found = ctypes.c_size_t()
            encoded = name_bytes(name, "the tensor's name")
            call("optimizer_find_tensor", self.address, encoded, ctypes.addressof(found))
            raise UnknownName(f"{name!r} is no tensor of this optimizer")
        return record

    def records(self) -> list[Record]:
        """All tensors, in the order of adding."""
        return list(self._records.values())

    def tensors_of(self, group: int) -> list[str]:
        """The names of a group's tensors."""
        return [record.name for record in self.records() if record.group.index == group]

    def rule_name_of(self, record: Record) -> str:
        """The name of a tensor's rule."""
        return str(record.group._rule_name)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._records))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._records


def _sources(sources: Any) -> Any:
    if sources is None:
        return None
    made = np.asarray(sources)
    if made.size and made.dtype.kind not in "iu":
        raise TypeError(f"sources is of {made.dtype}; it is an array of whole numbers")
    if made.ndim != 1:
        raise InvalidArgument("sources has one dimension")
    return np.ascontiguousarray(made, np.int64)
