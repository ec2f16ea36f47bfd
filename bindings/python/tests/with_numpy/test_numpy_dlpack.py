# SPDX-License-Identifier: Apache-2.0
"""Arrays of other libraries by way of DLPack."""

from __future__ import annotations

import ctypes
import gc
import weakref
from typing import Any

import numpy as np
import pytest

import gradstep
from gradstep import _dlpack

_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class Wrapped:
    """An array that shows nothing but numpy's own __dlpack__."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)


class Exporter:
    """An array of any DLPack dtype and device, exported by hand."""

    def __init__(self, shape: tuple[int, ...], code: int, bits: int, **more: Any) -> None:
        self.raw = np.zeros(int(np.prod(shape)) * bits // 8 + 64, np.uint8)
        self.numbers = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        strides = more.get("strides")
        self.strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)
        self.offset = more.get("offset", 0)
        self.version, self.flags = more.get("version"), more.get("flags", 0)

        class Whole(ctypes.Structure):
            _fields_ = [("head", _dlpack._VersionedHead), ("tensor", _dlpack._Tensor)]

        self.whole = Whole()
        self.whole.head.major, self.whole.head.flags = self.version or 1, self.flags
        tensor = self.whole.tensor
        tensor.data, tensor.byte_offset = self.raw.ctypes.data, self.offset
        tensor.device_type, tensor.ndim = more.get("device", 1), len(shape)
        tensor.code, tensor.bits, tensor.lanes = code, bits, more.get("lanes", 1)
        tensor.shape = ctypes.cast(self.numbers, ctypes.POINTER(ctypes.c_int64))
        if self.strides is not None:
            tensor.strides = ctypes.cast(self.strides, ctypes.POINTER(ctypes.c_int64))

    def __dlpack__(self, *, max_version: tuple[int, int] | None = None) -> Any:
        if self.version is not None:
            return _new(ctypes.addressof(self.whole), b"dltensor_versioned", None)
        address = ctypes.addressof(self.whole) + type(self.whole).tensor.offset
        return _new(address, b"dltensor", None)


def test_numpy_arrays_by_dlpack() -> None:
    whole = np.ones((4, 6), np.float32)
    opt = gradstep.Optimizer({"w": Wrapped(whole)}, "sgd", lr=0.5)
    opt.step([Wrapped(np.ones((4, 6)))])
    gc.collect()
    opt.step()
    assert (whole == 0).all()
    gradstep.apply("sgd", Wrapped(whole[:, ::2]), Wrapped(np.ones((4, 3))), step=1, lr=0.5)
    assert (whole[:, ::2] == -0.5).all() and (whole[:, 1::2] == 0).all()
    gradstep.apply("sgd", Wrapped(np.ones((0, 3), np.float32)), np.ones((0, 3)), step=1)


def test_elements_that_only_the_capsule_owns() -> None:
    class Owner:
        def __dlpack__(self, **options: Any) -> Any:
            array = np.ones(1000, np.float32)
            self.seen = weakref.ref(array)
            return array.__dlpack__()

    param, grad = Owner(), Owner()
    opt = gradstep.Optimizer({"w": param}, "sgd")
    opt.set_grads({"w": grad})
    gc.collect()
    assert param.seen() is not None and grad.seen() is not None
    opt.step()
    opt.remove("w")
    gc.collect()
    assert param.seen() is None and grad.seen() is None


@pytest.mark.parametrize("version", [None, 1])
def test_bfloat16(version: int | None) -> None:
    param, grad = Exporter((3, 5), 4, 16, version=version), Exporter((3, 5), 4, 16, version=version)
    grad.raw[:30].view(np.uint16)[:] = 0x3F80  # 1
    opt = gradstep.Optimizer({"w": param}, "sgd", lr=0.5)
    opt.step({"w": grad})
    assert (param.raw[:30].view(np.uint16) == 0xBF00).all() and not param.raw[30:].any()
    assert opt.tensor_info("w").dtype == "bfloat16" and opt.tensor_info("w").shape == (3, 5)


def test_offsets_and_strides() -> None:
    param = Exporter((2, 3), 2, 32, offset=8, strides=(1, 2))
    gradstep.apply("sgd", param, np.ones((2, 3)), step=1, lr=0.5)
    numbers = param.raw[: 4 * 8].view(np.float32)
    assert numbers[:2].tolist() == [0, 0] and numbers[2:8].tolist() == [-0.5] * 6


@pytest.mark.parametrize(
    ("exporter", "kind", "words"),
    [
        (Exporter((3,), 0, 32), TypeError, "dtype int32"),
        (Exporter((3,), 5, 64), TypeError, "dtype complex64"),
        (Exporter((3,), 2, 8), TypeError, "dtype float8"),
        (Exporter((3,), 17, 8), TypeError, "dtype unknown8"),
        (Exporter((3,), 2, 32, lanes=4), TypeError, "dtype float32"),
        (Exporter((3,), 2, 32, device=2), gradstep.Unsupported, "another device than the CPU"),
        (Exporter((3,), 2, 32, version=2), gradstep.Unsupported, "version 2 of DLPack"),
        (Exporter((3,), 2, 32, version=1, flags=1), gradstep.InvalidArgument, "read-only"),
        (Exporter((3,), 2, 32, strides=(-1,)), gradstep.Unsupported, "negative strides"),
    ],
)
def test_what_dlpack_may_show_and_is_refused(
    exporter: Exporter, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        gradstep.Optimizer({"w": exporter})


def test_exporters_that_fail() -> None:
    class Failing:
        def __init__(self, result: Any) -> None:
            self.result = result

        def __dlpack__(self) -> Any:
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

    for result, kind, words in (
        (BufferError("requires grad"), gradstep.InvalidArgument, "DLPack: requires grad"),
        (ZeroDivisionError("own"), ZeroDivisionError, "own"),
        (3, gradstep.InvalidArgument, "gave no DLPack capsule"),
    ):
        with pytest.raises(kind, match=words):
            gradstep.Optimizer({"w": Failing(result)})


def test_an_object_that_moves_is_found_by_its_data_ptr() -> None:
    class Tensor(Wrapped):
        def data_ptr(self) -> int:
            return self.array.ctypes.data

    tensor = Tensor(np.ones(4, np.float32))
    opt = gradstep.Optimizer({"w": tensor}, "sgd")
    opt.step([np.ones(4)])
    tensor.array = np.ones(4000, np.float32)
    with pytest.raises(gradstep.InvalidArgument, match="resized or has moved"):
        opt.step()


def test_jax_arrays_are_gradients_but_no_params() -> None:
    jax = pytest.importorskip("jax")
    for dtype in (jax.numpy.float32, jax.numpy.bfloat16):
        grad = jax.numpy.ones((3, 4), dtype)
        param = np.ones((3, 4), np.float32)
        opt = gradstep.Optimizer({"w": param}, "sgd", lr=0.5)
        opt.step({"w": grad})
        assert (param == 0.5).all()
        with pytest.raises(gradstep.InvalidArgument, match="read-only"):
            gradstep.Optimizer({"w": grad})
