# SPDX-License-Identifier: Apache-2.0
"""The rules that torch.optim lacks: train and evaluate of ScheduleFreeAdamW, Prodigy's estimate
over several groups, LAMB's ratio of norms."""

from __future__ import annotations

import copy
import inspect
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

import gradstep
from gradstep._catalogue import ScalarInfo
from gradstep.torch._rules import GroupRule

# ---- ScheduleFreeAdamW ----


@pytest.mark.parametrize("has_groups", [False, True])
def test_train_and_evaluate(has_groups: bool) -> None:
    params = params_of(1, torch.float64)
    groups: Any = [{"params": params[:2]}, {"params": params[2:], "lr": 0.1}]
    optimizer = ours("ScheduleFreeAdamW")(groups if has_groups else params, lr=0.05)
    make_steps(optimizer, params, 5)
    trained = snapshot(params)
    optimizer.evaluate()
    evaluated = snapshot(params)
    assert not torch.equal(evaluated[0], trained[0])
    optimizer.evaluate()  # a second time changes nothing
    assert_same_bits(params, evaluated)
    optimizer.train()
    assert_close(params, trained, 1e-12)
    optimizer.train()
    assert_close(params, trained, 1e-12)
    optimizer.eval()
    assert_close(params, evaluated, 1e-12)


def test_evaluated_params_are_the_average_of_z() -> None:
    """y = (1 - beta1) z + beta1 x is trained; x is evaluated, z is in the state."""
    params = params_of(2, torch.float64)
    optimizer = ours("ScheduleFreeAdamW")(params, lr=0.05, betas=(0.9, 0.99))
    make_steps(optimizer, params, 6)
    trained = snapshot(params)
    optimizer.evaluate()
    for param, y in zip(params, trained, strict=True):
        z = optimizer.state[param]["z"]
        assert_close([y], [0.1 * z + 0.9 * param.detach()], 1e-12)


def test_step_in_evaluation_is_refused() -> None:
    params = params_of(3)
    optimizer = ours("ScheduleFreeAdamW")(params)
    make_steps(optimizer, params, 1)
    optimizer.evaluate()
    before = snapshot(params)
    with pytest.raises(gradstep._errors.Error, match=r'is_evaluated.*"train" comes first'):
        optimizer.step()
    assert_same_bits(params, before)


def test_evaluation_is_saved() -> None:
    params = params_of(4)
    optimizer = ours("ScheduleFreeAdamW")(params)
    make_steps(optimizer, params, 3)
    optimizer.evaluate()
    evaluated = snapshot(params)
    others = [torch.nn.Parameter(param.detach().clone()) for param in params]
    other = ours("ScheduleFreeAdamW")(others)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    optimizer.train()
    other.train()
    assert not torch.equal(others[0], evaluated[0])
    assert_same_bits(others, params)


def test_transforms_before_the_first_step() -> None:
    params = params_of(5)
    before = snapshot(params)
    optimizer = ours("ScheduleFreeAdamW")(params)
    optimizer.evaluate()
    optimizer.train()
    assert_same_bits(params, before)
    make_steps(optimizer, params, 1)
    assert not torch.equal(params[0], before[0])


@pytest.mark.parametrize("name", PEERS + OWN)
def test_only_rules_with_transforms_have_the_methods(name: str) -> None:
    assert hasattr(ours(name), "evaluate") == (name == "ScheduleFreeAdamW")


# ---- Prodigy ----


def prodigy(decays: tuple[float, float] | None, **options: Any) -> tuple[Any, list[Any]]:
    params = params_of(6, torch.float64)
    groups: Any = params
    if decays is not None:
        groups = [
            {"params": params[:2], "weight_decay": decays[0]},
            {"params": params[2:], "weight_decay": decays[1]},
        ]
    optimizer = ours("Prodigy")(groups, d0=1e-3, **options)
    return optimizer, params


def descend(optimizer: Any, params: list[Any], count: int) -> None:
    """Steps towards 0, all in much the same direction, so that the estimate d grows."""
    for _ in range(count):
        for param in params:
            param.grad = param.detach().clone()
        optimizer.step()


def test_two_groups_with_equal_options_are_as_one() -> None:
    one, params = prodigy(None, weight_decay=0.1)
    two, others = prodigy((0.1, 0.1))
    descend(one, params, 10)
    descend(two, others, 10)
    assert_same_bits(others, params)
    assert two.param_groups[0]["d"] == two.param_groups[1]["d"] == one.param_groups[0]["d"] > 1e-3


