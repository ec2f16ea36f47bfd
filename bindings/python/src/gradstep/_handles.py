# SPDX-License-Identifier: Apache-2.0
"""Objects of the C library, each owned by one Python object, and texts on their way to it."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any

from ._errors import InvalidArgument
from ._library import call

# What must outlive an object of the library, by that object's address. The garbage collector may
# finalize a cycle's members in any order; what is in here is finalized after its user.
_kept: dict[int, Any] = {}


# Held while an object's values are replaced: two threads that set two values both succeed.
_changes = threading.RLock()


def changes() -> Any:
    """The lock, which is a new one after a fork."""
    return _changes


def _renew() -> None:
    """Another thread of the parent may have held the lock when this process was forked."""
    global _changes
    _changes = threading.RLock()


os.register_at_fork(after_in_child=_renew)


class Handle:
    """Owns one object of the library, and destroys it.

    It is itself the argument of a call: ctypes then holds it until the call returns, even if
    another thread drops it meanwhile."""

    def __init__(
        self, destroy: Callable[[Any], None], create: str, *arguments: Any, keep: Any = None
    ) -> None:
        self._pointer = ctypes.c_void_p()
        self._destroy = destroy
        call(create, *arguments, ctypes.addressof(self._pointer))
        self.address: int = self._pointer.value or 0
        self._as_parameter_ = self._pointer
        if keep is not None:
            _kept[self.address] = keep

    def __del__(self) -> None:
        address = getattr(self, "_pointer", None)
        if address:
            self._destroy(address)
            _kept.pop(address.value or 0, None)


def name_bytes(value: Any, what: str = "the name") -> bytes:
    """A text for the library: UTF-8 that has no NUL, where C would take it to end."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is {value!r}; it is a text (str)")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} {value!r} cannot be written in UTF-8") from error
    if b"\0" in encoded:
        raise InvalidArgument(f"{what} {value!r} contains a NUL character")
    return encoded


def number(value: Any, what: str) -> float:
    """A number of Python or numpy as a float; texts and arrays of several numbers are none."""
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"{what} is {value!r}; it is a number")
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} is {value!r}; it is a number") from error


def whole_number(value: Any, what: str) -> int:
    """A whole number from 0 to 2^64 - 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} is {value!r}; it is a whole number")
    made = int(value.__index__())
    if not 0 <= made < 2**64:
        raise InvalidArgument(f"{what} is {made}; it is a whole number of at least 0")
    return made
