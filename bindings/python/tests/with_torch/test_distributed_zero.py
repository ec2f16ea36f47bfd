# SPDX-License-Identifier: Apache-2.0
"""torch's ZeroRedundancyOptimizer around a class of this package: each process steps some params,
and sends them to the others."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from distributed_support import (
    assert_same,
    generator,
    model,
    needs_processes,
    ours,
    params_of,
    run,
)
from torch.distributed.optim import ZeroRedundancyOptimizer

pytestmark = needs_processes

SIZES = (2, 4)
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "AdamW": ("AdamW", {"weight_decay": 0.1}),
    "SGD": ("SGD", {"momentum": 0.9}),
    "LAMB": ("LAMB", {}),
    "AdamW with an average": ("AdamW", {"state_dtype": "float32", "ema": 0.5}),
}


def set_grads(net: torch.nn.Module, step: int) -> None:
    """The same gradients in every process."""
    made = generator(step)
    for param in net.parameters():
        param.grad = torch.randn(param.shape, generator=made)


def optimizer_of(net: torch.nn.Module, size: int, name: str, options: dict[str, Any]) -> Any:
    if size == 1:
        return ours(name)(net.parameters(), lr=0.01, **options)
    return ZeroRedundancyOptimizer(net.parameters(), ours(name), lr=0.01, **options)


def stepped(size: int, name: str, options: dict[str, Any], steps: range, state: Any = None) -> Any:
    """The params after each step of a run whose scheduler moves lr; the net and the optimizer."""
    net = model()
    optimizer = optimizer_of(net, size, name, options)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    if state is not None:
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        scheduler.load_state_dict(state["scheduler"])
    found = []
    for step in steps:
        set_grads(net, step)
        optimizer.step()
        scheduler.step()
        found.append(params_of(net))
    return found, net, optimizer, scheduler


def _runs(rank: int, size: int) -> Any:
    results: dict[str, Any] = {}
    for key, (name, options) in RUNS.items():
        found, net, optimizer, scheduler = stepped(size, name, options, range(3))
        optimizer.consolidate_state_dict(to=0)
        kept = [{"net": net.state_dict(), "scheduler": scheduler.state_dict()}]
        if rank == 0:
            kept[0]["optimizer"] = optimizer.state_dict()
        torch.distributed.broadcast_object_list(kept, src=0)
        resumed, _, again, _ = stepped(size, name, options, range(3, 5), kept[0])
        states = [state for state in again.optim.state.values() if state]
        results[key] = {
            "params": found,
            "resumed": resumed,
            "owned": sum(len(group["params"]) for group in again.optim.param_groups),
            "states": len(states),
            "lr": [again.optim.param_groups[0]["lr"], again.param_groups[0]["lr"]],
            "class": type(again.optim).__module__,
            "options": again.optim.options.ema,
            "saved": kept[0]["optimizer"]["state"] if rank == 0 else {},
        }
    return results


@pytest.fixture(scope="module")
def results() -> dict[int, list[Any]]:
    return {size: run(size, _runs, size) for size in SIZES}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", RUNS)
def test_steps_give_the_bits_of_one_process(key: str, size: int, results: Any) -> None:
    expected, *_ = stepped(1, *RUNS[key], range(5))
    assert not torch.equal(expected[0]["0.weight"], expected[4]["0.weight"])
    for result in results[size]:
        assert_same(result[key]["params"] + result[key]["resumed"], expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", RUNS)
def test_a_consolidated_state_is_that_of_one_process(key: str, size: int, results: Any) -> None:
    *_, optimizer, _ = stepped(1, *RUNS[key], range(3))
    assert_same(results[size][0][key]["saved"], optimizer.state_dict()["state"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", RUNS)
def test_each_process_holds_the_state_of_its_params(key: str, size: int, results: Any) -> None:
    counts = [result[key]["owned"] for result in results[size]]
    assert sum(counts) == len(list(model().parameters()))
    assert max(counts) < sum(counts)
    for result in results[size]:
        assert result[key]["states"] == result[key]["owned"]
        assert result[key]["class"] == "gradstep.torch"
        assert result[key]["options"] == RUNS[key][1].get("ema")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", RUNS)
def test_lr_of_a_scheduler_reaches_the_local_optimizer(key: str, size: int, results: Any) -> None:
    # The scheduler has set the lr of a sixth step, which the local optimizer sees then.
    for result in results[size]:
        assert result[key]["lr"] == pytest.approx([0.01 * 0.5**4, 0.01 * 0.5**5])


# ---- more processes than params ----


def _one_param(rank: int) -> Any:
    param = torch.nn.Parameter(torch.ones(5))
    optimizer = ZeroRedundancyOptimizer([param], ours("AdamW"), lr=0.1, clip_norm=100.0)
    for _ in range(2):
        param.grad = torch.full((5,), 2.0)
        optimizer.step()
    optimizer.consolidate_state_dict(to=1)
    saved = optimizer.state_dict() if rank == 1 else None
    return [param.detach(), len(optimizer.optim.state), None if saved is None else saved["state"]]


def test_a_process_without_params_steps_too() -> None:
    param = torch.nn.Parameter(torch.ones(5))
    optimizer = ours("AdamW")([param], lr=0.1)
    for _ in range(2):
        param.grad = torch.full((5,), 2.0)
        optimizer.step()
    results = run(3, _one_param)
    for found, _, _ in results:
        assert_same(found, param.detach())
    assert [count for _, count, _ in results] == [1, 0, 0]
    assert_same(results[1][2], optimizer.state_dict()["state"])


# ---- state of another dtype ----


def _narrow(rank: int) -> Any:
    """The dtypes of a narrow state: as it is made, and as it is consolidated and loaded."""
    net = torch.nn.Linear(128, 64)
    made, saved = {}, {}
    for dtype in ("bfloat16", "8bit"):
        optimizers = [
            ZeroRedundancyOptimizer(net.parameters(), ours("AdamW"), lr=0.01, state_dtype=dtype)
            for _ in range(2)
        ]
        set_grads(net, 0)
        optimizers[0].step()
        optimizers[0].consolidate_state_dict(to=0)
        kept = [optimizers[0].state_dict() if rank == 0 else None]
        torch.distributed.broadcast_object_list(kept, src=0)
        optimizers[1].load_state_dict(copy.deepcopy(kept[0]))
        state = optimizers[1].optim.state
        if net.weight in state:
            optimizers[1].optim._engine.plan()
            made[dtype] = {
                key: [
                    str(value.dtype),
                    torch.equal(value, optimizers[0].optim.state[net.weight][key]),
                ]
                for key, value in state[net.weight].items()
            }
        saved[dtype] = str(kept[0]["state"][0]["exp_avg"].dtype)
    return [made, saved]


def test_narrow_state_keeps_its_bits() -> None:
    results = run(2, _narrow)
    (made,) = (found for found, _ in results if found)
    assert made == {
        "bfloat16": {
            "step": ["torch.float32", True],
            "exp_avg": ["torch.bfloat16", True],
            "exp_avg_sq": ["torch.bfloat16", True],
        },
        "8bit": {
            "step": ["torch.float32", True],
            "exp_avg": ["torch.uint8", True],
            "exp_avg_scale": ["torch.float32", True],
            "exp_avg_sq": ["torch.uint8", True],
            "exp_avg_sq_scale": ["torch.float32", True],
        },
    }
    for _, saved in results:
        assert saved == {"bfloat16": "torch.bfloat16", "8bit": "torch.uint8"}
