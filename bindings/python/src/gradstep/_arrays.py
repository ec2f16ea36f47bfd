# SPDX-License-Identifier: Apache-2.0
"""Python's arrays as the library sees them: an address, a dtype, a shape and a pitch.

Taken are numpy arrays, whatever has ``__dlpack__`` (PyTorch, JAX ...), and whatever exports a
buffer (array.array, memoryview, ctypes arrays). Nothing is copied here."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import weakref
from typing import Any

import numpy as np

from . import _dlpack
from ._errors import InvalidArgument, Unsupported
from ._library import CONSTANTS, STRUCTS

NdArray = np.ndarray[Any, Any]

FLOAT32, FLOAT64 = CONSTANTS["FLOAT32"], CONSTANTS["FLOAT64"]
BFLOAT16, FLOAT16 = CONSTANTS["BFLOAT16"], CONSTANTS["FLOAT16"]
NARROW = (CONSTANTS["S1E4M3_B256"], CONSTANTS["E5M3_B256"])
BLOCK = CONSTANTS["BLOCK_SIZE"]
CODES: dict[str, int] = {
    "float32": FLOAT32,
    "float64": FLOAT64,
    "bfloat16": BFLOAT16,
    "float16": FLOAT16,
}
_PLAIN = {np.dtype(name): CODES[name] for name in ("float32", "float64", "float16")}
NAMES = {code: name for name, code in CODES.items()}
ALLOWED = "allowed are float32, float64, bfloat16 and float16"
_Array = STRUCTS["gradstep_array"]


class Array:
    """An array as the library gets it. It keeps the elements where they are.

    object
        What the caller passed.
    elements
        A numpy view of it; of bfloat16 the dtype is uint16 here.
    code, pitch
        dtype and pitch of a gradstep_array."""

    __slots__ = (
        "_cell",
        "_dtype",
        "_export",
        "_guard",
        "_probe",
        "_shape",
        "address",
        "code",
        "elements",
        "extra",
        "object",
        "pitch",
    )

    def __init__(self, value: Any, elements: NdArray, code: int, pitch: int) -> None:
        self.object = value
        self.elements = elements
        self.code = code
        self.pitch = pitch
        self.address: int = elements.ctypes.data
        self._shape = elements.shape
        self._dtype = getattr(value, "dtype", None)
        self.extra: Array | None = None
        # An ndarray that has a weak reference refuses resize(), refcheck=False included.
        self._guard = weakref.ref(value) if isinstance(value, np.ndarray) else None
        self._cell = _data_cell(value) if self._guard is not None else None
        self._export = _export_of(elements)
        self._probe = getattr(value, "data_ptr", None) if self._guard is None else None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.elements.shape)

    @property
    def count(self) -> int:
        return int(self.elements.size)

    def check(self, name: str, written: bool) -> None:
        """Finds what the caller has done to the array since it was passed."""
        value = self.object
        if self._guard is not None:
            if self._cell is not None:
                now = self._cell.value
            else:
                now = value.__array_interface__["data"][0]
            if now != self.address or value.shape != self._shape or value.dtype != self._dtype:
                raise InvalidArgument(f"{name} has been resized or has moved: set it again")
            if written and not value.flags.writeable:
                raise InvalidArgument(f"{name} has become read-only; a step writes it")
        elif self._probe is not None and self.count and self._probe() != self.address:
            raise InvalidArgument(f"{name} has been resized or has moved: set it again")

    @property
    def itemsize(self) -> int:
        return int(self.elements.dtype.itemsize)

    def fill(self, made: Any) -> None:
        """Writes the gradstep_array."""
        made.data = self.address or None
        made.extra = self.extra.address if self.extra is not None else None
        made.pitch = self.pitch
        made.dtype = self.code

    def span(self) -> tuple[int, int]:
        """The addresses from the first element to the last one."""
        if not self.count:
            return self.address, self.address
        pairs = zip(self.shape, self.elements.strides, strict=True)
        return self.address, self.address + sum((n - 1) * s for n, s in pairs) + self.itemsize


def _data_cell(array: Any) -> Any:
    """Where an ndarray holds the address of its elements: read there, the address costs a tenth of
    what `__array_interface__` costs. None where arrays are laid out in another way."""
    if sys.implementation.name != "cpython":
        return None
    cell = ctypes.c_void_p.from_address(id(array) + object.__basicsize__)
    return cell if cell.value == array.ctypes.data else None


def _export_of(elements: NdArray) -> memoryview | None:
    """An array over a buffer (a memmap) does not hold that buffer open; this export does, so the
    mmap cannot be closed nor the bytearray resized."""
    base: Any = elements
    while isinstance(base, np.ndarray):
        base = base.base
    try:
        return None if base is None else memoryview(base)
    except (TypeError, ValueError, BufferError):
        return None


def dtype_code(dtype: Any) -> int:
    """The library's number of a dtype: a name, a numpy or a PyTorch dtype. "8bit" stands for the
    one of the two 8-bit dtypes that suits a slot. None is 0: the library chooses."""
    if dtype is None:
        return 0
    text = dtype if isinstance(dtype, str) else str(dtype).removeprefix("torch.")
    if not isinstance(dtype, str):
        with contextlib.suppress(TypeError):
            text = np.dtype(dtype).name
    names = {**CODES, "8bit": NARROW[0], "s1e4m3_b256": NARROW[0], "e5m3_b256": NARROW[1]}
    if text not in names:
        raise InvalidArgument(f"dtype is {dtype!r}; allowed are {', '.join(names)}")
    return int(names[text])


def dtype_name(code: int) -> str:
    """The name of a dtype of the library."""
    return NAMES.get(code) or ("s1e4m3_b256" if code == NARROW[0] else "e5m3_b256")


def numpy_dtype(code: int) -> np.dtype[Any] | None:
    """numpy's dtype; None for bfloat16 without ml_dtypes and for the 8-bit dtypes."""
    if code == BFLOAT16:
        module = sys.modules.get("ml_dtypes")
        if module is None:
            try:
                import ml_dtypes as module  # type: ignore[no-redef, import-not-found, unused-ignore]
            except ImportError:
                return None
        return np.dtype(module.bfloat16)  # type: ignore[union-attr, unused-ignore]
    return np.dtype(NAMES[code]) if code in NAMES else None


