# SPDX-License-Identifier: Apache-2.0
"""torch.distributed.checkpoint: a run that is saved by some processes goes on with others."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
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
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    get_state_dict,
    set_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import gradstep.torch

pytestmark = needs_processes

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "AdamW": ("AdamW", {"weight_decay": 0.1}),
    "SGD": ("SGD", {"momentum": 0.9}),
    "NAdam": ("NAdam", {}),
    "schedule-free": ("ScheduleFreeAdamW", {}),
    "average": ("AdamW", {"ema": 0.9}),
    "bfloat16 state": ("AdamW", {"state_dtype": "bfloat16"}),
}
SAVED, DONE = 3, 6


def made(key: str, size: int) -> tuple[Any, Any]:
    """The model, over `size` processes, and its optimizer."""
    name, options = RUNS[key]
    net: Any = model()
    if size > 1:
        fully_shard(net, mesh=init_device_mesh("cpu", (size,)))
    return net, ours(name)(net.parameters(), lr=0.01, **options)


def _save(rank: int, size: int, folder: str) -> Any:
    results = {}
    for key in RUNS:
        net, optimizer = made(key, size)
        train(net, optimizer, range(SAVED), rank, size)
        model_state, optimizer_state = get_state_dict(net, optimizer)
        dcp.save(
            {"net": model_state, "optimizer": optimizer_state}, checkpoint_id=f"{folder}/{key}"
        )
        results[key] = {"params": params_of(net), "states": states_of(net, optimizer)}
        train(net, optimizer, range(SAVED, DONE), rank, size)  # taking a state changes nothing
        results[key]["done"] = params_of(net)
    return results


def _resume(rank: int, size: int, folder: str) -> Any:
    results = {}
    for key in RUNS:
        net, optimizer = made(key, size)
        with torch.no_grad():
            for param in net.parameters():
                param.fill_(0.5)
        model_state, optimizer_state = get_state_dict(net, optimizer)  # makes a step of lr 0
        is_unmoved = all(bool((param == 0.5).all()) for param in params_of(net).values())
        state = {"net": model_state, "optimizer": optimizer_state}
        dcp.load(state, checkpoint_id=f"{folder}/{key}")
        set_state_dict(
            net,
            optimizer,
            model_state_dict=state["net"],
            optim_state_dict=state["optimizer"],
        )
        results[key] = {
            "params": params_of(net),
            "states": states_of(net, optimizer),
            "is_unmoved": is_unmoved,
            "lr": optimizer.param_groups[0]["lr"],
        }
        train(net, optimizer, range(SAVED, DONE), rank, size)
        results[key]["done"] = params_of(net)
    return results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = str(tmp_path_factory.mktemp("checkpoints"))
    found: dict[str, Any] = {"saved": run(2, _save, 2, folder)}
    assert (Path(folder) / "AdamW" / ".metadata").is_file()
    return found | {size: run(size, _resume, size, folder) for size in (1, 2, 4)}


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("key", RUNS)
def test_processes_load_what_two_have_saved(key: str, size: int, results: Any) -> None:
    saved = results["saved"][0][key]
    for result in results[size]:
        found = result[key]
        assert found["is_unmoved"]
        assert found["lr"] == 0.01
        assert_same(found["params"], saved["params"])
        assert_same(found["states"], saved["states"])


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("key", RUNS)
def test_the_run_goes_on_as_if_uninterrupted(key: str, size: int, results: Any) -> None:
    net, optimizer = made(key, 1)
    train(net, optimizer, range(DONE))
    for result in (*results[size], *results["saved"]):
        if key == "bfloat16 state":  # a gradient's last place may round a number the other way
            torch.testing.assert_close(result[key]["done"], params_of(net), rtol=0, atol=1e-3)
        else:
            assert_close(result[key]["done"], params_of(net))
    if size == 2:
        assert_same(
            [result[key]["done"] for result in results[2]], [results["saved"][0][key]["done"]] * 2
        )


# ---- the step with which torch makes a state ----


@pytest.mark.parametrize("name", gradstep.torch.classes)
def test_the_step_that_makes_a_state_moves_nothing(name: str) -> None:
    for lr in (0.01, torch.tensor(0.01)):
        net = model()
        before = params_of(net)
        optimizer = ours(name)(net.parameters(), lr=lr)
        state = get_optimizer_state_dict(net, optimizer)
        assert_same(params_of(net), before)
        assert float(optimizer.param_groups[0]["lr"]) == pytest.approx(0.01)
        for entry in state["state"].values():
            assert all(bool(torch.isfinite(value).all()) for value in entry.values())


@pytest.mark.parametrize("name", gradstep.torch.classes)
def test_a_state_by_names_resumes_in_one_process(name: str) -> None:
    """Without torch's step in between, and flattened."""
    options = StateDictOptions(flatten_optimizer_state_dict=True)
    net, again = model(), model()
    optimizer, resumed = (ours(name)(each.parameters(), lr=0.01) for each in (net, again))
    train(net, optimizer, range(SAVED))
    # Like torch's optimizers, these go on with the very tensors that they are given.
    model_state, optimizer_state = copy.deepcopy(get_state_dict(net, optimizer, options=options))
    set_state_dict(
        again,
        resumed,
        model_state_dict=model_state,
        optim_state_dict=optimizer_state,
        options=options,
    )
    assert_same(states_of(again, resumed), states_of(net, optimizer))
    train(net, optimizer, range(SAVED, DONE))
    train(again, resumed, range(SAVED, DONE))
    assert_same(params_of(again), params_of(net))
