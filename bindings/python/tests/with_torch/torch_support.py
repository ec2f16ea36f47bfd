# SPDX-License-Identifier: Apache-2.0
"""What the tests of gradstep.torch share: params and gradients from a seed, runs of an optimizer,
comparisons, and programs that run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

import gradstep.torch

GOLDEN = Path(__file__).resolve().parents[4] / "tests" / "golden"
IS_SLOW = os.environ.get("GRADSTEP_SLOW") == "1"

# The classes that torch has too, and those that it lacks.
PEERS = [name for name in gradstep.torch.classes if hasattr(torch.optim, name)]
OWN = [name for name in gradstep.torch.classes if name not in PEERS]

SHAPES = ((7, 5), (33,), (2, 3, 4), (1,))


def ours(name: str) -> Any:
    """This package's class."""
    return gradstep.torch.classes[name]


def theirs(name: str) -> Any:
    """torch's class of the same name."""
    return getattr(torch.optim, name)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def params_of(
    seed: int = 0, dtype: torch.dtype = torch.float32, shapes: Sequence[tuple[int, ...]] = SHAPES
) -> list[torch.nn.Parameter]:
    """Params that are the same for the same seed."""
    source = generator(seed)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=source, dtype=torch.float64).to(dtype))
        for shape in shapes
    ]


def set_grads(params: Iterable[torch.Tensor], seed: int) -> None:
    """Gradients that are the same for the same seed and shapes."""
    source = generator(1000 + seed)
    for param in params:
        values = torch.randn(param.shape, generator=source, dtype=torch.float64)
        if param.is_complex():
            imaginary = torch.randn(param.shape, generator=source, dtype=torch.float64)
            values = torch.complex(values, imaginary)
        param.grad = values.to(param.dtype)


def make_steps(optimizer: Any, params: Sequence[torch.Tensor], count: int, first: int = 0) -> None:
    """Makes `count` steps with gradients of the seeds first, first + 1, ..."""
    for step in range(first, first + count):
        set_grads(params, step)
        optimizer.step()


def tolerance(name: str, dtype: torch.dtype) -> float:
    """How far two correct implementations may differ after tens of steps. torch keeps NAdam's
    mu_product in float32 in every dtype."""
    if name == "NAdam":
        return 1e-5
    return {torch.float64: 1e-12, torch.complex128: 1e-12}.get(dtype, 2e-5)


def assert_close(
    got: Iterable[torch.Tensor], wanted: Iterable[torch.Tensor], bound: float, what: str = ""
) -> None:
    """Every element agrees to `bound` times the largest of its tensor, or times 1."""
    for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
        assert one.shape == other.shape and one.dtype == other.dtype
        if one.numel() == 0:
            continue
        one, other = one.detach(), other.detach()
        scale = max(1.0, float(other.abs().max()))
        error = float((one - other).abs().max())
        assert error <= bound * scale, f"{what}: tensor {index} differs by {error}"


def assert_same_bits(got: Iterable[torch.Tensor], wanted: Iterable[torch.Tensor]) -> None:
    for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert torch.equal(bits_of(one), bits_of(other)), f"tensor {index} has other bits"


def bits_of(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor's memory as bytes, in the order of its indices."""
    return (
        tensor.detach().clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8)
    )


def snapshot(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return [tensor.detach().clone() for tensor in tensors]


def run_program(text: str, *arguments: str, timeout: float = 120.0) -> str:
    """Runs a Python program in a process of its own, which must end with 0. Gives its output. So a
    crash fails one test and does not end the others."""
    finished = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(text), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        check=False,
    )
    assert finished.returncode == 0, f"ended with {finished.returncode}\n{finished.stderr[-3000:]}"
    return finished.stdout


def quadratic_closure(optimizer: Any, params: Sequence[torch.Tensor]) -> Callable[[], torch.Tensor]:
    """A closure whose loss is the sum of squares of the params."""

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.stack([param.square().sum() for param in params]).sum()
        loss.backward()
        return loss

    return closure
