# SPDX-License-Identifier: Apache-2.0
"""8-bit slots, and the library's conversion of whole arrays."""

from __future__ import annotations

import ctypes

import numpy as np

from ._arrays import BLOCK, FLOAT32, FLOAT64, NARROW, Array, NdArray, dtype_code, struct_of
from ._errors import InvalidArgument
from ._library import call


class BlockQuantized:
    """8-bit numbers in blocks of 256 with one float32 scale per block, for slots.

    codes
        uint8, one per element.
    scales
        float32, one per block; 0 before the first step.
    dtype
        "s1e4m3_b256", with a sign, or "e5m3_b256", without (slots that are never negative).
    shape
        The shape of the tensor."""

    def __init__(
        self, codes: NdArray, scales: NdArray, dtype: str, shape: tuple[int, ...] | None = None
    ) -> None:
        self.codes = codes
        self.scales = scales
        self.code = dtype_code(dtype)
        if self.code not in NARROW:
            raise InvalidArgument(f"dtype is {dtype!r}; it is an 8-bit dtype of blocks")
        self.dtype = dtype
        if codes.dtype != np.uint8 or scales.dtype != np.float32:
            raise TypeError("codes are uint8 and scales float32")
        for name, part in (("codes", codes), ("scales", scales)):
            if not (part.flags.c_contiguous and part.flags.writeable and part.flags.aligned):
                raise InvalidArgument(f"{name} must be contiguous, aligned and writable")
        if scales.size != -(-codes.size // BLOCK):
            raise InvalidArgument(f"{codes.size} codes have {-(-codes.size // BLOCK)} scales")
        self.shape = codes.shape if shape is None else shape
        if int(np.prod(self.shape)) != codes.size:
            raise InvalidArgument(f"the shape {self.shape} does not have {codes.size} elements")

    def numpy(self) -> NdArray:
        """The numbers, as a new float32 array."""
        return read_array(self.block_array()).reshape(self.shape)

    def block_array(self) -> Array:
        """The pair as one array of the library."""
        if self.scales.size != -(-self.codes.size // BLOCK):
            raise InvalidArgument("codes or scales have been resized")
        made = Array(self.codes, self.codes, self.code, 0)
        made.extra = Array(self.scales, self.scales, FLOAT32, 0)
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BlockQuantized):
            return NotImplemented
        return (
            self.dtype == other.dtype
            and self.shape == other.shape
            and np.array_equal(self.codes, other.codes)
            and np.array_equal(self.scales, other.scales)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<gradstep.BlockQuantized: {self.dtype}, shape {self.shape}>"


def read_array(array: Array) -> NdArray:
    """The numbers of an array without gaps, as a new flat float32 or float64 array."""
    made = struct_of(array)
    values = np.empty(array.count, np.float64)
    call("array_read", ctypes.addressof(made), array.count, values.ctypes.data)
    return values if array.code == FLOAT64 else values.astype(np.float32)


def write_array(array: Array, values: NdArray) -> None:
    """Sets all numbers of an array without gaps, rounded to nearest."""
    made = struct_of(array)
    flat = np.ascontiguousarray(values, np.float64).reshape(-1)
    if flat.size != array.count:
        raise InvalidArgument(f"{flat.size} values for {array.count} elements")
    call("array_write", ctypes.addressof(made), array.count, flat.ctypes.data)
