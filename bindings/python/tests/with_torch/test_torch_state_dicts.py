# SPDX-License-Identifier: Apache-2.0
"""State dicts go from torch's classes to ours and back, through files, pickles and copies. A run
that goes on from one has the same params as a run that never stopped."""

from __future__ import annotations

import copy
import io
import pickle
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
    snapshot,
    theirs,
    tolerance,
)

import gradstep.torch

ALL = PEERS + OWN
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"centered": True, "momentum": 0.5, "eps": 1e-4},
    "Adam": {"amsgrad": True},
    "ScheduleFreeAdamW": {"warmup_steps": 3},
}
# Big enough that "8bit" has codes and scales.
BIG = ((70, 80), (33,))


def clones(params: list[torch.nn.Parameter]) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(param.detach().clone()) for param in params]


def through_file(value: Any) -> Any:
    """What torch.load with weights_only gives back: it accepts tensors and plain types alone."""
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


CARRIERS = {
    "torch.save": lambda optimizer: through_file(optimizer.state_dict()),
    "pickle": lambda optimizer: pickle.loads(pickle.dumps(optimizer.state_dict())),
    "deepcopy": lambda optimizer: copy.deepcopy(optimizer.state_dict()),
}


@pytest.mark.parametrize("direction", ["to torch", "from torch"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", PEERS)
def test_run_goes_on_in_the_other_library(name: str, dtype: torch.dtype, direction: str) -> None:
    first, second = ours(name), theirs(name)
    if direction == "from torch":
        first, second = second, first
    options = {"lr": 0.02, **OPTIONS.get(name, {})}
    params = params_of(1, dtype)
    optimizer = first(params, **options)
    make_steps(optimizer, params, 5)
    others = clones(params)
    other = second(others, lr=1.0)
    other.load_state_dict(through_file(optimizer.state_dict()))
    assert other.param_groups[0]["lr"] == 0.02
    make_steps(optimizer, params, 5, first=5)
    make_steps(other, others, 5, first=5)
    assert_close(others, params, tolerance(name, dtype))


@pytest.mark.parametrize("name", PEERS)
def test_state_dict_has_the_keys_of_torchs(name: str) -> None:
    params, wanted = params_of(2), params_of(2)
    mine = ours(name)(params, **OPTIONS.get(name, {}))
    other = theirs(name)(wanted, **OPTIONS.get(name, {}))
    make_steps(mine, params, 2)
    make_steps(other, wanted, 2)
    got, expected = mine.state_dict(), other.state_dict()
    assert got.keys() == expected.keys()
    assert got["param_groups"] == expected["param_groups"]
    for index, state in expected["state"].items():
        assert got["state"][index].keys() == state.keys()
        for key, value in state.items():
            found = got["state"][index][key]
            assert found.dtype == value.dtype and found.shape == value.shape, key


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", ALL)
def test_run_goes_on_to_the_bit(name: str, carrier: str) -> None:
    options = OPTIONS.get(name, {})
    params = params_of(3)
    optimizer = ours(name)(params, **options)
    make_steps(optimizer, params, 5)
    others = clones(params)
    other = ours(name)(others)
    other.load_state_dict(CARRIERS[carrier](optimizer))
    make_steps(optimizer, params, 5, first=5)
    make_steps(other, others, 5, first=5)
    assert_same_bits(others, params)


def test_loading_leaves_the_state_dict_as_it_was() -> None:
    """Conversion to another dtype does not reach into the dict that was loaded. As in torch, a
    state that needs no conversion is shared with it."""
    params = params_of(4, shapes=BIG)
    optimizer = ours("AdamW")(params)
    make_steps(optimizer, params, 2)
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved)
    others = clones(params)
    other = ours("AdamW")(others, state_dtype="bfloat16")
    other.load_state_dict(saved)
    make_steps(other, others, 3)
    for index, state in kept["state"].items():
        assert saved["state"][index].keys() == state.keys()
        assert_same_bits(saved["state"][index].values(), state.values())


@pytest.mark.parametrize("name", ALL)
def test_pickle_and_deepcopy_of_an_optimizer(name: str) -> None:
    """A copy has params of its own, and makes the same steps."""
    params = params_of(5)
    optimizer = ours(name)(params, clip_norm=1.0, seed=5, **OPTIONS.get(name, {}))
    make_steps(optimizer, params, 3)
    copies = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    make_steps(optimizer, params, 3, first=3)
    for made in copies:
        assert type(made) is type(optimizer)
        assert made.options == optimizer.options
        others = made.param_groups[0]["params"]
        assert others[0] is not params[0]
        make_steps(made, others, 3, first=3)
        assert_same_bits(others, params)


def test_deepcopy_of_model_and_optimizer_together() -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = ours("AdamW")(model.parameters(), ema=0.9)
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    other_model, other = copy.deepcopy((model, optimizer))
    assert other.param_groups[0]["params"][0] is other_model.weight
    for each_model, each in ((model, optimizer), (other_model, other)):
        each.zero_grad()
        each_model(torch.ones(2, 4)).sum().backward()
        each.step()
    assert_same_bits(other_model.parameters(), model.parameters())


@pytest.mark.parametrize("state_dtype", ["float32", "bfloat16", "float16", "8bit"])
@pytest.mark.parametrize("name", [name for name in ALL if name != "Adafactor"])
def test_narrow_state_keeps_every_bit(name: str, state_dtype: str) -> None:
    """torch's own load_state_dict would convert it to the params' dtype."""
    options = {"state_dtype": state_dtype, **OPTIONS.get(name, {})}
    params = params_of(6, shapes=BIG)
    optimizer = ours(name)(params, **options)
    make_steps(optimizer, params, 3)
    saved = through_file(optimizer.state_dict())
    others = clones(params)
    other = ours(name)(others, state_dtype=state_dtype)
    other.load_state_dict(saved)
    for state, wanted in zip(
        other.state_dict()["state"].values(), optimizer.state_dict()["state"].values(), strict=True
    ):
        assert state.keys() == wanted.keys()
        assert_same_bits(state.values(), wanted.values())
    make_steps(optimizer, params, 3, first=3)
    make_steps(other, others, 3, first=3)
    assert_same_bits(others, params)


@pytest.mark.parametrize("target", [None, "float32", "bfloat16", "float16", "8bit"])
@pytest.mark.parametrize("source", [None, "bfloat16", "float16", "8bit"])
def test_state_of_another_dtype_is_converted(source: str | None, target: str | None) -> None:
    params = params_of(7, shapes=BIG)
    optimizer = ours("AdamW")(params, state_dtype=source, lr=1e-3)
    make_steps(optimizer, params, 4)
    others = clones(params)
    other = ours("AdamW")(others, state_dtype=target)
    other.load_state_dict(through_file(optimizer.state_dict()))
    make_steps(optimizer, params, 2, first=4)
    make_steps(other, others, 2, first=4)
    dtype = {None: torch.float32, "8bit": torch.uint8}.get(target) or getattr(torch, str(target))
    assert other.state[others[0]]["exp_avg"].dtype == dtype
    assert ("exp_avg_scale" in other.state[others[0]]) == (target == "8bit")
    assert_close(others, params, 5e-4)


def test_state_of_torch_with_a_plain_number_for_the_step() -> None:
    """Old checkpoints have such."""
    params = params_of(8)
    reference = theirs("Adam")(params)
    make_steps(reference, params, 3)
    saved = reference.state_dict()
    others = clones(params)
    for state in saved["state"].values():
        state["step"] = 3
    other = ours("Adam")(others)
    other.load_state_dict(copy.deepcopy(saved))
    make_steps(other, others, 1, first=3)
    assert other.state[others[0]]["step"] == 4


def test_state_dict_hooks() -> None:
    params = params_of(9)
    optimizer = ours("AdamW")(params)
    make_steps(optimizer, params, 1)
    seen = []
    optimizer.register_state_dict_pre_hook(lambda _: seen.append("before state_dict"))
    optimizer.register_state_dict_post_hook(lambda _, found: {**found, "note": 1})
    saved = optimizer.state_dict()
    assert saved["note"] == 1

    def pre_hook(_: Any, found: dict[str, Any]) -> dict[str, Any]:
        # A user's hook sees the state itself, and may change it.
        assert isinstance(found["state"][0]["exp_avg"], torch.Tensor)
        groups = [{**found["param_groups"][0], "lr": 0.5}]
        return {**found, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(pre_hook)
    optimizer.register_load_state_dict_post_hook(lambda _: seen.append("after load"))
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert seen == ["before state_dict", "after load"]
    make_steps(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"] == 2


def test_state_dict_of_named_params() -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = ours("AdamW")(model.named_parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    other = ours("AdamW")(torch.nn.Linear(3, 2).named_parameters())
    other.load_state_dict(through_file(optimizer.state_dict()))
    assert other.param_groups[0]["param_names"] == ["weight", "bias"]


def test_loading_before_the_first_step() -> None:
    params = params_of(10)
    optimizer = ours("AdamW")(params)
    empty = through_file(optimizer.state_dict())
    make_steps(optimizer, params, 2)
    optimizer.load_state_dict(empty)
    assert not optimizer.state
    make_steps(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"] == 1


def test_state_of_another_class_is_refused() -> None:
    """AdamW's groups have no momentum: SGD would go on without it."""
    params = params_of(11)
    adamw = ours("AdamW")(params)
    make_steps(adamw, params, 1)
    optimizer = ours("SGD")(params, lr=0.1, momentum=0.9)
    make_steps(optimizer, params, 2)
    groups, before = optimizer.param_groups, through_file(optimizer.state_dict())
    with pytest.raises(KeyError, match=r"param_groups\[0\] has no 'momentum', which SGD needs"):
        optimizer.load_state_dict(adamw.state_dict())
    assert optimizer.param_groups is groups
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    assert_same_bits(
        [state["momentum_buffer"] for state in after["state"].values()],
        [state["momentum_buffer"] for state in before["state"].values()],
    )


def test_keys_that_older_versions_of_torch_did_not_save_are_completed() -> None:
    params = params_of(12)
    optimizer = ours("Adam")(params)
    make_steps(optimizer, params, 1)
    saved = through_file(optimizer.state_dict())
    for key in ("maximize", "capturable", "decoupled_weight_decay"):
        del saved["param_groups"][0][key]
    optimizer.load_state_dict(saved)
    make_steps(optimizer, params, 1)
    assert optimizer.param_groups[0]["maximize"] is False


def test_options_that_older_versions_did_not_have_are_off() -> None:
    params = params_of(12)
    optimizer = ours("LAMB")(params)
    make_steps(optimizer, params, 1)
    saved = through_file(optimizer.state_dict())
    del saved["param_groups"][0]["l1_penalty"]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["l1_penalty"] == 0
    del saved["param_groups"][0]["betas"]
    with pytest.raises(KeyError, match="no 'betas', which LAMB needs"):
        optimizer.load_state_dict(saved)


def test_hyperparameter_that_was_deleted() -> None:
    params = params_of(13)
    optimizer = ours("SGD")(params, momentum=0.9)
    make_steps(optimizer, params, 1)
    before = snapshot(params)
    del optimizer.param_groups[0]["momentum"]
    with pytest.raises(KeyError, match="no 'momentum'"):
        optimizer.step()
    assert_same_bits(snapshot(params), before)


def test_names_of_classes() -> None:
    for name, kind in gradstep.torch.classes.items():
        assert pickle.loads(pickle.dumps(kind)) is kind
        assert getattr(gradstep.torch, name) is kind
