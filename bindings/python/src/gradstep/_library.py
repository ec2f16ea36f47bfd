# SPDX-License-Identifier: Apache-2.0
"""The shared library as ctypes sees it: structs, constants and functions, all made from
gradstep.json, the library's own description of its C interface.

Nothing here is listed by hand. `call` is the way to every function that returns a status."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path
from typing import Any

from ._errors import EXCEPTIONS, Error

_FOLDER = Path(__file__).resolve().parent
# The environment variable names a library to use in place of the wheel's own.
LIBRARY_PATH = Path(os.environ.get("GRADSTEP_LIBRARY") or _FOLDER / "lib" / "libgradstep.so")

_SCALARS: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "double": ctypes.c_double,
}


class _Interface:
    """What gradstep.json describes, as ctypes types."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._types: dict[str, Any] = {**_SCALARS, "void": None}
        for alias in description["types"]:
            self._types[alias["name"]] = self._types[alias["type"]]
        self.callbacks: dict[str, Any] = {}
        for callback in description["callbacks"]:
            self.callbacks[callback["name"]] = self._types[callback["name"]] = ctypes.CFUNCTYPE(
                self.type_of(callback["returns"]),
                *(self.type_of(argument["type"]) for argument in callback["arguments"]),
            )
        self.structs: dict[str, type[ctypes.Structure]] = {}
        for struct in description["structs"]:
            fields = [(field["name"], self.type_of(field["type"])) for field in struct["fields"]]
            made = type(struct["name"], (ctypes.Structure,), {"_fields_": fields})
            if ctypes.sizeof(made) != struct["size"]:
                raise ImportError(f"{struct['name']} has another layout on this system")
            self.structs[struct["name"]] = self._types[struct["name"]] = made
        self.constants: dict[str, Any] = {
            constant["name"].removeprefix("GRADSTEP_"): constant["value"]
            for constant in description["constants"]
        }
        self.functions = description["functions"]

    def type_of(self, name: str) -> Any:
        """Pointers are addresses; a struct's text is char*, which ctypes converts."""
        if name.endswith("*"):
            return ctypes.c_char_p if name == "const char*" else ctypes.c_void_p
        return self._types[name]


def _load() -> tuple[ctypes.CDLL, _Interface]:
    description = json.loads((_FOLDER / "gradstep.json").read_text(encoding="utf-8"))
    interface = _Interface(description)
    try:
        library = ctypes.CDLL(str(LIBRARY_PATH))
    except OSError as error:
        raise ImportError(f"gradstep cannot load its shared library: {error}") from error
    for function in interface.functions:
        try:
            made = getattr(library, function["name"])
        except AttributeError as error:
            raise ImportError(
                f"{LIBRARY_PATH} is older than this package ({description['version']}): "
                f"it lacks {function['name']}"
            ) from error
        made.restype = interface.type_of(function["returns"])
        made.argtypes = [interface.type_of(argument["type"]) for argument in function["arguments"]]
    return library, interface


library, _interface = _load()
STRUCTS = _interface.structs
CONSTANTS = _interface.constants
CALLBACKS = _interface.callbacks
_FUNCTIONS = {
    function["name"].removeprefix("gradstep_"): getattr(library, function["name"])
    for function in _interface.functions
}
_STATUS_NAMES = {
    value: f"GRADSTEP_{name}"
    for name, value in CONSTANTS.items()
    if f"GRADSTEP_{name}" in EXCEPTIONS
}


def failure(status: int) -> Error:
    """The exception for a status that is not 0, with this thread's last sentence."""
    sentence = (library.gradstep_last_error() or b"").decode("utf-8", "replace")
    kind = EXCEPTIONS.get(_STATUS_NAMES.get(status, ""), Error)
    return kind(sentence)


def call(name: str, *arguments: Any) -> None:
    """Calls gradstep_<name> and raises the exception of its status, if it is not 0."""
    status = _FUNCTIONS[name](*arguments)
    if status:
        raise failure(status)


def struct(name: str, /, **fields: Any) -> Any:
    """A zeroed gradstep_<name> with its struct_size and these fields set."""
    kind = STRUCTS[f"gradstep_{name}"]
    made = kind(**fields)
    if kind._fields_[0][0] == "struct_size":
        made.struct_size = ctypes.sizeof(kind)  # type: ignore[attr-defined]
    return made


def described(function: str, kind: str, *arguments: Any) -> Any:
    """The gradstep_<kind> that a describe call fills: its last argument."""
    info = struct(kind)
    call(function, *arguments, ctypes.addressof(info))
    return info


def text(value: bytes | None) -> str:
    """A text of the library; None is the empty text."""
    return value.decode("utf-8", "replace") if value else ""


def version() -> str:
    """The version of the running library."""
    return text(library.gradstep_version_text())
