# SPDX-License-Identifier: Apache-2.0
"""Schedulers, closures and hooks of torch work with these optimizers as with torch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler
from torch_support import (
    OWN,
    PEERS,
    assert_close,
    make_steps,
    ours,
    params_of,
    quadratic_closure,
    set_grads,
    theirs,
)

SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda it: lr_scheduler.StepLR(it, 5, 0.5),
    "CosineAnnealingLR": lambda it: lr_scheduler.CosineAnnealingLR(it, T_max=20),
    "OneCycleLR": lambda it: lr_scheduler.OneCycleLR(it, max_lr=0.05, total_steps=22),
    "CosineAnnealingWarmRestarts": lambda it: lr_scheduler.CosineAnnealingWarmRestarts(it, 7),
    "LambdaLR": lambda it: lr_scheduler.LambdaLR(it, lambda epoch: 1 / (1 + epoch)),
    "SequentialLR": lambda it: lr_scheduler.SequentialLR(
        it,
        [lr_scheduler.LinearLR(it, 0.1, 1.0, 5), lr_scheduler.ExponentialLR(it, 0.9)],
        [5],
    ),
}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "AdamW", "NAdam"])
def test_scheduler(name: str, scheduler: str) -> None:
    """OneCycleLR also writes momentum or betas."""
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}

    def run(kind: Any) -> tuple[list[Any], list[float]]:
        params = params_of(1, torch.float64)
        optimizer = kind(params, lr=0.01, **options)
        made = SCHEDULERS[scheduler](optimizer)
        rates = []
        for step in range(20):
            make_steps(optimizer, params, 1, step)
            made.step()
            rates.append(made.get_last_lr()[0])
        return params, rates

    (params, rates), (wanted, wanted_rates) = run(ours(name)), run(theirs(name))
    assert rates == wanted_rates
    assert len(set(rates)) > 3 or scheduler == "StepLR"
    assert_close(params, wanted, 1e-5 if name == "NAdam" else 1e-12)


def test_reduce_lr_on_plateau() -> None:
    params = params_of(2, torch.float64)
    optimizer = ours("SGD")(params, lr=0.1)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for step in range(6):
        make_steps(optimizer, params, 1, step)
        scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == 0.025
    before = params[0].detach().clone()
    make_steps(optimizer, params, 1, 9)
    assert torch.equal(
        params[0].detach(),
        torch.addcmul(before, params[0].grad, torch.tensor(0.025, dtype=torch.float64), value=-1.0),
    )


def test_scheduler_warns_of_no_missing_step(recwarn: pytest.WarningsRecorder) -> None:
    """torch's schedulers look at the step method to find out whether it was called."""
    params = params_of(3)
    optimizer = ours("AdamW")(params)
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    make_steps(optimizer, params, 1)
    scheduler.step()
    assert [str(each.message) for each in recwarn] == []


def test_scheduler_warns_of_a_missing_step() -> None:
    optimizer = ours("AdamW")(params_of(3))
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"lr_scheduler.step\(\)` before `optimizer.step"):
        scheduler.step()


@pytest.mark.parametrize("name", PEERS + OWN)
def test_closure(name: str) -> None:
    """The step evaluates the closure under enable_grad, once, and returns its loss."""
    params = params_of(4, torch.float64)
    optimizer = ours(name)(params)
    closure = quadratic_closure(optimizer, params)
    with torch.no_grad():
        losses = [float(optimizer.step(closure)) for _ in range(30)]
    squares = sum(param.detach().square().sum() for param in params_of(4, torch.float64))
    assert losses[0] == float(squares)
    assert losses[-1] < losses[0]
    assert all(param.requires_grad for param in params)


def test_closure_that_raises_changes_nothing() -> None:
    params = params_of(5)
    optimizer = ours("AdamW")(params)
    set_grads(params, 0)
    before = [param.detach().clone() for param in params]

    def closure() -> float:
        raise ArithmeticError("no loss")

    with pytest.raises(ArithmeticError, match="no loss"):
        optimizer.step(closure)
    assert all(torch.equal(param, was) for param, was in zip(params, before, strict=True))
    assert not optimizer.state


def test_step_hooks() -> None:
    params = params_of(6)
    optimizer = ours("AdamW")(params)
    seen: list[Any] = []

    def pre(one: Any, arguments: Any, keywords: Any) -> None:
        assert one is optimizer and not keywords
        seen.append(("pre", params[0].detach().clone()))

    def post(one: Any, arguments: Any, keywords: Any) -> None:
        seen.append(("post", params[0].detach().clone()))

    handles = [optimizer.register_step_pre_hook(pre), optimizer.register_step_post_hook(post)]
    make_steps(optimizer, params, 1)
    assert [kind for kind, _ in seen] == ["pre", "post"]
    assert not torch.equal(seen[0][1], seen[1][1])
    for handle in handles:
        handle.remove()
    make_steps(optimizer, params, 1)
    assert len(seen) == 2


def test_pre_hook_changes_the_arguments() -> None:
    params = params_of(7)
    optimizer = ours("SGD")(params, lr=0.1)
    calls = []

    def closure() -> float:
        calls.append(1)
        return 3.0

    optimizer.register_step_pre_hook(lambda *_: ((optimizer, closure), {}))
    assert optimizer.step() == 3.0
    assert calls == [1]


def test_hooks_of_all_optimizers() -> None:
    from torch.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda *_: seen.append("pre")),
        register_optimizer_step_post_hook(lambda *_: seen.append("post")),
    ]
    try:
        params = params_of(8)
        make_steps(ours("LAMB")(params), params, 1)
    finally:
        for handle in handles:
            handle.remove()
    assert seen == ["pre", "post"]


@pytest.mark.parametrize("name", PEERS + OWN)
def test_zero_grad(name: str) -> None:
    params = params_of(9)
    optimizer = ours(name)(params)
    set_grads(params, 0)
    optimizer.zero_grad(set_to_none=False)
    assert all(float(param.grad.abs().max()) == 0.0 for param in params)
    optimizer.zero_grad()
    assert all(param.grad is None for param in params)


def test_profiler_sees_the_step() -> None:
    params = params_of(10)
    optimizer = ours("AdamW")(params)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        make_steps(optimizer, params, 3)
    counts = {each.key: each.count for each in profile.key_averages()}
    assert counts["Optimizer.step#AdamW.step"] == 3


def test_text_of_an_optimizer() -> None:
    text = repr(ours("AdamW")(params_of(11), lr=0.25))
    assert text.startswith("AdamW (") and "lr: 0.25" in text
