# SPDX-License-Identifier: Apache-2.0
"""Which rules and schedules there are. Names, options, help and bounds come from the library."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, TypeVar

from ._errors import IndexOutOfRange
from ._handles import name_bytes
from ._library import CONSTANTS, described, library, text

_KINDS = {CONSTANTS[name]: name.lower() for name in ("REAL", "FLAG", "INTEGER", "LIST")}
_EXTENTS = {
    CONSTANTS[f"EXTENT_{name}"]: name.lower()
    for name in ("ELEMENT", "ROW", "COLUMN", "MATRIX", "TENSOR")
}
_STARTS = {CONSTANTS["START_VALUE"]: "value", CONSTANTS["START_PARAM"]: "param"}
_SCOPES = {CONSTANTS["SCOPE_TENSOR"]: "tensor", CONSTANTS["SCOPE_ALL"]: "all"}


def _short(value: float | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}"


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _html_table(rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class HyperparameterInfo:
    """One hyper-parameter: its bounds, its default, and what it does.

    default is None where a value must be set. kind is "real", "flag", "integer" or "list"."""

    name: str
    help: str
    kind: str
    default: float | bool | None
    minimum: float
    maximum: float
    minimum_excluded: bool
    maximum_excluded: bool

    @property
    def bounds(self) -> str:
        """As an interval: "[0, 1)"; a round bracket excludes the bound."""
        if self.kind == "flag":
            return "no, yes"
        left = "(" if self.minimum_excluded or math.isinf(self.minimum) else "["
        right = ")" if self.maximum_excluded or math.isinf(self.maximum) else "]"
        return f"{left}{self.minimum:g}, {self.maximum:g}{right}"

    def value(self, number: float) -> float | bool | int:
        """A number of the library in this hyper-parameter's type."""
        if self.kind == "flag":
            return bool(number)
        return int(number) if self.kind == "integer" and math.isfinite(number) else number


@dataclass(frozen=True)
class SlotInfo:
    """An array in which a rule keeps state.

    extent tells how many elements it has: one per "element", "row", "column", "matrix" or "tensor".
    start is what it holds before the first step: a "value" (initial_value, or the hyper-parameter
    initial_hyperparameter) or a copy of the "param"."""

    name: str
    help: str
    extent: str
    start: str
    initial_hyperparameter: str | None
    initial_value: float
    is_non_negative: bool


@dataclass(frozen=True)
class ScalarInfo:
    """A single number of a rule's state; scope "tensor": one per tensor, "all": one for all."""

    name: str
    help: str
    scope: str
    index: int
    initial_hyperparameter: str | None
    initial_value: float


