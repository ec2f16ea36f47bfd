# SPDX-License-Identifier: Apache-2.0
"""What stands around an optimizer in training: GradScaler, clipping, torch.compile, averaged
models, and autograd's check for tensors that were changed in place."""

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
    theirs,
)

# ---- GradScaler ----


def scaled_steps(optimizer: Any, params: list[Any], bad_step: int, count: int = 8) -> list[float]:
    """Steps with a GradScaler; the gradients of one step overflow. Gives the scales."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    scales = []
    for step in range(count):
        set_grads(params, step)
        scale = float(scaler.scale(torch.tensor(1.0)))
        for param in params:
            param.grad.mul_(scale)
        if step == bad_step:
            params[1].grad.view(-1)[0] = float("inf")
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return scales


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
@pytest.mark.parametrize("is_fused", [True, None])
def test_grad_scaler(name: str, is_fused: bool | None) -> None:
    """With fused=True the step itself divides by the scale and sits out after an overflow."""
    params, wanted = params_of(1), params_of(1)
    optimizer = ours(name)(params, lr=0.01, fused=is_fused)
    reference = theirs(name)(wanted, lr=0.01, fused=is_fused)
    assert getattr(optimizer, "_step_supports_amp_scaling", False) == bool(is_fused)
    assert scaled_steps(optimizer, params, 4) == scaled_steps(reference, wanted, 4)
    assert_close(params, wanted, 1e-6)
    if "step" in reference.state[wanted[0]]:
        assert optimizer.state[params[0]]["step"] == reference.state[wanted[0]]["step"] == 7


def test_skipped_step_of_grad_scaler_changes_nothing() -> None:
    params = params_of(2)
    optimizer = ours("AdamW")(params, fused=True, ema=0.9)
    make_steps(optimizer, params, 2)
    before, state = snapshot(params), snapshot(optimizer.state[params[0]].values())
    scaled_steps(optimizer, params, bad_step=0, count=1)
    assert optimizer.last_step.is_skipped
    assert_same_bits(params, before)
    assert_same_bits(optimizer.state[params[0]].values(), state)


def test_grad_scaler_with_clipping_inside() -> None:
    """clip_norm is a bound of the gradients without the scale."""
    params, wanted = params_of(3, torch.float64), params_of(3, torch.float64)
    optimizer = ours("AdamW")(params, fused=True, clip_norm=0.5)
    reference = ours("AdamW")(wanted, clip_norm=0.5)
    scaled_steps(optimizer, params, bad_step=-1)
    make_steps(reference, wanted, 8)
    assert_close(params, wanted, 1e-12)
    assert abs(optimizer.last_step.grad_norm - reference.last_step.grad_norm) < 1e-9


# ---- clipping ----


@pytest.mark.parametrize("has_groups", [False, True])
@pytest.mark.parametrize("max_norm", [0.1, 1.0, 1e6])
@pytest.mark.parametrize("name", PEERS + OWN)
def test_clip_norm_equals_clip_grad_norm(name: str, max_norm: float, has_groups: bool) -> None:
    def run(is_inside: bool) -> tuple[list[Any], list[float]]:
        params = params_of(4, torch.float64)
        groups: Any = params
        if has_groups:
            groups = [{"params": params[:2]}, {"params": params[2:], "weight_decay": 0.1}]
        optimizer = ours(name)(groups, **({"clip_norm": max_norm} if is_inside else {}))
        norms = []
        for step in range(6):
            set_grads(params, step)
            if step == 3:
                params[0].grad = None
            if not is_inside:
                norms.append(float(torch.nn.utils.clip_grad_norm_(params, max_norm)))
            optimizer.step()
            if is_inside:
                norms.append(optimizer.last_step.grad_norm)
        return params, norms

    (params, norms), (wanted, wanted_norms) = run(True), run(False)
    assert_close(params, wanted, 1e-12)
    assert torch.allclose(torch.tensor(norms), torch.tensor(wanted_norms), rtol=1e-6)


def test_clip_norm_leaves_the_gradients() -> None:
    params = params_of(5)
    optimizer = ours("AdamW")(params, clip_norm=0.01)
    set_grads(params, 0)
    before = snapshot(param.grad for param in params)
    optimizer.step()
    assert_same_bits([param.grad for param in params], before)
    assert optimizer.last_step.clip_factor < 0.01


# ---- torch.compile ----


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("name", ["SGD", "AdamW", "LAMB"])
def test_compiled_train_step(name: str, backend: str) -> None:
    def run(is_compiled: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        optimizer = ours(name)(model.parameters(), lr=0.05)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        inputs = torch.randn(16, 4)

        def train_step() -> torch.Tensor:
            optimizer.zero_grad()
            loss = (model(inputs) - 1.0).square().mean()
            loss.backward()
            optimizer.step()
            return loss.detach()

        step = torch.compile(train_step, backend=backend) if is_compiled else train_step
        losses = []
        for _ in range(5):
            losses.append(step())
            scheduler.step()
        return losses

    losses, wanted = run(True), run(False)
    torch._dynamo.reset()
    assert_close(losses, wanted, 1e-6)
    assert float(losses[-1]) < float(losses[0])


def test_compiled_step_alone() -> None:
    params, wanted = params_of(6), params_of(6)
    optimizer, reference = ours("AdamW")(params), ours("AdamW")(wanted)
    step = torch.compile(optimizer.step, backend="eager")
    for number in range(3):
        set_grads(params, number)
        step()
    make_steps(reference, wanted, 3)
    torch._dynamo.reset()
    assert_same_bits(params, wanted)


# ---- averaged models ----


def test_swa_utils() -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = ours("SGD")(model.parameters(), lr=0.1)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    scheduler = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)
    seen = []
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.ones(5, 3)).square().mean().backward()
        optimizer.step()
        scheduler.step()
        averaged.update_parameters(model)
        seen.append(model.weight.detach().clone())
    assert abs(optimizer.param_groups[0]["lr"] - 0.05) < 1e-12
    assert torch.allclose(averaged.module.weight, torch.stack(seen).mean(dim=0), atol=1e-6)


# ---- autograd ----


def test_backward_after_a_step_in_between_is_refused() -> None:
    """autograd must notice that a step has changed a param that a backward pass needs."""
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = ours("SGD")([weight], lr=0.1)
    weight.grad = torch.ones(3)
    loss = (weight * weight).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("name", PEERS + OWN)
def test_version_counters(name: str) -> None:
    params = params_of(7)
    optimizer = ours(name)(params)
    set_grads(params, 0)
    before = [param._version for param in params]
    optimizer.step()
    assert all(param._version > was for param, was in zip(params, before, strict=True))
    assert all(param.grad_fn is None and param.is_leaf for param in params)


def test_gradient_accumulation() -> None:
    params, wanted = params_of(8, torch.float64), params_of(8, torch.float64)
    optimizer, reference = ours("AdamW")(params), theirs("AdamW")(wanted)
    for optimizer_, params_ in ((optimizer, params), (reference, wanted)):
        for _ in range(4):
            optimizer_.zero_grad()
            for part in range(3):
                (torch.stack([param.square().sum() for param in params_]).sum() * part).backward()
            optimizer_.step()
    assert_close(params, wanted, 1e-12)


def test_functional_call_and_tied_weights() -> None:
    """A tied weight is one param with one gradient."""
    embedding = torch.nn.Embedding(10, 4)
    head = torch.nn.Linear(4, 10, bias=False)
    head.weight = embedding.weight
    model = torch.nn.Sequential(embedding, head)
    optimizer = ours("AdamW")(model.parameters(), lr=0.1)
    first = torch.nn.functional.cross_entropy(model(torch.arange(10)), torch.arange(10))
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.arange(10)), torch.arange(10))
        loss.backward()
        optimizer.step()
    assert len(optimizer.param_groups[0]["params"]) == 1
    assert head.weight is embedding.weight
    assert float(loss.detach()) < float(first.detach())
