# SPDX-License-Identifier: Apache-2.0
"""Params that are DTensors: a step of all shards is the step of the whole tensor, for every way to
place it. Both get the same gradients, so the results are equal to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest
import torch
from distributed_support import assert_same, generator, needs_processes, ours, run, whole
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import (
    DTensor,
    Partial,
    Replicate,
    Shard,
    distribute_tensor,
)

import gradstep.torch

pytestmark = needs_processes

# Over 4 processes: even and uneven shards, an empty one, three empty ones, an empty tensor.
SHAPES = ((8, 3), (7, 5), (3, 4), (1, 6), (13,), (0, 2))
# A name, the shape of the mesh, and the placements of a param.
LAYOUTS: dict[str, tuple[tuple[int, ...], list[Any]]] = {
    "rows": ((4,), [Shard(0)]),
    "columns": ((4,), [Shard(1)]),
    "everywhere": ((4,), [Replicate()]),
    "rows, twice": ((2, 2), [Replicate(), Shard(0)]),
    "rows and columns": ((2, 2), [Shard(0), Shard(1)]),
    "rows of rows": ((2, 2), [Shard(0), Shard(0)]),
}
SUMMING = ("LAMB", "Adafactor", "Prodigy")
ELEMENTWISE = [name for name in gradstep.torch.classes if name not in SUMMING]


@cache
def mesh_of(shape: tuple[int, ...]) -> DeviceMesh:
    """A mesh of all processes."""
    return init_device_mesh("cpu", shape)


def placed(tensor: torch.Tensor, layout: str) -> torch.Tensor:
    """The tensor as a DTensor over 4 processes."""
    shape, placements = LAYOUTS[layout]
    if tensor.dim() == 1:
        placements = [Shard(0) if each == Shard(1) else each for each in placements]
    return distribute_tensor(tensor, mesh_of(shape), placements, src_data_rank=None)


def numbers(seed: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """A tensor of each shape."""
    made = generator(seed)
    return [torch.randn(shape, generator=made).to(dtype) for shape in SHAPES]


def stepped(
    name: str,
    place: Callable[[torch.Tensor], torch.Tensor],
    dtype: torch.dtype = torch.float32,
    steps: int = 4,
    **options: Any,
) -> dict[str, Any]:
    """What an optimizer makes of params and gradients from a seed."""
    params = [torch.nn.Parameter(place(each)) for each in numbers(1, dtype)]
    optimizer = ours(name)(params, **options)
    norms = []
    for step in range(steps):
        for param, grad in zip(params, numbers(10 + step, dtype), strict=True):
            if step == 2 and param.dim() == 1:
                param.grad = None  # this param's step count lags behind
            else:
                param.grad = place(grad)
        optimizer.step()
        norms.append(optimizer.last_step.grad_norm)
    if "evaluate" in dir(optimizer):
        optimizer.evaluate()
    return {
        "params": [whole(param) for param in params],
        "grads": [None if param.grad is None else whole(param.grad) for param in params],
        "copies": [whole(copy) for copy in optimizer.copies.values()],
        "states": [
            {key: whole(value) for key, value in sorted(optimizer.state[param].items())}
            for param in params
        ],
        "norms": norms,
    }


def alone(name: str, **options: Any) -> dict[str, Any]:
    return stepped(name, lambda tensor: tensor, **options)


def _all_layouts(rank: int, cases: list[tuple[str, dict[str, Any]]], layouts: list[str]) -> Any:
    return {
        layout: [stepped(name, lambda t, at=layout: placed(t, at), **o) for name, o in cases]  # type: ignore[misc]
        for layout in layouts
    }


# ---- every rule ----


@pytest.fixture(scope="module")
def every_rule() -> list[Any]:
    return run(4, _all_layouts, [(name, {}) for name in ELEMENTWISE], list(LAYOUTS))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_shards_step_as_the_whole_tensor(name: str, layout: str, every_rule: list[Any]) -> None:
    expected = alone(name)
    start = numbers(1)
    assert all(
        not torch.equal(after, before)
        for after, before in zip(expected["params"][:-1], start[:-1], strict=True)
    )
    for result in every_rule:
        assert_same(result[layout][ELEMENTWISE.index(name)], expected)


# ---- options ----

OPTIONS: dict[str, dict[str, Any]] = {
    "bfloat16 state": {"state_dtype": "bfloat16", "seed": 3},
    "float16 state": {"state_dtype": torch.float16},
    "bfloat16 params": {
        "dtype": torch.bfloat16,
        "stochastic_rounding": True,
        "state_dtype": "float32",
    },
    "split bfloat16": {"dtype": torch.bfloat16, "split_bf16": True, "state_dtype": "float32"},
    "average, copy, zeroed gradients": {
        "ema": 0.9,
        "copy_to": torch.bfloat16,
        "zero_grads": True,
    },
    "8bit, of few elements": {"state_dtype": "8bit"},
    "float64": {"dtype": torch.float64},
    "scalars": {"name": "NAdam", "ema": 0.9, "state_dtype": "bfloat16", "zero_grads": True},
    "transforms": {
        "name": "ScheduleFreeAdamW",
        "dtype": torch.bfloat16,
        "ema": 0.5,
        "split_bf16": True,
        "state_dtype": "float32",
    },
}


def named(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class, which is AdamW by default, and the options without it."""
    kept = dict(options)
    return kept.pop("name", "AdamW"), kept


