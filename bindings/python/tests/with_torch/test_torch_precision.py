# SPDX-License-Identifier: Apache-2.0
"""Narrow state and narrow params: what they cost in memory, that training with them comes close to
float32's, and which bits they give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_support import OWN, PEERS, assert_same_bits, make_steps, ours, params_of, set_grads

BIG = ((96, 64), (64,))


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in ten classes that a small network can tell apart."""
    source = torch.Generator().manual_seed(seed)
    centers = torch.randn(10, 16, generator=source) * 2
    labels = torch.randint(0, 10, (512,), generator=source)
    return centers[labels] + torch.randn(512, 16, generator=source), labels


def train(kind: Any, dtype: torch.dtype = torch.float32, steps: int = 80, **options: Any) -> float:
    """The mean loss of the last ten steps."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(16, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 10),
    )
    inputs, labels = digits(1)
    model = model.to(dtype)
    optimizer = kind(model.parameters(), **options)
    losses = []
    for step in range(steps):
        chosen = slice(64 * (step % 8), 64 * (step % 8) + 64)
        optimizer.zero_grad()
        outputs = model(inputs[chosen].to(dtype)).float()
        loss = torch.nn.functional.cross_entropy(outputs, labels[chosen])
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 1.5
    return sum(losses[-10:]) / 10


RATES: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.05, "momentum": 0.9},
    "AdamW": {"lr": 0.005},
    "LAMB": {"lr": 0.02},
}
# In float16 the squares of gradients below 2e-4 are 0: docs/precision.md, "float16 slots".
NARROW = [
    (name, dtype)
    for name in RATES
    for dtype in ("bfloat16", "8bit", "float16")
    if dtype != "float16" or name == "SGD"
]


@pytest.mark.parametrize(("name", "state_dtype"), NARROW)
def test_loss_with_narrow_state(name: str, state_dtype: str) -> None:
    options = RATES[name]
    wanted = train(ours(name), **options)
    got = train(ours(name), state_dtype=state_dtype, **options)
    assert got < wanted + 0.05
    assert wanted < 0.2


def test_loss_of_bfloat16_params_with_stochastic_rounding() -> None:
    """With lr this small, rounding to nearest loses nearly every update."""
    options = {"lr": 2e-4, "steps": 120, "dtype": torch.bfloat16}
    nearest = train(ours("AdamW"), **options)
    stochastic = train(ours("AdamW"), stochastic_rounding=True, **options)
    wide = train(ours("AdamW"), lr=2e-4, steps=120)
    assert abs(stochastic - wide) < 0.1
    assert abs(stochastic - wide) < abs(nearest - wide) + 0.02


@pytest.mark.parametrize("name", PEERS + OWN)
def test_sizes_of_8bit_state(name: str) -> None:
    params = params_of(1, shapes=BIG)
    optimizer = ours(name)(params, state_dtype="8bit")
    wide = ours(name)(params_of(1, shapes=BIG))
    make_steps(optimizer, params, 1)
    make_steps(wide, wide.param_groups[0]["params"], 1)
    narrow_count = 0
    for param, other in zip(params, wide.param_groups[0]["params"], strict=True):
        state, reference = optimizer.state[param], wide.state[other]
        for key in reference:
            if key + "_scale" in state:
                narrow_count += 1
                assert state[key].dtype == torch.uint8 and state[key].shape == param.shape
                assert state[key + "_scale"].shape == (-(-param.numel() // 256),)
                assert param.numel() >= 4096
            else:
                assert state[key].dtype == reference[key].dtype
    uses_elements = any(
        value.shape == params[0].shape
        for value in wide.state[wide.param_groups[0]["params"][0]].values()
    )
    assert (narrow_count > 0) == uses_elements


@pytest.mark.parametrize("name", PEERS + OWN)
def test_split_bf16_equals_float32_training(name: str) -> None:
    """The bfloat16 param and its lower half together are the float32 param."""
    wide = params_of(2, shapes=BIG)
    wide = [torch.nn.Parameter(param.detach().bfloat16().float()) for param in wide]
    narrow = [torch.nn.Parameter(param.detach().bfloat16()) for param in wide]
    reference = ours(name)(wide, lr=0.01)
    optimizer = ours(name)(narrow, lr=0.01, split_bf16=True, state_dtype="float32")
    reference_options = {"state_dtype": "float32"}
    reference = ours(name)(wide, lr=0.01, **reference_options)
    for step in range(10):
        set_grads(wide, step)
        for param, other in zip(narrow, wide, strict=True):
            param.grad = other.grad.bfloat16()
            other.grad = param.grad.float()
        optimizer.step()
        reference.step()
    for param, other in zip(narrow, wide, strict=True):
        low = optimizer.state[param]["param_low"]
        assert low.dtype == torch.int16
        bits = (param.detach().view(torch.int16).int() << 16) | (low.int() & 0xFFFF)
        assert torch.equal(bits.view(torch.float32), other.detach()), name


@pytest.mark.parametrize("name", ["SGD", "AdamW", "LAMB"])
def test_stochastic_rounding_has_the_right_mean(name: str) -> None:
    """An update far below half a unit still moves the mean by its size."""
    count = 20000
    param = torch.nn.Parameter(torch.ones(count, dtype=torch.bfloat16))
    param.grad = torch.ones(count, dtype=torch.bfloat16)
    optimizer = ours("SGD")([param], lr=2.0**-12, stochastic_rounding=True, seed=3)
    optimizer.step()
    # Below 1 a unit of bfloat16 is 2^-8: a 16th of the elements moves.
    values = param.detach().float()
    assert set(values.unique().tolist()) == {1.0, 1.0 - 2.0**-8}
    moved = int((values != 1.0).sum())
    assert abs(moved - count / 16) < 6 * (count / 16) ** 0.5
    nearest = torch.nn.Parameter(torch.ones(count, dtype=torch.bfloat16))
    nearest.grad = torch.ones_like(nearest)
    ours("SGD")([nearest], lr=2.0**-12).step()
    assert torch.equal(nearest.detach(), torch.ones(count, dtype=torch.bfloat16))


def test_seed_chooses_the_bits() -> None:
    def run(seed: int) -> torch.Tensor:
        params = params_of(4, torch.bfloat16, shapes=BIG)
        make_steps(ours("AdamW")(params, stochastic_rounding=True, seed=seed), params, 2)
        return params[0].detach()

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    assert torch.equal(run(2**64 - 1), run(2**64 - 1))


@pytest.mark.parametrize("state_dtype", [None, "float32", "bfloat16", "8bit"])
def test_state_of_bfloat16_params(state_dtype: str | None) -> None:
    """By default it has the params' dtype, as in torch."""
    params = params_of(5, torch.bfloat16, shapes=BIG)
    optimizer = ours("AdamW")(params, state_dtype=state_dtype)
    make_steps(optimizer, params, 2)
    wanted = {None: torch.bfloat16, "float32": torch.float32, "bfloat16": torch.bfloat16}
    expected = wanted.get(state_dtype, torch.uint8)
    assert optimizer.state[params[0]]["exp_avg"].dtype == expected


def test_state_of_float64_params_stays_float64() -> None:
    params, wanted = (
        params_of(6, torch.float64, shapes=BIG),
        params_of(6, torch.float64, shapes=BIG),
    )
    make_steps(ours("AdamW")(params, state_dtype="8bit"), params, 3)
    make_steps(ours("AdamW")(wanted), wanted, 3)
    assert_same_bits(params, wanted)