def new_array(shape: tuple[int, ...], code: int) -> NdArray:
    """Zeros of a dtype that numpy has."""
    dtype = numpy_dtype(code)
    if dtype is None:
        raise Unsupported("bfloat16 arrays in numpy need the package ml_dtypes")
    return np.zeros(shape, dtype)


def _elements_of(value: Any, name: str) -> tuple[NdArray, bool]:
    """A numpy view of any array, and whether it is of bfloat16."""
    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{name} is a masked array, whose mask a step would ignore: pass .data")
        return value.view(np.ndarray), False
    try:
        return np.asarray(memoryview(value)), False
    except (TypeError, ValueError, BufferError, NotImplementedError):
        pass
    if hasattr(value, "__dlpack__") and not isinstance(value, type):
        return _dlpack.view(value, name)
    raise TypeError(
        f"{name} is of type {type(value).__name__}; it is an array: of numpy, or an object with "
        "__dlpack__ or the buffer protocol"
    )


def _as_floats(elements: NdArray, name: str) -> tuple[NdArray, int]:
    dtype = elements.dtype
    if dtype in _PLAIN:
        return elements, _PLAIN[dtype]
    code = CODES.get(dtype.name, 0)
    if not code:
        hint = ""
        if dtype.kind == "c":
            hint = "; .view() as float shows the real and imaginary parts of a complex array"
        elif dtype.kind in "uSVi" and dtype.itemsize == 1:
            hint = "; memoryview(...).cast('f') shows bytes as float32"
        raise TypeError(f"{name} has the dtype {dtype.name}; {ALLOWED}{hint}")
    if not dtype.isnative:
        raise TypeError(
            f"{name} has the other byte order ({dtype.str}): use "
            f"{name}.astype({name}.dtype.newbyteorder('='))"
        )
    return (elements.view(np.uint16) if code == BFLOAT16 else elements), code


