# SPDX-License-Identifier: Apache-2.0
"""The options that torch.optim lacks do what their help says: clip_norm, check_finite, ema,
copy_to, zero_grads, averaged(), and steps within the backward pass."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_support import (
    OWN,
    PEERS,
    assert_close,
    assert_same_bits,
    make_steps,
    ours,
    params_of,
    set_grads,
    snapshot,
)

from gradstep import _context
from gradstep.torch import step_in_backward

ALL = PEERS + OWN
WITHOUT_SUMS = [name for name in ALL if name != "Prodigy"]


# ---- check_finite ----


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("has_groups", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_check_finite_skips_the_whole_step(name: str, has_groups: bool, bad: float) -> None:
    params = params_of(1)
    groups: Any = params
    if has_groups:
        groups = [{"params": params[:2]}, {"params": params[2:], "weight_decay": 0.1}]
    optimizer = ours(name)(groups, check_finite=True)
    make_steps(optimizer, params, 2)
    assert not optimizer.last_step.is_skipped
    before = snapshot(params)
    states = [snapshot(optimizer.state[param].values()) for param in params]
    set_grads(params, 2)
    params[2].grad.view(-1)[3] = bad
    optimizer.step()
    assert optimizer.last_step.is_skipped
    assert optimizer.last_step.non_finite_count == 1
    assert_same_bits(params, before)
    for param, state in zip(params, states, strict=True):
        assert_same_bits(optimizer.state[param].values(), state)
    make_steps(optimizer, params, 1, 3)
    assert not optimizer.last_step.is_skipped
    assert not torch.equal(params[0], before[0])


def test_first_step_that_is_skipped() -> None:
    """The run goes on as if the skipped step had not been."""
    params, wanted = params_of(2), params_of(2)
    optimizer, reference = ours("SGD")(params, momentum=0.9, check_finite=True), None
    set_grads(params, 0)
    params[0].grad.fill_(float("nan"))
    optimizer.step()
    assert optimizer.last_step.is_skipped
    reference = ours("SGD")(wanted, momentum=0.9)
    make_steps(optimizer, params, 3)
    make_steps(reference, wanted, 3)
    assert_same_bits(params, wanted)


def test_infinite_clip_norm_tells_the_norm() -> None:
    params, wanted = params_of(3), params_of(3)
    optimizer, reference = ours("AdamW")(params, clip_norm=float("inf")), ours("AdamW")(wanted)
    make_steps(optimizer, params, 2)
    make_steps(reference, wanted, 2)
    assert_same_bits(params, wanted)
    norm = torch.nn.utils.get_total_norm([param.grad for param in params])
    assert abs(optimizer.last_step.grad_norm - float(norm)) < 1e-5
    assert optimizer.last_step.clip_factor == 1.0


# ---- ema ----


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_ema_equals_that_of_swa_utils(name: str) -> None:
    """Both start with the params after the first step."""
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Linear(7, 3)).double()
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    )
    optimizer = ours(name)(model.parameters(), lr=0.05, ema=0.9)
    for _ in range(12):
        optimizer.zero_grad()
        model(torch.ones(4, 5, dtype=torch.float64)).square().mean().backward()
        optimizer.step()
        average.update_parameters(model)
    with optimizer.averaged():
        assert_close(model.parameters(), average.module.parameters(), 1e-12)


def test_averaged_restores_the_params() -> None:
    params = params_of(4, torch.bfloat16)
    optimizer = ours("AdamW")(params, lr=0.1, ema=0.9)
    make_steps(optimizer, params, 5)
    before = snapshot(params)
    with pytest.raises(ZeroDivisionError), optimizer.averaged():
        averages = [optimizer.state[param]["ema"].to(torch.bfloat16) for param in params]
        assert_same_bits(params, averages)
        assert not torch.equal(params[0], before[0])
        raise ZeroDivisionError
    assert_same_bits(params, before)
    assert optimizer.state[params[0]]["ema"].dtype == torch.float32


def test_averaged_without_ema() -> None:
    optimizer = ours("AdamW")(params_of(5))
    with pytest.raises(ValueError, match="needs the option ema"), optimizer.averaged():
        pass


# ---- copies ----


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("name", ALL)
def test_copy_to_a_dtype(name: str, dtype: torch.dtype) -> None:
    params, wanted = params_of(6), params_of(6)
    optimizer = ours(name)(params, copy_to=dtype)
    copies = optimizer.copies
    assert_same_bits(copies.values(), [param.detach().to(dtype) for param in params])
    make_steps(optimizer, params, 3)
    reference = ours(name)(wanted)
    make_steps(reference, wanted, 3)
    assert_same_bits(params, wanted)
    assert list(copies) == params and optimizer.copies[params[0]] is copies[params[0]]
    assert_same_bits(copies.values(), [param.detach().to(dtype) for param in params])


def test_copy_to_the_params_of_another_model() -> None:
    model = torch.nn.Linear(6, 4)
    half = torch.nn.Linear(6, 4, dtype=torch.bfloat16)
    copies = {
        param: other.data
        for param, other in zip(model.parameters(), half.parameters(), strict=True)
    }
    optimizer = ours("AdamW")(model.parameters(), lr=0.1, copy_to=copies)
    for _ in range(3):
        inputs = torch.ones(2, 6, dtype=torch.bfloat16)
        half(inputs).square().sum().backward()
        for param, other in zip(model.parameters(), half.parameters(), strict=True):
            param.grad = other.grad.float()
        optimizer.step()
    assert_same_bits(half.parameters(), [param.detach().bfloat16() for param in model.parameters()])


def test_copy_of_a_param_that_is_not_contiguous() -> None:
    param = torch.nn.Parameter(torch.randn(5, 4).t())
    optimizer = ours("AdamW")([param], copy_to=torch.bfloat16)
    make_steps(optimizer, [param], 2)
    assert torch.equal(optimizer.copies[param], param.detach().bfloat16())


# ---- zero_grads ----


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ALL)
def test_zero_grads(name: str, dtype: torch.dtype) -> None:
    params, wanted = params_of(7, dtype), params_of(7, dtype)
    optimizer, reference = ours(name)(params, zero_grads=True), ours(name)(wanted)
    for step in range(3):
        make_steps(optimizer, params, 1, step)
        make_steps(reference, wanted, 1, step)
        assert all(not param.grad.any() for param in params)
    assert_same_bits(params, wanted)


# ---- steps within the backward pass ----


def small_model() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_step_in_backward(name: str) -> None:
    model, other = small_model(), small_model()
    optimizer, reference = ours(name)(model.parameters()), ours(name)(other.parameters())
    handle = step_in_backward(model, optimizer)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    twin = torch.optim.lr_scheduler.ExponentialLR(reference, 0.9)
    inputs = torch.randn(8, 4)
    for _ in range(4):
        model(inputs).square().mean().backward()
        assert all(param.grad is None for param in model.parameters())
        reference.zero_grad()
        other(inputs).square().mean().backward()
        reference.step()
        optimizer.param_groups[0]["lr"] *= 0.5
        reference.param_groups[0]["lr"] *= 0.5
    assert_same_bits(model.parameters(), other.parameters())
    assert scheduler.get_last_lr() == twin.get_last_lr()
    before = snapshot(model.parameters())
    handle.remove()
    model(inputs).square().mean().backward()
    assert_same_bits(model.parameters(), before)
    assert all(param.grad is not None for param in model.parameters())
    optimizer.step()
    assert not torch.equal(model[0].weight, before[0])


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("AdamW", {"clip_norm": 1.0}, "cannot work with clip_norm"),
        ("AdamW", {"check_finite": True}, "cannot work with check_finite"),
        ("Prodigy", {}, "cannot work with Prodigy, whose rule sums over all params"),
    ],
)
def test_step_in_backward_refuses(name: str, options: Any, sentence: str) -> None:
    model = small_model()
    with pytest.raises(ValueError, match=sentence):
        step_in_backward(model, ours(name)(model.parameters(), **options))


def test_step_in_backward_needs_every_param() -> None:
    model = small_model()
    optimizer = ours("AdamW")(model[0].parameters())
    with pytest.raises(ValueError, match=r"'2.weight' of the model is in no group"):
        step_in_backward(model, optimizer)


# ---- contexts ----


@pytest.mark.parametrize("name", ALL)
def test_number_of_threads_does_not_change_the_bits(name: str) -> None:
    results = []
    for threads in (1, 2, 3):
        context = _context.Context(threads, serial_below=0)
        params = params_of(8, shapes=((300, 400), (77,)))
        optimizer = ours(name)(params, context=context, clip_norm=1.0)
        make_steps(optimizer, params, 3)
        results.append(snapshot(params))
    assert_same_bits(results[1], results[0])
    assert_same_bits(results[2], results[0])
