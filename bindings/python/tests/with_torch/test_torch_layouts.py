# SPDX-License-Identifier: Apache-2.0
"""Params, gradients and state in any order of memory, and complex ones, give torch's steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch_support import PEERS, assert_close, ours, set_grads, theirs, tolerance

LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "contiguous": lambda tensor: tensor.contiguous(),
    "channels_last": lambda tensor: tensor.contiguous(memory_format=torch.channels_last),
    "transposed": lambda tensor: tensor.transpose(0, 1).contiguous().transpose(0, 1),
    "reversed": lambda tensor: tensor.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0),
    "strided": lambda tensor: torch.stack([tensor, tensor], dim=-1)[..., 0],
    "sliced": lambda tensor: torch.cat([tensor, tensor], dim=1)[:, : tensor.shape[1]],
}
SHAPE = (4, 3, 5, 2)


def run(kind: Any, layout: Any, grad_layout: Any, **options: Any) -> tuple[Any, torch.Tensor]:
    values = torch.randn(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    param = torch.nn.Parameter(layout(values))
    optimizer = kind([param], lr=0.05, **options)
    for step in range(20):
        set_grads([param], step)
        param.grad = grad_layout(param.grad)
        optimizer.step()
    return optimizer, param


@pytest.mark.parametrize("grads", LAYOUTS)
@pytest.mark.parametrize("params", LAYOUTS)
@pytest.mark.parametrize("name", PEERS)
def test_layouts(name: str, params: str, grads: str) -> None:
    _, wanted = run(theirs(name), LAYOUTS["contiguous"], LAYOUTS["contiguous"])
    optimizer, got = run(ours(name), LAYOUTS[params], LAYOUTS[grads])
    assert got.stride() == LAYOUTS[params](torch.empty(SHAPE)).stride()
    assert_close([got], [wanted], tolerance(name, torch.float64))
    if "exp_avg" in optimizer.state[got]:
        assert optimizer.state[got]["exp_avg"].shape == got.shape


def test_gradients_that_change_their_layout() -> None:
    layouts = list(LAYOUTS.values())
    values = torch.randn(SHAPE, dtype=torch.float64)
    mine = torch.nn.Parameter(values.clone())
    other = torch.nn.Parameter(values.clone())
    optimizer, reference = ours("AdamW")([mine]), theirs("AdamW")([other])
    for step in range(2 * len(layouts)):
        set_grads([mine], step)
        other.grad = mine.grad.clone()
        mine.grad = layouts[step % len(layouts)](mine.grad)
        optimizer.step()
        reference.step()
        assert_close([mine], [other], 1e-12, f"step {step}")


def test_expanded_gradient() -> None:
    """Its elements share memory. Such is the gradient of a sum."""
    mine, other = torch.nn.Parameter(torch.ones(6, 5)), torch.nn.Parameter(torch.ones(6, 5))
    optimizer, reference = ours("SGD")([mine], lr=0.1), theirs("SGD")([other], lr=0.1)
    for param in (mine, other):
        param.grad = torch.arange(5.0).expand(6, 5)
    optimizer.step()
    reference.step()
    assert torch.equal(mine, other)
    assert mine.grad.stride() == (0, 1)


def test_zeroed_expanded_gradient() -> None:
    param = torch.nn.Parameter(torch.ones(6, 5))
    param.grad = torch.arange(5.0).expand(6, 5)
    ours("SGD")([param], lr=0.1, zero_grads=True).step()
    assert float(param.grad.abs().max()) == 0.0
    assert torch.allclose(param, 1 - 0.1 * torch.arange(5.0).expand(6, 5))


def test_views_of_one_storage() -> None:
    """Params that lie side by side in one tensor, as flattened models have them."""
    flat = torch.randn(120, dtype=torch.float64)
    copy = flat.clone()
    mine = [torch.nn.Parameter(flat[:70].view(7, 10)), torch.nn.Parameter(flat[70:])]
    other = [torch.nn.Parameter(copy[:70].view(7, 10)), torch.nn.Parameter(copy[70:])]
    optimizer, reference = ours("AdamW")(mine), theirs("AdamW")(other)
    for step in range(10):
        set_grads(mine, step)
        set_grads(other, step)
        optimizer.step()
        reference.step()
    assert_close([flat], [copy], 1e-12)


COMPLEX = [name for name in PEERS if name not in ("Adafactor",)]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128], ids=str)
@pytest.mark.parametrize("is_conjugate", [False, True])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name: str, is_conjugate: bool, dtype: torch.dtype) -> None:
    """torch itself refuses conjugates that are not resolved."""

    def run_complex(kind: Any, conjugate: Any) -> torch.Tensor:
        values = torch.randn(
            6, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
        )
        param = torch.nn.Parameter(torch.view_as_complex(values).to(dtype))
        optimizer = kind([param], lr=0.02)
        for step in range(20):
            set_grads([param], step)
            if is_conjugate:
                param.grad = conjugate(param.grad)
            optimizer.step()
        return param

    wanted = run_complex(theirs(name), torch.conj_physical)
    assert_close([run_complex(ours(name), torch.conj)], [wanted], tolerance(name, dtype))


def test_complex_params_are_refused_for_matrices() -> None:
    param = torch.nn.Parameter(torch.randn(3, 4, dtype=torch.complex64))
    param.grad = torch.randn(3, 4, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="Adafactor does not support complex parameters"):
        ours("Adafactor")([param]).step()


def test_negated_gradient() -> None:
    """The imaginary part of a conjugate is a view with a negative bit."""
    values = torch.randn(5, dtype=torch.complex128)
    mine = torch.nn.Parameter(torch.zeros(5, dtype=torch.float64))
    mine.grad = values.conj().imag
    assert mine.grad.is_neg()
    ours("SGD")([mine], lr=1.0).step()
    assert torch.equal(mine.detach(), values.imag)
