# SPDX-License-Identifier: Apache-2.0
"""Looks at many tensors at once: are they still at the same addresses, in the same shapes?

Every step asks this for every param, gradient and state. torch's Python interface needs a call for
each question and tensor. The wheel's libgradstep_looks asks torch's C interfaces instead, in a
third of the time. Where either is missing, Python asks, with the same answers."""

from __future__ import annotations

import ctypes
import operator
import sys
import weakref
from array import array
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from .._library import LIBRARY_PATH

_data_ptr = Tensor.data_ptr


class _Native:
    """The functions of libgradstep_looks, and those of torch that they call."""

    def __init__(self) -> None:
        library = ctypes.PyDLL(str(LIBRARY_PATH.parent / "libgradstep_looks.so"))
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self.same_addresses = library.gradstep_looks_same_addresses
        self.same_addresses.argtypes = [pointer, pointer, size, pointer]
        self.same_values = library.gradstep_looks_same_values
        self.same_values.argtypes = [pointer, size, pointer, size]
        self.record = library.gradstep_looks_record
        self.record.argtypes = [pointer, pointer, size, pointer, pointer, size]
        self.record.restype = ctypes.c_int64
        self.place = library.gradstep_looks_place
        self.place.argtypes = [pointer, pointer, size, pointer, pointer, pointer, size]
        self._address_of = ctypes.PYFUNCTYPE(pointer, ctypes.py_object, ctypes.c_char_p)(
            ("PyCapsule_GetPointer", ctypes.pythonapi)
        )
        self.describe = self._describe_function()
        torch_library = ctypes.CDLL(torch._C.__file__)
        self.data_ptr = ctypes.cast(torch_library.aoti_torch_get_data_ptr, pointer).value
        self.same_shapes = library.gradstep_looks_same_shapes
        self.same_shapes.argtypes = [pointer, pointer, pointer, pointer, size, pointer]
        self.shape_functions = tuple(
            ctypes.cast(getattr(torch_library, f"aoti_torch_get_{name}"), pointer).value
            for name in ("dim", "sizes", "strides")
        )
        self.delete = torch_library.aoti_torch_delete_tensor_object
        self.delete.argtypes = [pointer]
        self._allocate = torch._C._aoti.unsafe_alloc_void_ptrs_from_tensors

    def handles_of(self, tensors: list[Tensor]) -> list[int]:
        """A handle for each tensor. It shares the tensor, and `delete` frees it."""
        return [self._address_of(capsule, None) for capsule in self._allocate(tensors)]

    def _describe_function(self) -> int:
        """dltensor_from_py_object_no_sync of torch's DLPackExchangeAPI, major version 1."""
        capsule = Tensor.__dlpack_c_exchange_api__  # type: ignore[attr-defined]
        address = self._address_of(capsule, b"dlpack_exchange_api")
        words = (ctypes.c_uint64 * 7).from_address(address)
        major = words[0] & 0xFFFFFFFF
        if major != 1 or not words[5]:
            raise OSError("another version of DLPack's exchange interface")
        return int(words[5])


def _native() -> _Native | None:
    is_gil_enabled: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    if sys.implementation.name != "cpython" or not is_gil_enabled():
        return None
    try:
        return _Native()
    except (OSError, AttributeError):
        return None


NATIVE = _native()
_NONE = id(None)


def _delete(delete: Any, handles: list[int]) -> None:
    for handle in handles:
        delete(handle)


