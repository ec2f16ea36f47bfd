# SPDX-License-Identifier: Apache-2.0
"""DistributedDataParallel: each process trains on its part of the batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from distributed_support import (
    assert_close,
    assert_same,
    model,
    needs_processes,
    ours,
    params_of,
    run,
    states_of,
    train,
)
from torch.nn.parallel import DistributedDataParallel

pytestmark = needs_processes

RUNS = {
    "AdamW": ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    "SGD with momentum": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "LAMB, clipped": ("LAMB", {"lr": 0.01, "clip_norm": 0.1}),
    "Prodigy": ("Prodigy", {}),
}


def _trained(rank: int, size: int) -> dict[str, Any]:
    results = {}
    for key, (name, options) in RUNS.items():
        net: Any = model()
        if size > 1:
            net = DistributedDataParallel(net)
        optimizer = ours(name)(net.parameters(), **options)
        train(net, optimizer, range(5), rank, size)
        results[key] = {"params": params_of(net), "states": states_of(net, optimizer)}
    return results


def _two(rank: int) -> Any:
    return _trained(rank, 2)


@pytest.fixture(scope="module")
def results() -> list[Any]:
    return run(2, _two)


@pytest.mark.parametrize("key", RUNS)
def test_two_processes_train_as_one(key: str, results: list[Any]) -> None:
    alone = _trained(0, 1)[key]
    assert_close(results[0][key], alone)
    start = dict(model().named_parameters())
    assert all(not torch.equal(alone["params"][name], start[name]) for name in start)


@pytest.mark.parametrize("key", RUNS)
def test_all_processes_hold_the_same_bits(key: str, results: list[Any]) -> None:
    assert_same(results[1][key], results[0][key])
