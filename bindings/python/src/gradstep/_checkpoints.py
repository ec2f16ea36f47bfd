# SPDX-License-Identifier: Apache-2.0
"""Checkpoints to and from paths, bytes and file objects."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ._errors import Error, InvalidArgument
from ._handles import name_bytes
from ._interrupts import InterruptsHeld
from ._library import CALLBACKS, CONSTANTS, call, struct
from ._results import LoadResult

_FLAGS = {
    "params": "PARAMS",
    "partial": "PARTIAL",
    "keep_settings": "KEEP_SETTINGS",
    "any_group": "ANY_GROUP",
    "start_missing": "START_MISSING",
}
_Write, _Read = CALLBACKS["gradstep_write"], CALLBACKS["gradstep_read"]


def _flags(values: dict[str, bool]) -> int:
    flags = 0
    for key, value in values.items():
        if value:
            flags |= CONSTANTS[f"CHECKPOINT_{_FLAGS[key]}"]
    return flags


class _Guard:
    """Runs the caller's function inside a callback and keeps the exception that leaves it. Ctrl-C
    is raised within the function, or after the call of the library: ctypes would drop it between
    the two."""

    def __init__(self) -> None:
        self._error: BaseException | None = None
        self._interrupts = InterruptsHeld()

    def run(self, function: Callable[[], None]) -> int:
        """What the callback returns: 0, or 1 if the function has raised."""
        try:
            try:
                self._interrupts.let()
                function()
            finally:
                self._interrupts.hold()
        except BaseException as error:  # it goes on after the call of the library
            self._interrupts.hold()  # Ctrl-C may have come before the first one
            self._error = error
            return 1
        return 0

    def call(self, name: str, *arguments: Any) -> None:
        """Calls the library, which calls the callback."""
        with self._interrupts:
            try:
                call(name, *arguments)
            except Error:
                if self._error is not None:
                    raise self._error from None
                raise


def _path_bytes(path: Any) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise InvalidArgument(f"the path {path!r} contains a NUL character")
    return encoded


def _is_path(file: Any) -> bool:
    return isinstance(file, (str, os.PathLike))


def _write_all(file: Any, data: bytes) -> None:
    """Unbuffered files may take a part at a time."""
    rest = memoryview(data)
    while rest:
        done = file.write(rest if len(rest) < len(data) else data)
        if not isinstance(done, int) or not 0 < done < len(rest):
            if done == 0:
                raise OSError("the file takes no more bytes")
            return
        rest = rest[done:]


def save(address: int, file: Any, params: bool) -> None:
    """Writes the checkpoint of the optimizer at this address."""
    options = struct("save_options", flags=_flags({"params": params}))
    if _is_path(file):
        options.path = _path_bytes(file)
        call("optimizer_save_to", address, ctypes.addressof(options), None)
    elif hasattr(file, "write"):
        _save_to_file(address, file, options)
    else:
        raise TypeError(f"file is {file!r}; it is a path or has write()")


def _save_to_file(address: int, file: Any, options: Any) -> None:
    guard = _Guard()

    def write(_stream: Any, data: int, size: int) -> int:
        return guard.run(lambda: _write_all(file, ctypes.string_at(data, size)))

    callback: Any = _Write(write)
    options.write = callback
    guard.call("optimizer_save_to", address, ctypes.addressof(options), None)


def save_bytes(address: int, params: bool) -> bytes:
    """The checkpoint as bytes."""
    options = struct("save_options", flags=_flags({"params": params}))
    size = ctypes.c_uint64()
    addresses = (ctypes.addressof(options), ctypes.addressof(size))
    while True:
        call("optimizer_save_to", address, *addresses)
        room = size.value + 4096  # another thread may change a setting between the two calls
        made = bytearray(room)
        memory = (ctypes.c_char * room).from_buffer(made)
        options.memory, options.memory_size = ctypes.addressof(memory), room
        try:
            call("optimizer_save_to", address, *addresses)
        except InvalidArgument:
            options.memory, options.memory_size = None, 0
            continue
        return bytes(memoryview(made)[: size.value])


def _read_into(file: Any, offset: int, data: int, size: int) -> None:
    file.seek(offset)
    done = 0
    while done < size:
        part = file.read(size - done)
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError("the file's read() gave no bytes: open it in binary mode")
        if not part:
            raise EOFError(f"the file ends {size - done} bytes early")
        ctypes.memmove(data + done, bytes(part), len(part))
        done += len(part)


def load(
    address: int, file: Any, prefix: str | None, file_prefix: str | None, flags: dict[str, bool]
) -> LoadResult:
    """Loads a checkpoint into the optimizer at this address."""
    options = struct("load_options", flags=_flags(flags))
    guard = _Guard()
    keep: list[Any] = []
    if prefix is not None:
        options.prefix = name_bytes(prefix, "prefix")
    if file_prefix is not None:
        options.file_prefix = name_bytes(file_prefix, "file_prefix")
    if _is_path(file):
        options.path = _path_bytes(file)
    elif hasattr(file, "read") and hasattr(file, "seek"):
        begin = file.tell()
        options.stream_size = max(file.seek(0, os.SEEK_END) - begin, 0)

        def read(_stream: Any, offset: int, data: int, size: int) -> int:
            return guard.run(lambda: _read_into(file, begin + offset, data, size))

        keep.append(_Read(read))
        options.read = keep[0]
    else:
        data = _memory(file)
        keep.append(data)
        if data.size:
            options.memory, options.memory_size = data.ctypes.data, data.size
        else:
            keep.append(ctypes.c_char())
            options.memory = ctypes.addressof(keep[-1])
    result = struct("load_result")
    addresses = (ctypes.addressof(options), ctypes.addressof(result))
    guard.call("optimizer_load_from", address, *addresses)
    return LoadResult(result.loaded_count, result.missing_count, result.extra_count)


def _memory(value: Any) -> Any:
    try:
        return np.asarray(memoryview(value).cast("B"))
    except (TypeError, BufferError) as error:
        raise TypeError(
            f"file is of type {type(value).__name__}; it is a path, bytes, or has read() and seek()"
        ) from error
