# SPDX-License-Identifier: Apache-2.0
"""Schedules: the learning rate as a function of the step."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ._catalogue import HyperparameterInfo, ScheduleInfo, schedule_info
from ._errors import InvalidArgument, UnknownName, Unsupported
from ._handles import Handle, changes, name_bytes, number, whole_number
from ._library import call, library
from ._named_values import NamedValues

_SEQUENCE = "sequence"


class _CSchedule(Handle):
    """A gradstep_schedule that nobody changes once it is made, so all threads may use it."""

    __slots__ = ()
    destroy = staticmethod(library.gradstep_schedule_destroy)


def _c_schedule(name: str, values: dict[str, Any]) -> Handle:
    made = _CSchedule("schedule_create", name_bytes(name))
    for key, value in values.items():
        encoded = name_bytes(key, "the parameter's name")
        if isinstance(value, tuple):
            numbers = (ctypes.c_double * len(value))(*value)
            call("schedule_set_list", made, encoded, ctypes.addressof(numbers), len(value))
        else:
            call("schedule_set", made, encoded, value)
    return made


def _c_sequence(parts: Sequence[Handle], lengths: Sequence[int]) -> Handle:
    pointers = (ctypes.c_void_p * len(parts))(*parts)
    numbers = (ctypes.c_uint64 * len(parts))(*lengths)
    addresses = (ctypes.addressof(pointers), ctypes.addressof(numbers))
    return _CSchedule("schedule_create_sequence", *addresses, len(parts))


class Schedule(NamedValues):
    """The learning rate as a pure function of t.

    ::

        schedule = gradstep.Schedule("cosine", total_steps=1000, warmup_steps=100)
        schedule(0, base_lr=3e-4)               # the rate of the first step
        schedule(numpy.arange(1000), 3e-4)      # of all steps, as a float64 array
        schedule.plot(1000, 3e-4)

    name
        A name of `schedules`.
    values
        Parameters; the others have their defaults. A list parameter takes any iterable of numbers.

    Step T = 1, 2, 3 ... of a run uses t = T - 1.

    Raises `UnknownName` for a name, `OutOfRange` for a value outside its bounds; evaluation raises
    `InvalidArgument` for a parameter that must be set and is not."""

    __slots__ = ("_parts",)
    _parts: tuple[tuple[Schedule, int], ...]

    def __init__(self, name: str, **values: Any) -> None:
        object.__setattr__(self, "_name", schedule_info(name).name)
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_parts", ())
        self.set(**values)

    @classmethod
    def sequence(cls, parts: Iterable[Schedule], lengths: Iterable[int]) -> Schedule:
        """One schedule after another: part i runs for lengths[i] steps, and its t begins at 0. The
        last part never ends, so its length may be left out. The parts are copied."""
        copies = tuple(part.__copy__() for part in _schedules(parts))
        numbers = [whole_number(length, "a length") for length in lengths]
        if len(numbers) == len(copies) - 1:
            numbers.append(0)
        if len(numbers) != len(copies):
            raise InvalidArgument(f"{len(copies)} parts need {len(copies) - 1} lengths")
        made = cls.__new__(cls)
        object.__setattr__(made, "_name", _SEQUENCE)
        object.__setattr__(made, "_values", {})
        object.__setattr__(made, "_parts", tuple(zip(copies, numbers, strict=True)))
        object.__setattr__(made, "_handle", _c_sequence([part._handle for part in copies], numbers))
        return made

    def set(self, **values: Any) -> None:
        """Sets several parameters, or none if one of them is refused."""
        if self._parts and values:
            raise UnknownName("a sequence has no parameters: set those of its parts")
        changed = {key: self._value(key, value) for key, value in values.items()}
        with changes():
            merged = {**self._values, **changed}
            object.__setattr__(self, "_handle", _c_schedule(self._name, merged))
            object.__setattr__(self, "_values", merged)

    def _value(self, name: str, value: Any) -> float | tuple[float, ...]:
        is_list = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
        if is_list and np.ndim(value):
            return tuple(number(item, name) for item in value)
        return number(value, name)

    @property
    def info(self) -> ScheduleInfo:
        """What the library says about the schedule. Raises `UnknownName` for a sequence."""
        return schedule_info(self._name)

    @property
    def parts(self) -> tuple[tuple[Schedule, int], ...]:
        """Copies of a sequence's schedules, each with its length in steps."""
        return tuple((part.__copy__(), length) for part, length in self._parts)

    def check(self) -> None:
        """Raises `InvalidArgument` if a value is missing or inconsistent with another."""
        call("schedule_check", self._handle)

    def _evaluate(self, function: str, t: Any, *arguments: float) -> Any:
        handle = self._handle
        value = ctypes.c_double()
        address = ctypes.addressof(value)
        if np.ndim(t) == 0:
            call(function, handle, *arguments, number(t, "t"), address)
            return value.value
        steps = np.asarray(t, np.float64)
        made = np.empty(steps.shape, np.float64)
        for index, step in np.ndenumerate(steps):
            call(function, handle, *arguments, step, address)
            made[index] = value.value
        return made

    def __call__(self, t: Any, base_lr: float = 1.0) -> Any:
        """The rate at t: a float or, for an array of t, a float64 array of its shape.

        t is a number of steps from 0 to 2^53, whole or not; base_lr is finite and at least 0."""
        return self._evaluate("schedule_lr", t, number(base_lr, "base_lr"))

    def momentum(self, t: Any) -> Any:
        """The momentum (or beta1) at t. Raises `Unsupported` if the schedule does not drive it."""
        return self._evaluate("schedule_momentum", t)

    def plot(self, steps: int, base_lr: float = 1.0, ax: Any = None) -> Any:
        """Draws the rate over `steps` steps and returns the matplotlib Axes. Needs matplotlib."""
        if ax is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError as error:
                raise Unsupported("plot needs matplotlib: pip install gradstep[plot]") from error
            ax = plt.figure().add_subplot()
        t = np.arange(whole_number(steps, "steps"))
        ax.plot(t, self(t, base_lr), label=self._name)
        ax.set_xlabel("step")
        ax.set_ylabel("learning rate")
        return ax

    def _parameters(self) -> dict[str, HyperparameterInfo]:
        return {} if self._parts else {info.name: info for info in self.info.hyperparameters}

    def __getitem__(self, name: str) -> Any:
        key = name_bytes(name, self._what)
        info = self._parameters().get(name)
        if info is not None and info.kind == "list":
            return list(self._values[name]) if name in self._values else None
        value = ctypes.c_double()
        call("schedule_get", self._handle, key, ctypes.addressof(value))
        if info is None or value.value != value.value:
            return None
        return info.value(value.value)

    def keys(self) -> list[str]:
        """The names of the parameters, so that ``dict(schedule)`` works."""
        return list(self._parameters())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        if self._name != other._name or len(self._parts) != len(other._parts):
            return False
        pairs = zip(self._parts[:-1], other._parts[:-1], strict=True)
        last = [part for part, _ in self._parts[-1:]] == [part for part, _ in other._parts[-1:]]
        return dict(self) == dict(other) and last and all(a == b for a, b in pairs)

    def __repr__(self) -> str:
        if self._parts:
            parts, lengths = zip(*self._parts, strict=True)
            return f"gradstep.Schedule.sequence({list(parts)!r}, {list(lengths[:-1])!r})"
        values = [
            f", {name}={self[name]!r}"
            for name, info in self._parameters().items()
            if self[name] != info.default
        ]
        return f"gradstep.Schedule({self._name!r}{''.join(values)})"

    def __copy__(self) -> Schedule:
        return _make(self._name, self._values, self._parts)

    def __reduce__(self) -> Any:
        return _make, (self._name, self._values, self._parts)


def _schedules(parts: Iterable[Any]) -> list[Schedule]:
    found = list(parts)
    for part in found:
        if not isinstance(part, Schedule):
            raise TypeError(f"a part is {part!r}; it is a Schedule")
    return found


def _make(name: str, values: dict[str, Any], parts: Any) -> Schedule:
    if parts:
        return Schedule.sequence([part for part, _ in parts], [length for _, length in parts])
    return Schedule(name, **values)