class Addresses:
    """The addresses of some tensors, and the shapes and strides of the first of them. A tensor
    keeps these unless somebody sets its data."""

    def __init__(self, tensors: list[Tensor], shaped: int) -> None:
        self._shaped = tensors[:shaped]
        self._shapes = [(tensor.size(), tensor.stride()) for tensor in self._shaped]
        self._tensors = tensors
        self._kept = list(map(_data_ptr, tensors))
        self._native = NATIVE
        if NATIVE is not None:
            handles = NATIVE.handles_of(tensors) if tensors else []
            weakref.finalize(self, _delete, NATIVE.delete, handles).atexit = False
            self._arrays = array("Q", handles), array("Q", self._kept)
            words = array("q")
            for sizes, strides in self._shapes:
                words.extend((len(sizes), *sizes, *strides))
            self._words = words
            self._shape_arguments = (
                *NATIVE.shape_functions,
                self._arrays[0].buffer_info()[0],
                shaped,
                words.buffer_info()[0],
            )
            self._arguments = (
                NATIVE.data_ptr,
                self._arrays[0].buffer_info()[0],
                len(handles),
                self._arrays[1].buffer_info()[0],
            )

    def are_current(self) -> bool:
        """Whether every tensor's elements are where they were, in the order in which they were."""
        if self._native is not None:
            return bool(
                self._native.same_addresses(*self._arguments)
                and self._native.same_shapes(*self._shape_arguments)
            )
        return list(map(_data_ptr, self._tensors)) == self._kept and (
            list(zip(map(Tensor.size, self._shaped), map(Tensor.stride, self._shaped), strict=True))
            == self._shapes
        )


class Values:
    """The values of some dicts: which objects they are, in order."""

    def __init__(self, dicts: list[dict[Any, Any]]) -> None:
        self._dicts = dicts
        self._kept = list(chain.from_iterable(map(dict.values, dicts)))
        self._lengths = list(map(len, dicts))
        self._native = NATIVE
        if NATIVE is not None:
            self._arrays = array("Q", map(id, dicts)), array("Q", map(id, self._kept))
            self._arguments = (
                self._arrays[0].buffer_info()[0],
                len(dicts),
                self._arrays[1].buffer_info()[0],
                len(self._kept),
            )

    def are_current(self) -> bool:
        """Whether every dict holds the same objects as before."""
        if self._native is not None:
            return bool(self._native.same_values(*self._arguments))
        return list(map(len, self._dicts)) == self._lengths and all(
            map(operator.is_, chain.from_iterable(map(dict.values, self._dicts)), self._kept)
        )


_LOOKS: tuple[Callable[[Tensor], Any], ...] = (
    Tensor.size,
    Tensor.stride,
    operator.attrgetter("dtype"),
    operator.attrgetter("device"),
)


class Shapes:
    """Shapes, strides and dtypes of some gradients. Most steps have other gradients of the same
    shapes."""

    def __init__(self, tensors: list[Tensor]) -> None:
        # Only a complex tensor, or a view into one, can wait for its sign or conjugate. Such a view
        # has a stride of 2, which says so, unless it has one element.
        self._doubtful = [
            (place, tensor.is_neg(), tensor.is_conj())
            for place, tensor in enumerate(tensors)
            if tensor.is_complex() or tensor.numel() == 1
        ]
        self._words: Any = None
        if NATIVE is not None and tensors:
            objects = array("Q", map(id, tensors))
            words = array("q", bytes(8 * sum(1 + 2 * tensor.dim() for tensor in tensors)))
            used = NATIVE.record(
                NATIVE.describe,
                objects.buffer_info()[0],
                len(objects),
                _NONE,
                words.buffer_info()[0],
                len(words),
            )
            if used == len(words):
                self._words = words
        self._kept = [list(map(look, tensors)) for look in _LOOKS] if self._words is None else []

    def place(self, tensors: list[Any], address: int, step: int) -> bool:
        """Whether these gradients look as the others. If so, the address of the i-th is written to
        memory, i * step bytes after `address`. None looks like no tensor."""
        if self._words is not None and NATIVE is not None:
            objects = array("Q", map(id, tensors))
            same = NATIVE.place(
                NATIVE.describe,
                objects.buffer_info()[0],
                len(objects),
                _NONE,
                self._words.buffer_info()[0],
                address,
                step,
            )
        else:
            same = self._place(tensors, address, step)
        return bool(same) and all(
            tensors[place].is_neg() == is_neg and tensors[place].is_conj() == is_conj
            for place, is_neg, is_conj in self._doubtful
        )

    def _place(self, tensors: list[Any], address: int, step: int) -> bool:
        try:
            if any(
                list(map(look, tensors)) != kept
                for look, kept in zip(_LOOKS, self._kept, strict=True)
            ):
                return False
            for number, data in enumerate(map(_data_ptr, tensors)):
                ctypes.c_uint64.from_address(address + number * step).value = data
        except (TypeError, AttributeError):  # None among them
            return False
        return True
