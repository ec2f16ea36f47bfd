# SPDX-License-Identifier: Apache-2.0
"""What rules and schedules share: values by name, as items and as attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from ._errors import UnknownName
from ._handles import Handle, name_bytes

_Self = TypeVar("_Self", bound="NamedValues")


class NamedValues:
    """Values that are read and set by name: ``object["lr"]`` and ``object.lr``."""

    __slots__ = ("__weakref__", "_handle", "_name", "_values")
    _handle: Handle
    _name: str
    _values: dict[str, Any]
    _what = "the parameter's name"

    def set(self, **values: Any) -> None:
        raise NotImplementedError

    def keys(self) -> list[str]:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return self._name

    @property
    def handle(self) -> Handle:
        """The object of the library, with the present values: an argument of a call."""
        return self._handle

    def __setitem__(self, name: str, value: Any) -> None:
        name_bytes(name, self._what)
        self.set(**{name: value})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for by copy and pickle, before there are any values
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownName as error:
            raise AttributeError(str(error)) from error

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self[name] = value
        except UnknownName as error:
            raise AttributeError(str(error)) from error

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.keys()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __copy__(self: _Self) -> _Self:
        raise NotImplementedError

    def __deepcopy__(self: _Self, memo: dict[int, Any]) -> _Self:
        return self.__copy__()

    __hash__ = None  # type: ignore[assignment]
