# SPDX-License-Identifier: Apache-2.0
"""How the elements of torch's tensors reach the library: directly where they are dense and in the
param's order, else through a dense twin. What cannot be reached is refused with a sentence."""

from __future__ import annotations

import torch
from torch import Tensor

from .._catalogue import RuleInfo
from ._options import DTYPES
from ._shards import local
from ._state import needs_matrices

__all__ = [
    "check_copy",
    "check_grad",
    "check_layout",
    "check_param",
    "is_dense",
    "is_usable",
    "local",
    "same_order",
]


def check_param(name: str, param: Tensor, local_param: Tensor, description: RuleInfo) -> None:
    """Raises RuntimeError for a param that is not a dense tensor of floats in this machine's
    memory, or that the rule does not suit."""
    if local_param.is_complex() and needs_matrices(description):
        raise RuntimeError(f"{name} does not support complex parameters")
    if local_param.is_sparse or local_param.layout != torch.strided:
        raise RuntimeError(
            f"a param has the layout {local_param.layout}; gradstep needs a dense tensor"
        )
    if local_param.device.type != "cpu":
        raise RuntimeError(
            f"a param is on the device {local_param.device}; gradstep steps tensors on the CPU "
            "(`fused=True` requires all the params to be floating point Tensors on supported "
            "devices)"
        )
    if local_param.dtype not in DTYPES:
        names = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in DTYPES))
        raise RuntimeError(f"a param has the dtype {local_param.dtype}; gradstep steps {names}")
    if param.is_inference():
        raise RuntimeError("a param is an inference tensor, which cannot be changed")


def check_layout(name: str, grad: Tensor) -> None:
    """Raises RuntimeError for a gradient that is not dense, or not in this machine's memory."""
    if grad.is_sparse or grad.layout != torch.strided:
        raise RuntimeError(f"{name} does not support sparse gradients")
    if grad.device.type != "cpu":
        raise RuntimeError(
            f"a gradient is on the device {grad.device}; gradstep reads them on the CPU"
        )


def check_grad(name: str, param: Tensor, grad: Tensor) -> None:
    """Raises RuntimeError for a gradient that the library cannot read."""
    check_layout(name, grad)
    if grad.dtype not in DTYPES or grad.is_complex() != param.is_complex():
        raise RuntimeError(f"a gradient has the dtype {grad.dtype} beside a param of {param.dtype}")
    if grad.shape != param.shape:
        raise RuntimeError(
            f"a gradient has the shape {tuple(grad.shape)} beside a param of {tuple(param.shape)}"
        )


def check_copy(param: Tensor, local_param: Tensor, copy: Tensor) -> None:
    """Raises ValueError for a tensor that the new param cannot be written to."""
    if not isinstance(copy, Tensor) or copy.device.type != "cpu":
        raise ValueError("copy_to holds something that is no tensor on the CPU")
    if copy.shape != local_param.shape or not same_order(copy, local_param) or param.is_complex():
        raise ValueError(
            f"copy_to holds a tensor of the shape {tuple(copy.shape)} and strides {copy.stride()} "
            "for "
            f"a param of {tuple(local_param.shape)} and {local_param.stride()}; both are alike"
        )
    if copy.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        raise ValueError(
            f"copy_to holds a tensor of {copy.dtype}; it is float32, bfloat16 or float16"
        )


def is_dense(tensor: Tensor) -> bool:
    """Whether the elements fill one run of memory, each once, in whatever order."""
    if tensor.is_contiguous():
        return True
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.size(), strict=True)):
        if size == 1:
            continue
        if stride != expected:
            return False
        expected *= size
    return True


def is_usable(tensor: Tensor, description: RuleInfo) -> bool:
    """Whether the library can work on a param where it is."""
    if tensor.is_conj() or tensor.is_neg():
        return False
    return tensor.is_contiguous() if needs_matrices(description) else is_dense(tensor)


def same_order(tensor: Tensor, other: Tensor) -> bool:
    """Whether the elements of both stand in memory in the same order."""
    if tensor.is_conj() or tensor.is_neg():
        return False
    return tensor.stride() == other.stride() or (tensor.is_contiguous() and other.is_contiguous())
