# SPDX-License-Identifier: Apache-2.0
"""Every class that torch.optim has too makes the same steps as torch's own, whatever the options,
dtypes, groups and layouts of the tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_support import (
    PEERS,
    SHAPES,
    assert_close,
    make_steps,
    ours,
    params_of,
    set_grads,
    theirs,
    tolerance,
)

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.5, "maximize": True},
    ],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01},
        {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-6, "maximize": True},
    ],
    "RMSprop": [
        {},
        {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1},
        {"lr": 0.02, "centered": True, "alpha": 0.9, "eps": 1e-4},
        {"lr": 0.02, "centered": True, "momentum": 0.5, "eps": 1e-4, "maximize": True},
    ],
    "Adadelta": [
        {},
        {"lr": 0.5, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.1},
        {"maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
        {"lr": 0.01, "amsgrad": True},
        {"lr": 0.01, "amsgrad": True, "maximize": True, "weight_decay": 0.1},
        {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.01, "betas": (0.0, 0.9)},
    ],
    "AdamW": [
        {},
        {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.2},
        {"lr": 0.01, "amsgrad": True, "maximize": True},
        {"lr": 0.01, "weight_decay": 0.0},
    ],
    "NAdam": [
        {},
        {"lr": 0.01, "weight_decay": 0.1, "momentum_decay": 0.01},
        {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.01, "maximize": True},
    ],
    "Adafactor": [
        {},
        {"lr": 0.05, "weight_decay": 0.1, "d": 2.0},
        {"lr": 0.05, "beta2_decay": -0.6, "eps": (1e-8, 1e-2), "maximize": True},
    ],
}
CASES = [(name, options) for name in PEERS for options in OPTIONS[name]]
IDS = [f"{name}-{'-'.join(options) or 'defaults'}" for name, options in CASES]


def both(name: str, params: Any, **options: Any) -> tuple[Any, Any, list[Any], list[Any]]:
    """Our optimizer and torch's on equal params, and both lists of params."""
    mine, other = params(), params()
    return ours(name)(mine, **options), theirs(name)(other, **options), mine, other


def assert_same_state(name: str, mine: Any, other: Any, bound: float) -> None:
    """Both optimizers hold the same state, under the same names."""
    states, wanted = mine.state_dict()["state"], other.state_dict()["state"]
    assert states.keys() == wanted.keys()
    for index, state in wanted.items():
        # torch keeps a momentum of None for a param that has not moved yet.
        present = {key for key, value in state.items() if value is not None}
        assert states[index].keys() == present, name
        for key in present:
            one, two = torch.as_tensor(states[index][key]), torch.as_tensor(state[key])
            assert_close([one.to(two.dtype)], [two], 10 * bound, f"{name} state {key}")


def test_every_class_of_torch_has_options_here() -> None:
    assert set(OPTIONS) == set(PEERS)
    assert {"SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "Adafactor"} == set(
        PEERS
    )


@pytest.mark.parametrize("name", PEERS)
def test_is_a_subclass_with_the_same_defaults(name: str) -> None:
    params = params_of()
    assert issubclass(ours(name), theirs(name))
    assert ours(name)(params).defaults == theirs(name)(params).defaults


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_twenty_steps(name: str, options: dict[str, Any], dtype: torch.dtype) -> None:
    mine, other, params, wanted = both(name, lambda: params_of(1, dtype), **options)
    start = [param.detach().clone() for param in params]
    bound = tolerance(name, dtype)
    for step in range(20):
        make_steps(mine, params, 1, step)
        make_steps(other, wanted, 1, step)
        assert_close(params, wanted, bound, f"step {step}")
    assert not any(torch.equal(param, was) for param, was in zip(params, start, strict=True))
    assert_same_state(name, mine, other, bound)


@pytest.mark.parametrize("name", PEERS)
def test_groups_with_options_of_their_own(name: str) -> None:
    def run(kind: Any) -> list[Any]:
        params = params_of(2, torch.float64)
        groups = [
            {"params": params[:1], "weight_decay": 0.1},
            {"params": params[1:3], "lr": 0.03},
            {"params": params[3:], "maximize": True},
        ]
        optimizer = kind(groups, lr=0.01)
        make_steps(optimizer, params, 20)
        return params

    assert_close(run(ours(name)), run(theirs(name)), tolerance(name, torch.float64))


@pytest.mark.parametrize("name", PEERS)
def test_params_without_gradients_sit_out(name: str) -> None:
    """Step counts are the params' own, so one that sat out is behind the others."""

    def run(kind: Any) -> tuple[Any, list[Any]]:
        params = params_of(3, torch.float64)
        optimizer = kind(params, lr=0.02)
        for step in range(20):
            set_grads(params, step)
            for index, param in enumerate(params):
                if (step + index) % (index + 2) == 0 or (index == 3 and step < 7):
                    param.grad = None
            optimizer.step()
        return optimizer, params

    (mine, params), (other, wanted) = run(ours(name)), run(theirs(name))
    assert_close(params, wanted, tolerance(name, torch.float64))
    assert_same_state(name, mine, other, tolerance(name, torch.float64))


