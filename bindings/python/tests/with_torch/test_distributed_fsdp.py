# SPDX-License-Identifier: Apache-2.0
"""FSDP2: each process holds a part of each param, of its gradient and of its state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from distributed_support import (
    assert_close,
    model,
    needs_processes,
    ours,
    params_of,
    run,
    states_of,
    train,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

pytestmark = needs_processes

SIZES = (2, 4)  # of 4 processes the last has no row of the last layer
CLIP = 0.05
# A name, the options, and whether gradients are clipped outside of the step.
RUNS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "AdamW": ("AdamW", {"lr": 0.01, "weight_decay": 0.1}, False),
    "SGD": ("SGD", {"lr": 0.05, "momentum": 0.9}, False),
    "NAdam": ("NAdam", {"lr": 0.01}, False),
    "schedule-free": ("ScheduleFreeAdamW", {"lr": 0.01}, False),
    "clipped within": ("SGD", {"lr": 0.5, "momentum": 0.9, "clip_norm": CLIP}, False),
    "clipped before": ("SGD", {"lr": 0.5, "momentum": 0.9}, True),
    "average": ("AdamW", {"lr": 0.01, "ema": 0.9}, False),
    "bfloat16 state": ("AdamW", {"lr": 0.01, "state_dtype": "bfloat16", "seed": 5}, False),
}


def sharded(size: int) -> Any:
    """The model, each layer of it sharded; with 1 process, as it is."""
    net = model()
    if size > 1:
        mesh = init_device_mesh("cpu", (size,))
        for layer in (net[0], net[3]):
            fully_shard(layer, mesh=mesh)
        fully_shard(net, mesh=mesh)
    return net


def trained(key: str, rank: int, size: int) -> dict[str, Any]:
    name, options, is_clipped = RUNS[key]
    net = sharded(size)
    optimizer = ours(name)(net.parameters(), **options)
    if is_clipped:
        optimizer.register_step_pre_hook(
            lambda *_: torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP) and None
        )
    train(net, optimizer, range(5), rank, size)
    kinds: dict[str, list[str]] = {}
    for state in optimizer.state.values():
        for entry, value in state.items():
            kind = "shard" if isinstance(value, DTensor) else f"{value.dim()}-dim"
            kinds.setdefault(entry, []).append(f"{kind} {value.dtype}")
    result = {
        "params": params_of(net),
        "states": states_of(net, optimizer),
        "norm": optimizer.last_step.grad_norm,
        "kinds": kinds,
        "local": [param.to_local().numel() for param in net.parameters()] if size > 1 else [],
    }
    if "ema" in options:
        with optimizer.averaged():
            result["average"] = params_of(net)
    return result


def _runs(rank: int, size: int) -> Any:
    return {key: trained(key, rank, size) for key in RUNS}


@pytest.fixture(scope="module")
def results() -> dict[int, list[Any]]:
    return {size: run(size, _runs, size) for size in SIZES}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", [key for key in RUNS if key != "bfloat16 state"])
def test_processes_train_as_one(key: str, size: int, results: Any) -> None:
    alone = trained(key, 0, 1)
    start = dict(model().named_parameters())
    assert all(not torch.equal(alone["params"][name], start[name]) for name in start)
    for result in results[size]:
        found = result[key]
        assert_close(found["params"], alone["params"])
        assert_close(found["states"], alone["states"])
        assert found["norm"] == pytest.approx(alone["norm"], rel=1e-4)
        if key == "average":
            assert_close(found["average"], alone["average"])


@pytest.mark.parametrize("size", SIZES)
def test_bfloat16_state_trains_as_in_one_process(size: int, results: Any) -> None:
    # A gradient that differs in the last place may round a number of the state the other way.
    alone = trained("bfloat16 state", 0, 1)
    exact = trained("AdamW", 0, 1)
    for result in results[size]:
        found = result["bfloat16 state"]
        torch.testing.assert_close(found["params"], alone["params"], rtol=0, atol=1e-3)
        assert not torch.equal(found["params"]["0.weight"], exact["params"]["0.weight"])


@pytest.mark.parametrize("size", SIZES)
def test_the_state_consists_of_shards(size: int, results: Any) -> None:
    count = len(list(model().parameters()))
    for result in results[size]:
        assert result["AdamW"]["kinds"] == {
            "exp_avg": ["shard torch.float32"] * count,
            "exp_avg_sq": ["shard torch.float32"] * count,
            "step": ["0-dim torch.float32"] * count,
        }
        assert result["bfloat16 state"]["kinds"] == {
            "exp_avg": ["shard torch.bfloat16"] * count,
            "exp_avg_sq": ["shard torch.bfloat16"] * count,
            "step": ["0-dim torch.float32"] * count,
        }
        assert result["average"]["kinds"]["ema"] == ["shard torch.float32"] * count
        assert result["SGD"]["kinds"] == {"momentum_buffer": ["shard torch.float32"] * count}


def test_a_process_without_elements_trains_too(results: Any) -> None:
    last = results[4][3]["AdamW"]["local"]
    assert last[-2:] == [0, 0]
    assert last[0] > 0


@pytest.mark.parametrize("size", SIZES)
def test_clipping_within_is_clipping_before(size: int, results: Any) -> None:
    for result in results[size]:
        assert_close(result["clipped within"]["params"], result["clipped before"]["params"])
        assert result["clipped within"]["norm"] > CLIP


def _refusals(rank: int) -> Any:
    messages = {}
    for name in ("LAMB", "Adafactor", "Prodigy"):
        net = sharded(2)
        try:
            ours(name)(net.parameters())
        except RuntimeError as error:
            messages[name] = str(error)
    net = torch.nn.Linear(128, 64)
    fully_shard(net, mesh=init_device_mesh("cpu", (2,)))
    try:
        ours("AdamW")(net.parameters(), state_dtype="8bit")
    except RuntimeError as error:
        messages["8bit"] = str(error)
    return messages


def test_what_cannot_be_sharded_is_refused() -> None:
    for messages in run(2, _refusals):
        for name in ("LAMB", "Adafactor", "Prodigy"):
            assert messages[name].startswith(f"{name} does not support a param of the placements")
        assert messages["8bit"].startswith('state_dtype="8bit" does not support a DTensor')