class _Printed:
    """What prints as a heading and a table."""

    name: str
    summary: str
    formula: str
    source: str

    def _rows(self) -> list[tuple[str, ...]]:
        raise NotImplementedError

    def _tail(self) -> list[str]:
        return []

    def __str__(self) -> str:
        formula = "\n".join(f"    {line}" for line in self.formula.splitlines())
        parts = [f"{self.name}: {self.summary}", formula, _table(self._rows()), *self._tail()]
        return "\n\n".join([*parts, f"Source: {self.source}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        tail = "".join(f"<pre>{escape(part)}</pre>" for part in self._tail())
        return (
            f"<h4>{escape(self.name)}: {escape(self.summary)}</h4>"
            f"<pre>{escape(self.formula)}</pre>{_html_table(self._rows())}{tail}"
            f"<p>Source: {escape(self.source)}</p>"
        )


def _hyperparameter_rows(infos: tuple[HyperparameterInfo, ...]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("hyper-parameter", "default", "bounds", "kind", "help")]
    for info in infos:
        default = "must be set" if info.default is None else _short(info.default)
        rows.append((info.name, default, info.bounds, info.kind, info.help))
    return rows


@dataclass(frozen=True, repr=False)
class RuleInfo(_Printed):
    """A rule: its formula, where it is from, its hyper-parameters and its state."""

    name: str
    summary: str
    formula: str
    source: str
    hyperparameters: tuple[HyperparameterInfo, ...]
    slots: tuple[SlotInfo, ...]
    scalars: tuple[ScalarInfo, ...]
    transforms: tuple[str, ...]

    @property
    def tensor_scalars(self) -> tuple[ScalarInfo, ...]:
        """The scalars that each tensor has for itself."""
        return tuple(scalar for scalar in self.scalars if scalar.scope == "tensor")

    @property
    def shared_scalars(self) -> tuple[ScalarInfo, ...]:
        """The scalars that all tensors share."""
        return tuple(scalar for scalar in self.scalars if scalar.scope == "all")

    def _rows(self) -> list[tuple[str, ...]]:
        return _hyperparameter_rows(self.hyperparameters)

    def _tail(self) -> list[str]:
        tail = []
        if self.slots:
            rows: list[tuple[str, ...]] = [("slot", "one number per", "help")]
            tail.append(_table(rows + [(s.name, s.extent, s.help) for s in self.slots]))
        if self.scalars:
            rows = [("scalar", "of", "help")]
            tail.append(_table(rows + [(s.name, s.scope, s.help) for s in self.scalars]))
        if self.transforms:
            tail.append("Transforms: " + ", ".join(self.transforms))
        return tail


@dataclass(frozen=True, repr=False)
class ScheduleInfo(_Printed):
    """A schedule: its formula, where it is from, and its parameters. L is the base rate."""

    name: str
    summary: str
    formula: str
    source: str
    hyperparameters: tuple[HyperparameterInfo, ...]

    def _rows(self) -> list[tuple[str, ...]]:
        return _hyperparameter_rows(self.hyperparameters)


def _hyperparameters(kind: str, name: bytes, count: int) -> tuple[HyperparameterInfo, ...]:
    made = []
    for index in range(count):
        info = described(f"{kind}_describe_hyperparameter", "hyperparameter_info", name, index)
        is_flag = info.kind == CONSTANTS["FLAG"]
        default = bool(info.default_value) if is_flag else info.default_value
        made.append(
            HyperparameterInfo(
                text(info.name),
                text(info.help),
                _KINDS.get(info.kind, "real"),
                None if math.isnan(default) else default,
                info.minimum,
                info.maximum,
                bool(info.flags & CONSTANTS["MINIMUM_EXCLUDED"]),
                bool(info.flags & CONSTANTS["MAXIMUM_EXCLUDED"]),
            )
        )
    return tuple(made)


def _slot(name: bytes, index: int) -> SlotInfo:
    info = described("rule_describe_slot", "slot_info", name, index)
    return SlotInfo(
        text(info.name),
        text(info.help),
        _EXTENTS.get(info.extent, "tensor"),
        _STARTS.get(info.start, "value"),
        text(info.initial_hyperparameter) or None,
        info.initial_value,
        bool(info.is_non_negative),
    )


def _scalar(name: bytes, index: int) -> ScalarInfo:
    info = described("rule_describe_scalar", "scalar_info", name, index)
    return ScalarInfo(
        text(info.name),
        text(info.help),
        _SCOPES.get(info.scope, "all"),
        info.index,
        text(info.initial_hyperparameter) or None,
        info.initial_value,
    )


@cache
def rule_info(name: str) -> RuleInfo:
    """Describes the rule with this name. Raises `UnknownName`, whose sentence lists the nearest."""
    encoded = name_bytes(name, "the rule's name")
    info = described("rule_describe", "rule_info", encoded)
    return RuleInfo(
        text(info.name),
        text(info.summary),
        text(info.formula),
        text(info.source),
        _hyperparameters("rule", encoded, info.hyperparameter_count),
        tuple(_slot(encoded, index) for index in range(info.slot_count)),
        tuple(_scalar(encoded, index) for index in range(info.scalar_count)),
        tuple(
            text(library.gradstep_rule_transform_name(encoded, index))
            for index in range(info.transform_count)
        ),
    )


@cache
def schedule_info(name: str) -> ScheduleInfo:
    """Describes the schedule with this name. Raises `UnknownName`."""
    encoded = name_bytes(name, "the schedule's name")
    info = described("schedule_describe", "schedule_info", encoded)
    return ScheduleInfo(
        text(info.name),
        text(info.summary),
        text(info.formula),
        text(info.source),
        _hyperparameters("schedule", encoded, info.hyperparameter_count),
    )


_Info = TypeVar("_Info", bound=_Printed)


class Catalogue(Mapping[str, _Info]):
    """Entries by name, in the library's order. It iterates over names; an index works too. It
    prints as a table."""

    def __init__(self, title: str, names: list[str], describe: Callable[[str], _Info]) -> None:
        self._title = title
        self._names = names
        self._describe = describe

    def __getitem__(self, key: str | int) -> _Info:
        if isinstance(key, str):
            return self._describe(key)
        if isinstance(key, bool) or not hasattr(key, "__index__"):
            raise TypeError(f"{key!r} is neither a name nor an index")
        try:
            return self._describe(self._names[key])
        except IndexError as error:
            sentence = f"index {key} is past the end: there are {len(self)}"
            raise IndexOutOfRange(sentence) from error

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [(self._title, "hyper-parameters", "summary")]
        for info in self.values():
            names = ", ".join(row[0] for row in info._rows()[1:])
            rows.append((info.name, names, info.summary))
        return rows

    def __str__(self) -> str:
        return _table([(row[0], row[2]) for row in self._rows()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html_table(self._rows())


def _names(kind: str) -> list[str]:
    name: Any = getattr(library, f"gradstep_{kind}_name")
    return [text(name(index)) for index in range(getattr(library, f"gradstep_{kind}_count")())]


def rules() -> Catalogue[RuleInfo]:
    """All update rules, as a table of their names; ``rules()["adamw"]`` describes one."""
    return Catalogue("rule", _names("rule"), rule_info)


def schedules() -> Catalogue[ScheduleInfo]:
    """All schedules, as a table of their names; ``schedules()["cosine"]`` describes one."""
    return Catalogue("schedule", _names("schedule"), schedule_info)
