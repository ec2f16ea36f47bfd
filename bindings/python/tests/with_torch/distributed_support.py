# SPDX-License-Identifier: Apache-2.0
"""What the tests with several processes share: `run` makes the processes, which find each other by
a file; models, batches and gradients come from a seed, so that every process makes the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

import gradstep.torch

needs_processes = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="this PyTorch has no gloo"
)

_TIMEOUT = timedelta(seconds=120)
_PRELOADED = [
    "torch",
    "torch.distributed.tensor",
    "torch.distributed.fsdp",
    "torch.distributed.optim",
    "torch.distributed.checkpoint.state_dict",
    "torch.nn.parallel",
    "gradstep.torch",
]


def _process(
    rank: int, size: int, folder: str, function: Callable[..., Any], arguments: Any
) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size, timeout=_TIMEOUT
    )
    try:
        torch.save(function(rank, *arguments), Path(folder) / f"{rank}.pt")
        dist.barrier()
    finally:
        dist.destroy_process_group()


def run(size: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Calls function(rank, *arguments) in `size` processes, and returns what each returned. The
    function stands at the top of a module; its result consists of tensors and plain values. An
    exception in one process ends all of them, and is raised here."""
    # The server imports torch once, and each process is a fork of the server.
    multiprocessing.get_context("forkserver").set_forkserver_preload(_PRELOADED)
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.start_processes(
            _process,
            (size, folder, function, arguments),
            nprocs=size,
            start_method="forkserver",
        )
        return [torch.load(Path(folder) / f"{rank}.pt", weights_only=True) for rank in range(size)]


def ours(name: str) -> Any:
    """A class of this package."""
    return gradstep.torch.classes[name]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def model(dtype: torch.dtype = torch.float32) -> torch.nn.Sequential:
    """A small model, the same in every process. Neither 2 nor 4 divides its sizes."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return torch.nn.Sequential(
            torch.nn.Linear(5, 13), torch.nn.Tanh(), torch.nn.LayerNorm(13), torch.nn.Linear(13, 3)
        ).to(dtype)


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """8 samples and their targets."""
    made = generator(100 + step)
    return torch.randn(8, 5, generator=made), torch.randn(8, 3, generator=made)


def my_part(tensor: torch.Tensor, rank: int, size: int) -> torch.Tensor:
    """The samples of a process."""
    return tensor.chunk(size)[rank]


def loss_of(net: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean over samples, so that the mean over processes is the mean over all samples."""
    return (net(inputs) - targets).square().mean()


def train(net: Any, optimizer: Any, steps: Iterable[int], rank: int = 0, size: int = 1) -> None:
    """Trains on this process's part of each batch."""
    for step in steps:
        inputs, targets = batch(step)
        optimizer.zero_grad()
        loss_of(net, my_part(inputs, rank, size), my_part(targets, rank, size)).backward()
        optimizer.step()


# gloo sends no tensors of these dtypes.
_SENT_AS = dict.fromkeys((torch.bfloat16, torch.float16, torch.int16), torch.float64)


def whole(tensor: Any) -> torch.Tensor:
    """All elements of a DTensor, as a tensor of its own."""
    if hasattr(tensor, "full_tensor"):
        sent = tensor.detach().to(_SENT_AS.get(tensor.dtype, tensor.dtype))
        return sent.full_tensor().to(tensor.dtype).clone()
    return tensor.detach().clone()


def params_of(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The whole params by name; DDP's prefix is left out."""
    return {name.removeprefix("module."): whole(param) for name, param in net.named_parameters()}


def states_of(net: torch.nn.Module, optimizer: Any) -> dict[str, dict[str, torch.Tensor]]:
    """The whole states by the names of their params."""
    return {
        name.removeprefix("module."): {
            key: whole(value) for key, value in sorted(optimizer.state[param].items())
        }
        for name, param in net.named_parameters()
        if optimizer.state.get(param)
    }


def assert_same(found: Any, expected: Any) -> None:
    """Nested values are equal, to the bit."""
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def assert_close(found: Any, expected: Any) -> None:
    """Nested values are equal to float32's rounding of a sum in another order."""
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=2e-6)
