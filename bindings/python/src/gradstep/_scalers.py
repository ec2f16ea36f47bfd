# SPDX-License-Identifier: Apache-2.0
"""Loss scaling, and lowering the rate on a plateau: structs of the library that the caller owns."""

from __future__ import annotations

import ctypes
from typing import Any

from ._errors import UnknownName
from ._handles import number, whole_number
from ._library import STRUCTS, call, struct

_STRUCT_SIZE = "struct_size"


class _Fields:
    """Attributes that are the fields of a struct of the library."""

    _kind: str
    _made: Any

    def __init__(self, made: Any, values: dict[str, Any]) -> None:
        object.__setattr__(self, "_made", made)
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def _names(cls) -> dict[str, Any]:
        fields: Any = STRUCTS[f"gradstep_{cls._kind}"]._fields_
        return {name: kind for name, kind in fields if name != _STRUCT_SIZE}

    def __getattr__(self, name: str) -> Any:
        kind = None if name.startswith("_") else self._names().get(name)
        if kind is None:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        value = getattr(self._made, name)
        return bool(value) if kind is ctypes.c_int32 else value

    def __setattr__(self, name: str, value: Any) -> None:
        kind = self._names().get(name)
        if kind is None:
            known = ", ".join(self._names())
            raise UnknownName(f"{type(self).__name__} has no {name!r}; it has {known}")
        if kind is ctypes.c_double:
            setattr(self._made, name, number(value, name))
        elif kind is ctypes.c_int32:
            setattr(self._made, name, int(bool(value)))
        else:
            setattr(self._made, name, whole_number(value, name))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names()]

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names()}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"gradstep.{type(self).__name__}({values})"

    def __getstate__(self) -> dict[str, Any]:
        return self._values()

    def __setstate__(self, values: dict[str, Any]) -> None:
        object.__setattr__(self, "_made", struct(self._kind))
        for name, value in values.items():
            setattr(self, name, value)

    @property
    def struct(self) -> Any:
        """The struct, for calls of the C interface."""
        return self._made


class LossScaler(_Fields):
    """A dynamic loss scale (Micikevicius et al. 2018), for gradients in a 16-bit dtype.

    Multiply the loss by ``scale``; step with ``grad_scale=1 / scale`` and ``check_finite=True``;
    then call `update` with the result's is_skipped. An `Optimizer` with a loss scaler does all but
    the first.

    scale
        The present scale; 65536 at first.
    growth_factor, growth_interval
        The scale is multiplied by the factor (2) after so many steps in a row (2000).
    backoff_factor
        Multiplies the scale after a skipped step (0.5).
    steps_in_a_row
        Steps since the last skipped step or growth."""

    _kind = "loss_scaler"

    def __init__(self, **values: Any) -> None:
        made = struct(self._kind)
        call("loss_scaler_init", ctypes.addressof(made))
        super().__init__(made, values)

    def update(self, is_skipped: bool) -> None:
        """Adjusts the scale after a step. Raises `OutOfRange` for wrong numbers."""
        call("loss_scaler_update", ctypes.addressof(self._made), int(bool(is_skipped)))


class Plateau(_Fields):
    """A learning rate that is lowered when a metric stops improving.

    It is PyTorch's ReduceLROnPlateau with its defaults: factor 0.1, patience 10, threshold 1e-4
    (relative, or a difference with ``is_absolute=True``), cooldown 0, min_lr 0, eps 1e-8. With
    ``maximizes=True`` a larger metric is better. A relative threshold works for a negative ``best``
    too, which PyTorch applies in the wrong direction."""

    _kind = "plateau"

    def __init__(self, lr: float, **values: Any) -> None:
        made = struct(self._kind)
        call("plateau_init", ctypes.addressof(made), number(lr, "lr"))
        if values.get("maximizes"):
            values = {"best": float("-inf"), **values}
        super().__init__(made, values)

    def report(self, metric: float) -> bool:
        """Reports a metric, such as a validation loss. True if lr was lowered. A metric that is not
        finite counts as bad."""
        is_reduced = ctypes.c_int32()
        value = number(metric, "metric")
        address = ctypes.addressof(is_reduced)
        call("plateau_report", ctypes.addressof(self._made), value, address)
        return bool(is_reduced.value)
