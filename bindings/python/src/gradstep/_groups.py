# SPDX-License-Identifier: Apache-2.0
"""The groups of an optimizer: a rule, its hyper-parameters, a schedule and a plateau each."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._catalogue import rule_info
from ._errors import UnknownName, Unsupported
from ._handles import name_bytes, number
from ._library import CONSTANTS, call, described, struct, text
from ._rule import Rule
from ._scalers import Plateau
from ._schedule import Schedule

if TYPE_CHECKING:
    from ._optimizer import Optimizer


class Group:
    """A group of tensors. Hyper-parameters are items and attributes: ``group["lr"] = 1e-4`` or
    ``group.lr = 1e-4``. "lr" is the base rate; `current_lr` is that of the next step."""

    __slots__ = ("_index", "_name", "_optimizer", "_rule_name", "_slot_dtype")

    def __init__(self, optimizer: Optimizer, name: str, rule_name: str, slot_dtype: int) -> None:
        for key, value in (
            ("_optimizer", optimizer),
            ("_name", name),
            ("_rule_name", rule_name),
            ("_slot_dtype", slot_dtype),
            ("_index", ctypes.c_size_t(2**64 - 1)),
        ):
            object.__setattr__(self, key, value)

    @property
    def index(self) -> int:
        """The group's index in the library."""
        return int(self._index.value)

    @property
    def name(self) -> str:
        return str(self._name)

    @property
    def rule(self) -> Rule:
        """A new `Rule` with the group's present hyper-parameters."""
        return Rule(self._rule_name, **{key: self[key] for key in self.keys()})

    def _info(self) -> Any:
        return described("optimizer_describe_group", "group_info", self._address, self.index)

    @property
    def _address(self) -> int:
        return int(self._optimizer.address)

    @property
    def current_lr(self) -> float:
        """The rate of the next step, after schedule, plateau and lr_scale."""
        return float(self._info().lr)

    @property
    def current_momentum(self) -> float:
        """The momentum that the schedule sets for the next step; NaN if it sets none."""
        return float(self._info().momentum)

    @property
    def lr_scale(self) -> float:
        return float(self._info().lr_scale)

    @property
    def grad_norm(self) -> float:
        """The norm of the group's gradients in the last step; 0 without max_norm."""
        return float(self._info().grad_norm)

    @property
    def tensors(self) -> list[str]:
        """The names of the group's tensors."""
        return list(self._optimizer.tensors_of(self.index))

    @property
    def max_norm(self) -> float | None:
        """Clips the group by the norm of its own gradients; None: the optimizer's max_norm does."""
        return float(self._info().max_norm) or None

    @max_norm.setter
    def max_norm(self, value: float | None) -> None:
        limit = 0.0 if value is None else number(value, "max_norm")
        call("optimizer_set_group_max_norm", self._address, self.index, limit)

    @property
    def schedule_name(self) -> str | None:
        """The name of the group's schedule, or None."""
        return text(self._info().schedule_name) or None

    def set_schedule(self, schedule: Schedule | None) -> None:
        """Replaces the group's schedule by a copy of this one; None: a constant rate."""
        handle = None if schedule is None else schedule_handle(schedule)
        call("optimizer_set_schedule", self._address, self.index, handle)

    @property
    def plateau(self) -> Plateau | None:
        """A copy of the group's plateau, or None. Assign one to set it; its lr becomes the base
        rate. `Optimizer.report_metric` reports to it."""
        made = Plateau(0.0)
        address = ctypes.addressof(made.struct)
        try:
            call("optimizer_get_plateau", self._address, self.index, address)
        except Unsupported:
            return None
        return made

    @plateau.setter
    def plateau(self, value: Plateau | None) -> None:
        if value is not None and not isinstance(value, Plateau):
            raise TypeError(f"plateau is {value!r}; it is a Plateau or None")
        address = None if value is None else ctypes.addressof(value.struct)
        call("optimizer_set_plateau", self._address, self.index, address)

    def keys(self) -> list[str]:
        """The names of the hyper-parameters, so that ``dict(group)`` works."""
        return [info.name for info in rule_info(self._rule_name).hyperparameters]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __getitem__(self, name: str) -> Any:
        value = ctypes.c_double()
        key = name_bytes(name, "the hyper-parameter's name")
        address = ctypes.addressof(value)
        call("optimizer_get_hyperparameter", self._address, self.index, key, address)
        infos = {info.name: info for info in rule_info(self._rule_name).hyperparameters}
        return infos[name].value(value.value)

    def __setitem__(self, name: str, value: Any) -> None:
        key = name_bytes(name, "the hyper-parameter's name")
        self._optimizer.set_hyperparameter(self.index, key, number(value, name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownName as error:
            raise AttributeError(str(error)) from error

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        try:
            self[name] = value
        except UnknownName as error:
            raise AttributeError(str(error)) from error

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.keys()]

    def __reduce__(self) -> Any:
        raise TypeError("a group belongs to its optimizer: copy or pickle the optimizer")

    def __repr__(self) -> str:
        return (
            f"<gradstep group {self._name!r}: {self._rule_name}, lr {self.current_lr:g}, "
            f"{len(self.tensors)} tensors>"
        )


def schedule_handle(schedule: Any) -> Any:
    if not isinstance(schedule, Schedule):
        raise TypeError(f"schedule is {schedule!r}; it is a Schedule or None")
    return schedule.handle


def group_options(
    name: bytes,
    rule_address: int,
    schedule_address: int | None,
    lr_scale: float | None,
    slot_dtype: int,
    max_norm: float | None,
) -> Any:
    """The gradstep_group_options."""
    made = struct("group_options", rule=rule_address, schedule=schedule_address)
    made.name = name
    made.slot_dtype = slot_dtype
    if lr_scale is not None:
        made.flags |= CONSTANTS["GROUP_LR_SCALE"]
        made.lr_scale = number(lr_scale, "lr_scale")
    if max_norm is not None:
        made.flags |= CONSTANTS["GROUP_MAX_NORM"]
        made.max_norm = number(max_norm, "max_norm")
    return made


class Groups(Mapping[str, Group]):
    """The groups of an optimizer, by name."""

    def __init__(self, groups: dict[str, Group]) -> None:
        self._groups = groups

    def __getitem__(self, name: str) -> Group:
        try:
            return self._groups[name]
        except (KeyError, TypeError) as error:
            known = ", ".join(map(repr, self._groups)) or "none"
            raise UnknownName(f"{name!r} is no group; there are {known}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._groups))

    def __len__(self) -> int:
        return len(self._groups)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.values())) or "<no groups>"
