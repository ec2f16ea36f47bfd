# SPDX-License-Identifier: Apache-2.0
"""From torch's param groups to the library's rules: which rule a group uses, and where in the
group each of its hyper-parameters stands. Names and bounds come from the library."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

import torch

from .._catalogue import RuleInfo, ScalarInfo, rule_info, rules
from .._library import call, struct
from .._rule import CRule


def group_keys(found: RuleInfo) -> dict[str, tuple[str, int | None]]:
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


def keys_of(name: str, group: dict[str, Any]) -> dict[str, None]:
    """The keys of a group that hold hyper-parameters of the rule, each once, in their order."""
    places = (_in_group(each.name, group) for each in rule_info(name).hyperparameters)
    return dict.fromkeys(place[0] for place in places if place is not None)


@cache
def _decoupled(name: str) -> str:
    """The rule that a group with decoupled_weight_decay has: torch's Adam with it is AdamW."""
    has_option = any(
        each.name == "decoupled_weight_decay" for each in rule_info(name).hyperparameters
    )
    return name + "w" if not has_option and name + "w" in rules() else name


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
        self.description = rule_info(name)
        self.places = [
            (each.name.encode(), place, float(each.default or 0.0))
            for each in self.description.hyperparameters
            if (place := _in_group(each.name, group)) is not None
        ]
        self._keys = tuple(dict.fromkeys(key for _, (key, _), _ in self.places))
        self._kept: tuple[Any, ...] | None = None
        self.values: tuple[float, ...] | None = None
        self.handle = CRule("rule_create", name.encode())

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

    def initial_value(self, scalar: ScalarInfo) -> float:
        """What a scalar of the rule is before the first step."""
        if scalar.initial_hyperparameter is None:
            return scalar.initial_value
        value = ctypes.c_double()
        name = scalar.initial_hyperparameter.encode()
        call("rule_get", self.handle, name, ctypes.addressof(value))
        return value.value

    @property
    def sums(self) -> bool:
        """Whether the rule sums over the elements of a tensor, or keeps numbers for rows and
        columns. It then needs whole tensors."""
        found = self.description
        if found.shared_scalars or any(slot.extent != "element" for slot in found.slots):
            return True
        tensor = struct("tensor", count=4)
        size = ctypes.c_size_t()
        call("workspace_size", self.handle, ctypes.addressof(tensor), 1, ctypes.addressof(size))
        return size.value > 0