@pytest.mark.parametrize("name", PEERS)
def test_param_that_never_has_a_gradient(name: str) -> None:
    params = params_of(4)
    still = params[2].detach().clone()
    optimizer = ours(name)(params, weight_decay=0.1)
    for step in range(3):
        set_grads(params, step)
        params[2].grad = None
        optimizer.step()
    assert torch.equal(params[2], still)
    assert name == "Adagrad" or params[2] not in optimizer.state


@pytest.mark.parametrize("name", PEERS)
def test_group_that_is_added_late(name: str) -> None:
    def run(kind: Any) -> list[Any]:
        params = params_of(5, torch.float64)
        optimizer = kind(params[:2], lr=0.02)
        make_steps(optimizer, params, 6)
        optimizer.add_param_group({"params": params[2:], "lr": 0.05, "weight_decay": 0.1})
        make_steps(optimizer, params, 14, first=6)
        return params

    assert_close(run(ours(name)), run(theirs(name)), tolerance(name, torch.float64))


@pytest.mark.parametrize("name", PEERS)
def test_options_that_change_between_steps(name: str) -> None:
    """Schedulers write lr into the groups; so may anybody with any option."""

    def run(kind: Any) -> list[Any]:
        params = params_of(6, torch.float64)
        optimizer = kind(params, lr=0.02)
        for step in range(20):
            group = optimizer.param_groups[0]
            group["lr"] = 0.02 / (1 + step)
            group["weight_decay"] = 0.1 * (step % 3)
            make_steps(optimizer, params, 1, step)
        return params

    assert_close(run(ours(name)), run(theirs(name)), tolerance(name, torch.float64))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_lr_as_a_tensor(name: str) -> None:
    """A tensor lr is filled in place between steps."""

    def run(kind: Any, **options: Any) -> list[Any]:
        params = params_of(7, torch.float64)
        lr = torch.tensor(0.02, dtype=torch.float64)
        optimizer = kind(params, lr=lr, **options)
        for step in range(20):
            lr.fill_(0.02 / (1 + step))
            make_steps(optimizer, params, 1, step)
        return params

    wanted = run(theirs(name), foreach=False)
    assert_close(run(ours(name)), wanted, tolerance(name, torch.float64))


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_betas_as_tensors(name: str) -> None:
    def run(betas: Any) -> list[Any]:
        params = params_of(8)
        optimizer = ours(name)(params, betas=betas, foreach=False)
        make_steps(optimizer, params, 5)
        return params

    tensors = (torch.tensor(0.8, dtype=torch.float64), torch.tensor(0.9, dtype=torch.float64))
    assert_close(run(tensors), run((0.8, 0.9)), 0.0)


@pytest.mark.parametrize("name", [name for name in PEERS if name != "Adafactor"])
def test_no_params_with_elements(name: str) -> None:
    """Empty tensors and tensors without dimensions are stepped beside others."""
    shapes = ((0,), (3, 0, 2), (), (5,), ())
    mine, other, params, wanted = both(name, lambda: params_of(9, torch.float64, shapes), lr=0.05)
    make_steps(mine, params, 10)
    make_steps(other, wanted, 10)
    assert_close(params, wanted, tolerance(name, torch.float64))
    assert [tuple(param.shape) for param in params] == list(shapes)


@pytest.mark.parametrize("name", PEERS)
def test_no_gradients_at_all(name: str) -> None:
    params = params_of(10)
    start = [param.detach().clone() for param in params]
    optimizer = ours(name)(params)
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()
    assert all(torch.equal(param, was) for param, was in zip(params, start, strict=True))
    assert optimizer.last_step.calls == 0


@pytest.mark.parametrize("name", PEERS)
def test_frozen_param_in_the_list(name: str) -> None:
    params = params_of(11)
    params[1].requires_grad_(False)
    before = params[1].clone()
    optimizer = ours(name)(params)
    params[0].grad = torch.ones_like(params[0])
    optimizer.step()
    assert torch.equal(params[1], before)
    assert len(SHAPES) == len(optimizer.param_groups[0]["params"])


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_narrow_params(name: str, dtype: torch.dtype) -> None:
    """torch rounds to the narrow dtype after each operation, the library once; so both are near
    the float32 run, and the library is not the further one by more than a rounding."""
    options = {"eps": (1e-6, 1e-3)} if name == "Adafactor" else {}
    if name not in ("SGD", "Adafactor"):
        options = {"eps": 1e-3}
    exact = params_of(12, dtype)
    wide = [torch.nn.Parameter(param.detach().float()) for param in exact]
    mine, reference = ours(name)(exact, lr=0.01, **options), theirs(name)(wide, lr=0.01, **options)
    for step in range(5):
        set_grads(exact, step)
        for param, other in zip(exact, wide, strict=True):
            other.grad = param.grad.float()
        mine.step()
        reference.step()
    unit = torch.finfo(dtype).eps
    assert_close([param.float() for param in exact], wide, 4 * unit)
    assert all(param.dtype == dtype for param in exact)
