# SPDX-License-Identifier: Apache-2.0
"""A rule with a value for each of its hyper-parameters."""

from __future__ import annotations

import ctypes
from typing import Any

from ._catalogue import RuleInfo, rule_info
from ._handles import Handle, changes, name_bytes, number
from ._library import call, library
from ._named_values import NamedValues


class CRule(Handle):
    """A gradstep_rule. That of a `Rule` is never changed, so all threads may use it."""

    __slots__ = ()
    destroy = staticmethod(library.gradstep_rule_destroy)


def _c_rule(name: str, values: dict[str, float]) -> Handle:
    made = CRule("rule_create", name_bytes(name))
    for key, value in values.items():
        call("rule_set", made, name_bytes(key, "the hyper-parameter's name"), value)
    return made


class Rule(NamedValues):
    """An update rule and its hyper-parameters.

    ::

        rule = gradstep.Rule("adamw", lr=1e-3, weight_decay=0.1)
        rule.lr = 1e-4          # or rule["lr"] = 1e-4
        rule.info               # formula, source, bounds and help of every hyper-parameter

    name
        A name of `rules`.
    values
        Hyper-parameters; the others have their defaults.

    Threads may use a rule while another changes it: a call sees the values from before or after.

    Raises `UnknownName` for a name, `OutOfRange` for a value outside its bounds."""

    __slots__ = ()
    _what = "the hyper-parameter's name"

    def __init__(self, name: str = "adamw", **values: Any) -> None:
        object.__setattr__(self, "_name", rule_info(name).name)
        object.__setattr__(self, "_values", {})
        self.set(**values)

    def set(self, **values: Any) -> None:
        """Sets several hyper-parameters, or none if one of them is refused."""
        changed = {key: number(value, key) for key, value in values.items()}
        with changes():
            merged = {**self._values, **changed}
            object.__setattr__(self, "_handle", _c_rule(self._name, merged))
            object.__setattr__(self, "_values", merged)

    @property
    def info(self) -> RuleInfo:
        """What the library says about the rule."""
        return rule_info(self._name)

    def check(self) -> None:
        """Raises `InvalidArgument` if the values are inconsistent; every step checks that too."""
        call("rule_check", self._handle)

    def __getitem__(self, name: str) -> Any:
        value = ctypes.c_double()
        key = name_bytes(name, self._what)
        call("rule_get", self._handle, key, ctypes.addressof(value))
        kinds = {info.name: info for info in self.info.hyperparameters}
        return kinds[name].value(value.value)

    def keys(self) -> list[str]:
        """The names of the hyper-parameters, so that ``dict(rule)`` works."""
        return [info.name for info in self.info.hyperparameters]

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rule):
            return NotImplemented
        return self._name == other._name and dict(self) == dict(other)

    def __repr__(self) -> str:
        values = [
            f", {info.name}={self[info.name]!r}"
            for info in self.info.hyperparameters
            if self[info.name] != info.default
        ]
        return f"gradstep.Rule({self._name!r}{''.join(values)})"

    def __copy__(self) -> Rule:
        return Rule(self._name, **self._values)

    def __reduce__(self) -> Any:
        return _make, (self._name, self._values)


def _make(name: str, values: dict[str, float]) -> Rule:
    return Rule(name, **values)


def rule_of(rule: Rule | str, values: dict[str, Any]) -> Rule:
    """The rule with these values: a new one for a name or if there are values."""
    if isinstance(rule, Rule):
        made = Rule(rule.name, **rule._values) if values else rule
        if values:
            made.set(**values)
        return made
    if not isinstance(rule, str):
        raise TypeError(f"rule is {rule!r}; it is a Rule or a rule's name")
    return Rule(rule, **values)
