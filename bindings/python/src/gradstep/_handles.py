# SPDX-License-Identifier: Apache-2.0
"""Objects of the C library, each owned by one Python object, and texts on their way to it."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from typing import Any

from ._errors import InvalidArgument
from ._library import call

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


class _Process:
    """What is known of all handles: the process that made each, and what must outlive it."""

    def __init__(self) -> None:
        self.is_ending = False
        self.made: dict[int, tuple[int, Any]] = {}

    def end(self) -> None:
        self.is_ending = True


_process = _Process()
# The interpreter's end finalizes objects in any order: nothing is destroyed from here on.
atexit.register(_process.end)


class Handle(int):
    """The address of an object of the library. It owns the object and is itself the argument of a
    call, so the object lives until the call returns, whatever other threads do.

    An int without attributes is not tracked by the garbage collector. So the object is destroyed
    when the last reference goes, after all finalizers of a cycle, which may still use it."""

    __slots__ = ()
    outlives_fork = True  # a child process destroys its copy of the object

    def __new__(cls, create: str, *arguments: Any, keep: Any = None) -> Handle:
        pointer = ctypes.c_void_p()
        call(create, *arguments, ctypes.addressof(pointer))
        made = super().__new__(cls, pointer.value or 0)
        _process.made[int(made)] = (os.getpid(), keep)
        return made

    @staticmethod
    def destroy(address: int) -> None:
        raise NotImplementedError

    def __del__(self, process: _Process = _process) -> None:
        if process.is_ending:
            return
        pid, keep = process.made.pop(int(self), (0, None))
        if pid == os.getpid() or self.outlives_fork:
            self.destroy(int(self))
        del keep  # only now


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


def whole_number(value: Any, what: str, minimum: int = 0) -> int:
    """A whole number from the minimum to 2^64 - 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} is {value!r}; it is a whole number")
    made = int(value.__index__())
    if not minimum <= made < 2**64:
        raise InvalidArgument(f"{what} is {made}; it is a whole number of at least {minimum}")
    return made