def layout(elements: NdArray) -> int | None:
    """The pitch: 0 for elements without gaps, None if the library cannot be told the strides."""
    if elements.flags.c_contiguous or not elements.size:
        return 0
    shape, strides, size = elements.shape, elements.strides, elements.itemsize
    if elements.ndim < 2 or (shape[-1] > 1 and strides[-1] != size):
        return None
    steps = [s for n, s in zip(shape[:-1], strides[:-1], strict=True) if n > 1]
    if not steps:
        return 0
    pitch, rest = divmod(steps[-1], size)
    if shape[-2] == 1:  # matrices of one row: their distance is the pitch
        shape = (*shape[:-2], 1, shape[-1])
    distance = pitch * size
    for n, s in zip(reversed(shape[:-1]), reversed(strides[:-1]), strict=True):
        if n > 1 and s != distance:
            return None
        distance *= n
    return pitch if not rest and pitch >= shape[-1] else None


def is_nested(elements: NdArray) -> bool:
    """No two elements share memory. (An overlap of another kind counts as sharing.)"""
    reach = 0
    for step, n in sorted(
        (abs(s), n) for s, n in zip(elements.strides, elements.shape, strict=True) if n > 1
    ):
        if step < max(reach, elements.itemsize):
            return False
        reach = step * (n - 1) + max(reach, elements.itemsize)
    return True


def describe(value: Any, name: str, written: bool = False) -> Array | NdArray:
    """The array of the library or, if only a copy of the elements could be passed, a view of them
    (of bfloat16 as uint16). Raises for everything that is no array of floats, and for a read-only
    array that is `written`."""
    elements, is_bfloat16 = _elements_of(value, name)
    if is_bfloat16:
        code = BFLOAT16
    else:
        elements, code = _as_floats(elements, name)
    if written and not elements.flags.writeable:
        raise InvalidArgument(
            f"{name} is read-only, and the call writes it: pass a writable copy, such as "
            "numpy.array(x)"
        )
    pitch = layout(elements)
    if pitch is None or not elements.flags.aligned:
        if written and not is_nested(elements):
            raise InvalidArgument(f"{name} has elements that share memory; a call cannot write it")
        return elements
    return Array(value, elements, code, pitch)


def array_of(value: Any, name: str, written: bool = False) -> Array:
    """The array of the library, for calls that keep its address."""
    if hasattr(value, "block_array"):
        return value.block_array()  # type: ignore[no-any-return]
    found = describe(value, name, written)
    if isinstance(found, Array):
        return found
    if not found.flags.aligned:
        raise InvalidArgument(f"{name} is misaligned, and its address is kept: use {name}.copy()")
    raise InvalidArgument(
        f"{name} is not contiguous (strides {found.strides} bytes), and its address is kept: use "
        "numpy.ascontiguousarray(x)"
    )


def lower_halves_of(value: Any, param: Array, name: str) -> Array:
    """The lower halves (uint16) of exact float32 params whose upper halves are bfloat16."""
    if not isinstance(value, np.ndarray) or value.dtype != np.uint16:
        raise TypeError(f"{name} is a numpy array of uint16")
    if value.shape != param.shape or not value.flags.writeable or layout(value) != param.pitch:
        raise InvalidArgument(f"{name} must be writable, with the param's shape and strides")
    return Array(value, value, 0, param.pitch)


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """rows and columns: the last two dimensions; 0 and 0 for a flat array."""
    if len(shape) < 2 or 0 in shape:
        return 0, 0
    return shape[-2], shape[-1]


def struct_of(array: Array) -> Any:
    """A gradstep_array."""
    made = _Array()
    array.fill(made)
    return made