@pytest.fixture(scope="module")
def with_options() -> list[Any]:
    cases = [named(options) for options in OPTIONS.values()]
    return run(4, _all_layouts, cases, ["rows", "rows, twice", "rows of rows"])


@pytest.mark.parametrize("layout", ["rows", "rows, twice", "rows of rows"])
@pytest.mark.parametrize("key", OPTIONS)
def test_options_give_the_same_bits(key: str, layout: str, with_options: list[Any]) -> None:
    name, options = named(OPTIONS[key])
    expected = alone(name, **options)
    for result in with_options:
        assert_same(result[layout][list(OPTIONS).index(key)], expected)


# ---- norms ----

NORM_LAYOUTS = [*LAYOUTS, "mixed"]
# Each param is placed in a way of its own; one is no DTensor.
MIXED = dict(
    zip(SHAPES, ["rows", None, "columns", "everywhere", "rows and columns", "rows"], strict=True)
)


def _mixed(tensor: torch.Tensor) -> torch.Tensor:
    layout = MIXED[tuple(tensor.shape)]
    return tensor if layout is None else placed(tensor, layout)


def _norms(rank: int) -> Any:
    results: dict[str, Any] = {}
    for layout in NORM_LAYOUTS:
        place = _mixed if layout == "mixed" else partial(placed, layout=layout)
        results[layout] = stepped("AdamW", place, clip_norm=0.5)
        low = stepped("AdamW", place, dtype=torch.bfloat16, clip_norm=math.inf)
        results[layout]["bfloat16"] = low["norms"]
    return results


@pytest.fixture(scope="module")
def norms() -> list[Any]:
    return run(4, _norms)


