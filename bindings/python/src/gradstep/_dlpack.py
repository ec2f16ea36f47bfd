# SPDX-License-Identifier: Apache-2.0
"""DLPack: arrays of other libraries, bfloat16 included, which numpy.from_dlpack refuses.

The capsule is read and never consumed. Its owner frees the elements when the capsule goes, so
whoever keeps the capsule keeps the elements."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from ._errors import InvalidArgument, Unsupported

_CPU_DEVICES = (1, 3, 11)  # kDLCPU, kDLCUDAHost, kDLROCMHost: memory that the CPU can use
_READ_ONLY = 1
_CODES = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 5: "complex", 6: "bool"}


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _VersionedHead(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
    ]


_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.restype, _is_valid.argtypes = ctypes.c_int, [ctypes.py_object, ctypes.c_char_p]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def _capsule(value: Any) -> Any:
    try:
        return value.__dlpack__(max_version=(1, 0))
    except TypeError:  # exporters from before version 1 do not know the argument
        return value.__dlpack__()


def _elements(value: Any, name: str) -> tuple[Any, _Tensor, bool]:
    capsule = _capsule(value)
    if _is_valid(capsule, b"dltensor_versioned"):
        address = _pointer_of(capsule, b"dltensor_versioned")
        head = _VersionedHead.from_address(address)
        if head.major != 1:
            raise Unsupported(f"{name} uses version {head.major} of DLPack; version 1 is known")
        tensor = _Tensor.from_address(address + ctypes.sizeof(_VersionedHead))
        return capsule, tensor, not head.flags & _READ_ONLY
    if _is_valid(capsule, b"dltensor"):
        return capsule, _Tensor.from_address(_pointer_of(capsule, b"dltensor")), True
    raise InvalidArgument(f"{name}: __dlpack__ of {type(value).__name__} gave no DLPack capsule")


def view(value: Any, name: str) -> tuple[np.ndarray[Any, Any], bool]:
    """A numpy view of an object that has __dlpack__, and whether it holds bfloat16 (the view's
    dtype is then uint16). The view keeps the elements alive."""
    try:
        capsule, tensor, writable = _elements(value, name)
    except BufferError as error:
        raise InvalidArgument(f"{name} cannot be passed by DLPack: {error}") from error
    if tensor.device_type not in _CPU_DEVICES:
        raise Unsupported(f"{name} is on another device than the CPU: copy it to the CPU first")
    kind = f"{_CODES.get(tensor.code, 'unknown')}{tensor.bits}"
    is_bfloat16 = kind == "bfloat16"
    if tensor.lanes != 1 or (not is_bfloat16 and kind not in ("float16", "float32", "float64")):
        raise TypeError(
            f"{name} has the dtype {kind}; allowed are float32, float64, bfloat16 and float16"
        )
    dtype = np.dtype(np.uint16 if is_bfloat16 else kind)
    made = _as_numpy(capsule, tensor, dtype, name)
    if not writable or type(value).__module__.partition(".")[0] in ("jax", "jaxlib"):
        made.flags.writeable = False
    return made, is_bfloat16


def _as_numpy(
    capsule: Any, tensor: _Tensor, dtype: np.dtype[Any], name: str
) -> np.ndarray[Any, Any]:
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    strides = None
    if tensor.strides:
        strides = tuple(tensor.strides[i] * dtype.itemsize for i in range(tensor.ndim))
    if 0 in shape:
        return np.empty(shape, dtype)
    if strides is not None and min(strides, default=0) < 0:
        raise Unsupported(f"{name} has negative strides: pass a contiguous copy")
    extent = dtype.itemsize * (
        int(np.prod(shape))
        if strides is None
        else 1 + sum((n - 1) * s // dtype.itemsize for n, s in zip(shape, strides, strict=True))
    )
    address = (tensor.data or 0) + tensor.byte_offset
    memory: Any = (ctypes.c_char * extent).from_address(address)
    memory.capsule = capsule
    made: np.ndarray[Any, Any] = np.ndarray(shape, dtype, buffer=memory, strides=strides)
    return made
