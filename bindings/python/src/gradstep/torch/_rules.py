# SPDX-License-Identifier: Apache-2.0
"""From torch's param groups to the library's rules: which rule a group uses, and where in the
group each of its hyper-parameters stands. Names and bounds come from the library."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from .._library import CONSTANTS, call, described, library, struct, text


@dataclass(frozen=True)
class Hyperparameter:
    """One option of a rule."""

    name: str
    help: str
    default: float
    is_flag: bool


@dataclass(frozen=True)
class Slot:
    """One array of a rule's state."""

    name: str
    extent: int
    starts_as_param: bool


@dataclass(frozen=True)
class Scalar:
    """One number of a rule's state."""

    name: str
    initial: float
    initial_hyperparameter: str
    is_shared: bool  # by all tensors
    index: int  # in its scope


@dataclass(frozen=True)
class Description:
    """What the library says of a rule."""

    name: str
    summary: str
    formula: str
    source: str
    hyperparameters: tuple[Hyperparameter, ...]
    slots: tuple[Slot, ...]
    scalars: tuple[Scalar, ...]
    transforms: tuple[str, ...]

    @property
    def tensor_scalars(self) -> tuple[Scalar, ...]:
        return tuple(scalar for scalar in self.scalars if not scalar.is_shared)

    @property
    def shared_scalars(self) -> tuple[Scalar, ...]:
        return tuple(scalar for scalar in self.scalars if scalar.is_shared)

    def has(self, hyperparameter: str) -> bool:
        return any(each.name == hyperparameter for each in self.hyperparameters)


def rule_names() -> list[str]:
    """The library's rules, in its order."""
    return [text(library.gradstep_rule_name(i)) for i in range(library.gradstep_rule_count())]


@cache
def description(name: str) -> Description:
    """Describes a rule. Raises `gradstep.UnknownName`."""
    key = name.encode()
    info = described("rule_describe", "rule_info", key)

    def each(kind: str, count: int) -> list[Any]:
        return [
            described(f"rule_describe_{kind}", f"{kind}_info", key, index) for index in range(count)
        ]

    return Description(
        name=name,
        summary=text(info.summary),
        formula=text(info.formula),
        source=text(info.source),
        hyperparameters=tuple(
            Hyperparameter(
                text(found.name),
                text(found.help),
                found.default_value,
                found.kind == CONSTANTS["FLAG"],
            )
            for found in each("hyperparameter", info.hyperparameter_count)
        ),
        slots=tuple(
            Slot(text(found.name), found.extent, found.start == CONSTANTS["START_PARAM"])
            for found in each("slot", info.slot_count)
        ),
        scalars=tuple(
            Scalar(
                text(found.name),
                found.initial_value,
                text(found.initial_hyperparameter),
                found.scope == CONSTANTS["SCOPE_ALL"],
                found.index,
            )
            for found in each("scalar", info.scalar_count)
        ),
        transforms=tuple(
            text(library.gradstep_rule_transform_name(key, index))
            for index in range(info.transform_count)
        ),
    )


def group_keys(found: Description) -> dict[str, tuple[str, int | None]]:
    """Hyper-parameter -> the key of a group and the index in its value. As in torch.optim, beta1,
    beta2 are betas[0], betas[1]; all others stand under their own names."""
    keys: dict[str, tuple[str, int | None]] = {}
    betas = [each.name for each in found.hyperparameters if re.fullmatch(r"beta\d", each.name)]
    for each in found.hyperparameters:
        if len(betas) > 1 and each.name in betas:
            keys[each.name] = ("betas", betas.index(each.name))
        else:
            keys[each.name] = (each.name, None)
    return keys


def _in_group(name: str, group: dict[str, Any]) -> tuple[str, int | None] | None:
    """Where a group holds a hyper-parameter: `eps1` is `eps[0]` if there is no `eps1`."""
    if name in group:
        return name, None
    numbered = re.fullmatch(r"(.+)(\d)", name)
    if numbered:
        index = int(numbered[2]) - 1
        for key in (numbered[1] + "s", numbered[1]):
            value = group.get(key)
            if isinstance(value, (tuple, list)) and index < len(value):
                return key, index
    return None


@cache
def _decoupled(name: str) -> str:
    """The rule that a group with decoupled_weight_decay has: torch's Adam with it is AdamW."""
    if not description(name).has("decoupled_weight_decay") and name + "w" in rule_names():
        return name + "w"
    return name


def rule_of(name: str, group: dict[str, Any]) -> str:
    """The rule of a group of the class for rule `name`."""
    return _decoupled(name) if group.get("decoupled_weight_decay") else name


def _number(value: Any, default: float) -> float:
    if type(value) is float:
        return value
    if value is None:
        return default
    if isinstance(value, torch.Tensor):
        return float(value.item())
    return float(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is a tuple of numbers, which cannot change in place."""
    return isinstance(value, tuple) and not any(isinstance(each, torch.Tensor) for each in value)


class GroupRule:
    """The gradstep_rule of one param group, whose values follow the group's."""

    def __init__(self, name: str, group: dict[str, Any]) -> None:
        self.name = name
        self.description = description(name)
        self.places = [
            (each.name.encode(), place, each.default)
            for each in self.description.hyperparameters
            if (place := _in_group(each.name, group)) is not None
        ]
        self._keys = tuple(dict.fromkeys(key for _, (key, _), _ in self.places))
        self._kept: tuple[Any, ...] | None = None
        self.values: tuple[float, ...] | None = None
        self.handle = ctypes.c_void_p()
        call("rule_create", name.encode(), ctypes.addressof(self.handle))

    def fits(self, name: str, group: dict[str, Any]) -> bool:
        """False if the group needs another rule, or has lost a key."""
        return name == self.name and all(key in group for key in self._keys)

    def follow(self, group: dict[str, Any]) -> bool:
        """Takes over the group's values, and says whether one has changed. Raises
        `gradstep.OutOfRange`, which names the hyper-parameter and its bounds."""
        kept = tuple(map(group.get, self._keys))
        if kept == self._kept:
            return False
        values = tuple(
            _number(group[key] if index is None else group[key][index], default)
            for _, (key, index), default in self.places
        )
        # A tensor may get another value and stay the same object, so it is read in every step.
        has_tensors = any(
            isinstance(value, (torch.Tensor, tuple, list)) and not _is_plain(value)
            for value in kept
        )
        self._kept = None if has_tensors else kept
        if values == self.values:
            return False
        try:
            for (name, _, _), value in zip(self.places, values, strict=True):
                call("rule_set", self.handle, name, value)
            call("rule_check", self.handle)
        except Exception:
            self.values = self._kept = None
            raise
        self.values = values
        return True

    @property
    def sums(self) -> bool:
        """Whether the rule sums over the elements of a tensor, or keeps numbers for rows and
        columns. It then needs whole tensors."""
        found = self.description
        if found.shared_scalars or any(
            slot.extent != CONSTANTS["EXTENT_ELEMENT"] for slot in found.slots
        ):
            return True
        tensor = struct("tensor", count=4)
        size = ctypes.c_size_t()
        call("workspace_size", self.handle, ctypes.addressof(tensor), 1, ctypes.addressof(size))
        return size.value > 0

    def __del__(self) -> None:
        if self.handle:
            library.gradstep_rule_destroy(self.handle)
            self.handle = ctypes.c_void_p()