@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0}, {"ema": 0.9}, {"zero_grads": True}])
def test_joint_step_of_groups_with_different_options(options: dict[str, Any]) -> None:
    """With decays that are nearly alike, the run is nearly that of one group; and the estimate is
    one number for all groups. A group by itself has another."""
    one, params = prodigy(None, weight_decay=0.1, **options)
    two, others = prodigy((0.1, 0.1 + 1e-13), **options)
    descend(one, params, 10)
    descend(two, others, 10)
    assert_close(others, params, 1e-9)
    assert abs(two.param_groups[0]["d"] / one.param_groups[0]["d"] - 1) < 1e-9
    assert two.param_groups[0]["d"] == two.param_groups[1]["d"]
    alone = params_of(6, torch.float64)
    single = ours("Prodigy")(alone[:2], d0=1e-3, weight_decay=0.1, **options)
    descend(single, alone[:2], 10)
    assert abs(single.param_groups[0]["d"] / one.param_groups[0]["d"] - 1) > 1e-3


def test_joint_step_with_different_decays() -> None:
    """The decay changes each group's own params. One step: p is (1 - lr d decay) p without it."""
    plain, params = prodigy((0.0, 0.0))
    decayed, others = prodigy((0.0, 0.5))
    start = snapshot(params)
    make_steps(plain, params, 1)
    make_steps(decayed, others, 1)
    assert_close(others[:2], params[:2], 1e-12)
    d = 1e-3
    wanted = [
        param.detach() - d * 0.5 * was for param, was in zip(params[2:], start[2:], strict=True)
    ]
    assert_close(others[2:], wanted, 1e-6)
    assert not torch.equal(others[3], params[3])


def test_prodigy_waits_for_a_gradient() -> None:
    """As long as all gradients are 0 the rule stops the step, and no step is counted."""
    optimizer, params = prodigy(None)
    for param in params:
        param.grad = torch.zeros_like(param)
    before = snapshot(params)
    optimizer.step()
    assert optimizer.last_step.is_stopped
    assert_same_bits(params, before)
    assert optimizer.state[params[0]]["step"] == 0
    make_steps(optimizer, params, 1)
    assert not optimizer.last_step.is_stopped


def test_estimate_is_saved() -> None:
    optimizer, params = prodigy((0.0, 0.1))
    descend(optimizer, params, 5)
    other, others = prodigy((0.0, 0.0))
    with torch.no_grad():
        for param, value in zip(others, params, strict=True):
            param.copy_(value)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    descend(optimizer, params, 5)
    descend(other, others, 5)
    assert_same_bits(others, params)
    assert other.param_groups[1]["d"] == optimizer.param_groups[0]["d"]


# ---- constructors ----


@pytest.mark.parametrize("name", PEERS + OWN)
def test_signature_and_help(name: str) -> None:
    kind = ours(name)
    signature = inspect.signature(kind)
    for option in ("state_dtype", "clip_norm", "ema", "context"):
        assert signature.parameters[option].kind is inspect.Parameter.KEYWORD_ONLY
        assert f"    {option}\n" in kind.__doc__
    assert list(signature.parameters)[:2] == ["params", "lr"]
    assert kind.__module__ == "gradstep.torch" and kind.__name__ == name
    assert kind(params_of(), 0.125).param_groups[0]["lr"] == 0.125


def test_lamb_scales_by_the_ratio_of_norms() -> None:
    """Without decay and after one step, each element moves by lr |p| / |u| u, where u = sign(g)."""
    params = params_of(7, torch.float64)
    before = snapshot(params)
    optimizer = ours("LAMB")(
        params, lr=0.01, eps=1e-30, weight_decay=0.0, always_adapt=True, grad_averaging=True
    )
    set_grads(params, 0)
    optimizer.step()
    wanted = []
    for param, was in zip(params, before, strict=True):
        update = param.grad.sign()
        wanted.append(was - 0.01 * was.norm() / update.norm() * update)
    assert_close(params, wanted, 1e-9)


def test_scalar_that_starts_from_a_hyperparameter() -> None:
    """Those of single tensors, which no rule has yet."""
    rule = GroupRule("adamw", {"betas": (0.7, 0.9)})
    rule.follow({"betas": (0.7, 0.9)})
    scalar = ScalarInfo("made_up", "", "tensor", 0, "beta1", 0.0)
    assert rule.initial_value(scalar) == 0.7