@pytest.mark.parametrize("layout", NORM_LAYOUTS)
def test_clip_norm_is_the_norm_over_all_processes(layout: str, norms: list[Any]) -> None:
    expected = alone("AdamW", clip_norm=0.5)
    assert min(expected["norms"]) > 0.5  # each step is clipped
    for result in norms:
        found = result[layout]
        assert found["norms"] == pytest.approx(expected["norms"], rel=1e-6)
        assert found["norms"] == norms[0][layout]["norms"]
        torch.testing.assert_close(found["params"], expected["params"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layout", NORM_LAYOUTS)
def test_the_norm_of_bfloat16_gradients_is_exact(layout: str, norms: list[Any]) -> None:
    grads = [numbers(10 + step, torch.bfloat16) for step in range(4)]
    grads[2] = [grad for grad in grads[2] if grad.dim() != 1]
    exact = [math.sqrt(sum(float(each.double().square().sum()) for each in some)) for some in grads]
    for result in norms:
        assert result[layout]["bfloat16"] == pytest.approx(exact, rel=1e-6)


def _not_finite(rank: int) -> Any:
    params = [torch.nn.Parameter(placed(each, "rows")) for each in numbers(1)]
    before = [whole(param) for param in params]
    optimizer = ours("AdamW")(params, check_finite=True)
    grads = numbers(10)
    grads[0][7, 1] = math.inf  # in the last process's shard
    grads[1][0, 0] = math.nan  # in that of the first
    for param, grad in zip(params, grads, strict=True):
        param.grad = placed(grad, "rows")
    optimizer.step()
    first = optimizer.last_step
    kept = all(torch.equal(whole(param), old) for param, old in zip(params, before, strict=True))
    params[0].grad, params[1].grad = (placed(each, "rows") for each in numbers(10)[:2])
    optimizer.step()
    moved = not torch.equal(whole(params[0]), before[0])
    return [first.is_skipped, first.non_finite_count, kept, optimizer.last_step.is_skipped, moved]


def test_all_processes_skip_what_is_not_finite_in_one() -> None:
    assert run(4, _not_finite) == [[True, 2, True, False, True]] * 4


# ---- gradients that are placed otherwise ----


def _otherwise(rank: int) -> Any:
    """Gradients that are whole, or are yet to be summed over the processes."""
    mesh = init_device_mesh("cpu", (2,))
    values, grads = numbers(1)[:2], numbers(10)[:2]
    params = [
        torch.nn.Parameter(distribute_tensor(values[0], mesh, [Shard(0)], src_data_rank=None)),
        torch.nn.Parameter(distribute_tensor(values[1], mesh, [Replicate()], src_data_rank=None)),
    ]
    optimizer = ours("AdamW")(params, clip_norm=0.5, zero_grads=True)
    norms = []
    for _ in range(2):
        params[0].grad = DTensor.from_local(grads[0].clone(), mesh, [Replicate()])
        params[1].grad = DTensor.from_local(grads[1] * (0.25, 0.75)[rank], mesh, [Partial()])
        optimizer.step()
        norms.append(optimizer.last_step.grad_norm)
    left = [float(whole(param.grad).abs().max()) for param in params]
    return {"params": [whole(param) for param in params], "norms": norms, "left": left}


def test_gradients_are_brought_to_their_params() -> None:
    params = [torch.nn.Parameter(each) for each in numbers(1)[:2]]
    optimizer = ours("AdamW")(params, clip_norm=0.5)
    norms = []
    for _ in range(2):
        for param, grad in zip(params, numbers(10), strict=False):
            param.grad = grad
        optimizer.step()
        norms.append(optimizer.last_step.grad_norm)
    for result in run(2, _otherwise):
        assert result["left"] == [0.0, 0.0]
        assert result["norms"] == pytest.approx(norms, rel=1e-6)
        expected = [param.detach() for param in params]
        torch.testing.assert_close(result["params"], expected, rtol=1e-5, atol=1e-6)


# ---- rules that need whole tensors ----


def _message(function: Callable[[], Any]) -> str:
    try:
        function()
    except RuntimeError as error:
        return str(error)
    return "nothing was raised"


def _summing(rank: int) -> Any:
    results: dict[str, Any] = {"shards": {}, "later": {}, "everywhere": {}, "one process": {}}
    alone_mesh = init_device_mesh("cpu", (2, 1), mesh_dim_names=("all", "one"))["one"]
    mesh = init_device_mesh("cpu", (2,))
    for name in SUMMING:
        value = numbers(1)[0]
        sharded = torch.nn.Parameter(distribute_tensor(value, mesh, [Shard(0)], src_data_rank=None))
        results["shards"][name] = _message(lambda n=name, p=sharded: ours(n)([p]))  # type: ignore[misc]
        optimizer = ours(name)([torch.nn.Parameter(value.clone())])
        message = _message(lambda o=optimizer, p=sharded: o.add_param_group({"params": [p]}))  # type: ignore[misc]
        results["later"][name] = [message, len(optimizer.param_groups)]
        for key, placement, at in (
            ("everywhere", Replicate(), mesh),
            ("one process", Shard(0), alone_mesh),
        ):
            results[key][name] = stepped(
                name,
                lambda t, p=placement, m=at: distribute_tensor(t, m, [p], src_data_rank=None),  # type: ignore[misc]
                clip_norm=0.5,
            )
    return results


@pytest.fixture(scope="module")
def summing() -> list[Any]:
    return run(2, _summing)


def test_these_rules_sum() -> None:
    found = [
        name
        for name in gradstep.torch.classes
        if ours(name)([torch.nn.Parameter(torch.ones(2, 2))])._engine.layouts()[0].rule.sums
    ]
    assert sorted(found) == sorted(SUMMING)


@pytest.mark.parametrize("name", SUMMING)
def test_rules_that_sum_refuse_shards(name: str, summing: list[Any]) -> None:
    expected = (
        f"{name} does not support a param of the placements (Shard(dim=0),): its rule sums over "
        "all elements of a tensor, of which each process holds a shard"
    )
    for result in summing:
        assert result["shards"][name] == expected
        assert result["later"][name] == [expected, 1]


@pytest.mark.parametrize("key", ["everywhere", "one process"])
@pytest.mark.parametrize("name", SUMMING)
def test_rules_that_sum_step_whole_tensors(name: str, key: str, summing: list[Any]) -> None:
    expected = alone(name, clip_norm=0.5)
    for result in summing:
        found = result[key][name]
        if name == "Prodigy":
            assert_same(found, expected)
            continue
        assert found.pop("norms") == pytest.approx(alone(name, clip_norm=0.5)["norms"], rel=1e-6)
        found.pop("states"), found.pop("grads")
        torch.testing.assert_close(found["params"], expected["params"], rtol=1e-5, atol=1e-6)


# ---- 8-bit state ----


def _eight_bit(rank: int) -> Any:
    mesh = init_device_mesh("cpu", (2,))
    value = torch.ones(128, 64)
    param = torch.nn.Parameter(distribute_tensor(value, mesh, [Shard(0)], src_data_rank=None))
    message = _message(lambda: ours("AdamW")([param], state_dtype="8bit"))
    return [message, torch.equal(whole(param), value)]


def test_shards_refuse_8bit_state() -> None:
    for message, is_unchanged in run(2, _eight_bit):
        assert message.startswith('state_dtype="8bit" does not support a DTensor')
        assert is_unchanged


# ---- states that are loaded ----


def _continued(layout: str | None, state: Any) -> list[torch.Tensor]:
    """Two steps from a state that is loaded: what the params are then."""

    def place(tensor: torch.Tensor) -> torch.Tensor:
        return tensor if layout is None else placed(tensor, layout)

    params = [torch.nn.Parameter(place(each)) for each in numbers(1)]
    optimizer = ours("AdamW")(params, ema=0.9)
    optimizer.load_state_dict(state)
    for step in (5, 6):
        for param, grad in zip(params, numbers(10 + step), strict=True):
            param.grad = place(grad)
        optimizer.step()
    return [whole(param) for param in params]


def _saved() -> Any:
    """The state after 3 steps of whole tensors."""
    params = [torch.nn.Parameter(each) for each in numbers(1)]
    optimizer = ours("AdamW")(params, ema=0.9)
    for step in range(3):
        for param, grad in zip(params, numbers(10 + step), strict=True):
            param.grad = grad
        optimizer.step()
    return optimizer.state_dict()


def _loaded(rank: int) -> Any:
    """A state of whole tensors in shards; a state of shards in other shards, and whole again."""
    results = {}
    for key, before, after in (
        ("whole to rows", None, "rows"),
        ("rows to columns", "rows", "columns"),
        ("columns to whole", "columns", None),
    ):
        state = _saved()
        if before is not None:
            params = [torch.nn.Parameter(placed(each, before)) for each in numbers(1)]
            first = ours("AdamW")(params, ema=0.9)
            first.load_state_dict(state)
            first._engine.plan()  # the state becomes DTensors
            state = first.state_dict()
            assert hasattr(state["state"][0]["exp_avg"], "placements")
        results[key] = _continued(after, state)
    return results


@pytest.fixture(scope="module")
def loaded() -> list[Any]:
    return run(4, _loaded)


@pytest.mark.parametrize("key", ["whole to rows", "rows to columns", "columns to whole"])
def test_a_loaded_state_is_brought_to_its_params(key: str, loaded: list[Any]) -> None:
    params = _continued(None, _saved())
    for result in loaded:
        assert_same(result[key], params)
