# SPDX-License-Identifier: Apache-2.0
"""States that somebody has exchanged, cut, freed or emptied, and state dicts of other models: each
is repaired, converted, or refused with a sentence. Nothing crashes, and nothing outside of the
tensors is written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch_support import OWN, PEERS, assert_same_bits, make_steps, ours, params_of, snapshot

import gradstep
from gradstep import _errors as errors

COUNT = 5000
State = dict[str, Any]


def stepped(**options: Any) -> tuple[Any, torch.nn.Parameter]:
    dtype = torch.bfloat16 if options.get("split_bf16") else torch.float32
    param = torch.nn.Parameter(torch.ones(COUNT, dtype=dtype))
    param.grad = torch.ones_like(param)
    optimizer = ours("AdamW")([param], **options)
    optimizer.step()
    return optimizer, param


def put(name: str, value: Callable[[], Any]) -> Callable[[State], None]:
    def change(state: State) -> None:
        state[name] = value()

    return change


REFUSED: list[tuple[str, dict[str, Any], Callable[[State], Any], str]] = [
    ("short slot", {}, put("exp_avg", lambda: torch.ones(3)), "'exp_avg' has the shape (3,)"),
    ("long slot", {}, put("exp_avg", lambda: torch.ones(9999)), "has the shape (9999,)"),
    ("0-dim slot", {}, put("exp_avg", lambda: torch.ones(())), "'exp_avg' has the shape ()"),
    ("text", {}, put("exp_avg", lambda: "a"), "state 'exp_avg' is 'a'"),
    ("number", {}, put("exp_avg_sq", lambda: 1.0), "state 'exp_avg_sq' is 1.0"),
    ("sparse", {}, put("exp_avg", lambda: torch.ones(COUNT).to_sparse()), "it is a dense tensor"),
    ("set_", {}, lambda state: state["exp_avg"].set_(torch.ones(3)), "has the shape (3,)"),
    ("freed", {}, lambda state: state["exp_avg"].untyped_storage().resize_(0), "data is NULL"),
    ("alias", {}, lambda state: state.update(exp_avg=state["exp_avg_sq"]), "overlap"),
    ("nan step", {}, lambda state: state["step"].fill_(float("nan")), "state 'step' is nan"),
    ("negative step", {}, lambda state: state["step"].fill_(-3), "state 'step' is -3.0"),
    ("huge step", {}, lambda state: state["step"].fill_(1e30), "from 0 to 2^53"),
    ("text as step", {}, put("step", lambda: "abc"), "could not convert string"),
    ("steps", {}, put("step", lambda: torch.ones(4)), "only one element tensors"),
    ("short ema", {"ema": 0.9}, put("ema", lambda: torch.ones(3)), "'ema' has the shape (3,)"),
    ("text as ema", {"ema": 0.9}, put("ema", lambda: "x"), "state 'ema' is 'x'"),
    (
        "short lower halves",
        {"split_bf16": True},
        put("param_low", lambda: torch.zeros(3, dtype=torch.int16)),
        "'param_low' has the shape (3,)",
    ),
    (
        "lower halves of one byte",
        {"split_bf16": True},
        put("param_low", lambda: torch.zeros(COUNT, dtype=torch.int8)),
        "'param_low' has the dtype torch.int8",
    ),
    (
        "few scales",
        {"state_dtype": "8bit"},
        put("exp_avg_scale", lambda: torch.ones(2)),
        "another number of elements or scales",
    ),
    (
        "scales of another dtype",
        {"state_dtype": "8bit"},
        put("exp_avg_scale", lambda: torch.ones(20, dtype=torch.float16)),
        "another number of elements or scales",
    ),
    (
        "text as scales",
        {"state_dtype": "8bit"},
        put("exp_avg_scale", lambda: "x"),
        "state 'exp_avg_scale' is 'x'",
    ),
    (
        "few codes",
        {"state_dtype": "8bit"},
        put("exp_avg", lambda: torch.zeros(7, dtype=torch.uint8)),
        "another number of elements or scales",
    ),
]


@pytest.mark.parametrize(
    ("options", "damage", "sentence"), [case[1:] for case in REFUSED], ids=[it[0] for it in REFUSED]
)
def test_damage_that_is_refused(options: Any, damage: Any, sentence: str) -> None:
    optimizer, param = stepped(**options)
    before = param.detach().clone()
    damage(optimizer.state[param])
    for _ in range(2):  # it is refused again, not only once
        with pytest.raises((ValueError, RuntimeError)) as refusal:
            optimizer.step()
        assert sentence in str(refusal.value)
    assert_same_bits([param], [before])
    optimizer.state.clear()
    optimizer.step()
    assert optimizer.state[param]["step"] == 1


def test_state_that_is_no_dict() -> None:
    optimizer, param = stepped()
    optimizer.state[param] = 5
    with pytest.raises(ValueError, match="the state of a param is 5; it is a dict"):
        optimizer.step()


CONVERTED: list[tuple[str, dict[str, Any], Callable[[State], Any]]] = [
    ("float64", {}, lambda state: state.update(exp_avg=state["exp_avg"].double())),
    ("a clone", {}, lambda state: state.update(exp_avg=state["exp_avg"].clone())),
    (
        "every other",
        {},
        lambda state: state.update(exp_avg=torch.stack([state["exp_avg"]] * 2, dim=1)[:, 0]),
    ),
    ("expanded", {}, lambda state: state.update(exp_avg=state["exp_avg"][:1].expand(COUNT))),
    ("float ema", {"ema": 0.9}, lambda state: state.update(ema=state["ema"].double())),
    ("step as int", {}, lambda state: state.update(step=1)),
    ("step as int64", {}, lambda state: state.update(step=torch.tensor(1))),
    ("other order", {}, lambda state: state.update(step=state.pop("step"))),
    ("a new dict entry", {}, lambda state: state.update(note="mine")),
    ("other storage", {}, lambda state: state["exp_avg"].set_(state["exp_avg"].clone())),
    (
        "other data",
        {},
        lambda state: setattr(state["exp_avg"], "data", state["exp_avg"].data.clone()),
    ),
]


@pytest.mark.parametrize(
    ("options", "change"), [case[1:] for case in CONVERTED], ids=[it[0] for it in CONVERTED]
)
def test_change_without_a_change_of_values(options: Any, change: Any) -> None:
    """The run goes on as if nothing had been."""
    optimizer, param = stepped(**options)
    reference, wanted = stepped(**options)
    change(optimizer.state[param])
    for each in (optimizer, reference):
        each.step()
        each.step()
    assert_same_bits([param], [wanted])
    assert optimizer.state[param]["step"] == 3
    assert_same_bits([optimizer.state[param]["exp_avg"]], [reference.state[wanted]["exp_avg"]])
    assert optimizer.state[param].get("note") in (None, "mine")


@pytest.mark.parametrize(
    "lose",
    [
        lambda state: state.pop("exp_avg"),
        lambda state: state.update(exp_avg=None),
        lambda state: state.update(exp_avg=torch.ones(COUNT, device="meta")),
    ],
    ids=["gone", "None", "meta"],
)
def test_slot_that_is_lost_begins_anew(lose: Callable[[State], Any]) -> None:
    optimizer, param = stepped()
    lose(optimizer.state[param])
    optimizer.step()
    found = optimizer.state[param]["exp_avg"]
    assert found.device.type == "cpu" and torch.allclose(found, torch.full((COUNT,), 0.1))
    assert optimizer.state[param]["step"] == 2


def test_state_dict_of_another_model() -> None:
    optimizer, _ = stepped()
    other = torch.nn.Parameter(torch.ones(7))
    target = ours("AdamW")([other])
    target.load_state_dict(optimizer.state_dict())
    other.grad = torch.ones(7)
    with pytest.raises(ValueError, match=r"'exp_avg' has the shape \(5000,\); for a param"):
        target.step()
    assert torch.equal(other.detach(), torch.ones(7))


def test_state_dicts_that_torch_refuses() -> None:
    params = params_of()
    optimizer = ours("AdamW")(params)
    make_steps(optimizer, params, 1)
    saved = copy.deepcopy(optimizer.state_dict())
    before = snapshot(optimizer.state[params[0]].values())
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({**saved, "param_groups": saved["param_groups"] * 2})
    short = [{**saved["param_groups"][0], "params": [0]}]
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({**saved, "param_groups": short})
    for wrong in ({}, {"state": {}}, {"param_groups": []}):
        with pytest.raises((KeyError, ValueError)):
            optimizer.load_state_dict(wrong)
    assert_same_bits(optimizer.state[params[0]].values(), before)
    make_steps(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"] == 2


def test_state_dict_with_a_wrong_option() -> None:
    params = params_of()
    optimizer = ours("AdamW")(params)
    make_steps(optimizer, params, 1)
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = float("nan")
    optimizer.load_state_dict(saved)
    before = snapshot(params)
    with pytest.raises(errors.OutOfRange, match="lr"):
        optimizer.step()
    assert_same_bits(params, before)


@pytest.mark.parametrize("name", PEERS + OWN)
def test_state_of_another_class(name: str) -> None:
    """Slots of equal names and shapes are taken over; others stay where they are."""
    params = params_of(2)
    optimizer = ours(name)(params)
    make_steps(optimizer, params, 2)
    for target_name in ("SGD", "AdamW"):
        others = params_of(3)
        target = ours(target_name)(others)
        state = {"state": copy.deepcopy(optimizer.state_dict()["state"])}
        target.load_state_dict({**target.state_dict(), **state})
        make_steps(target, others, 2)
        assert all(bool(param.isfinite().all()) for param in others)


@pytest.mark.parametrize("name", PEERS + OWN)
def test_emptied_state_begins_anew(name: str) -> None:
    """optimizer.state = defaultdict(dict) is how some programs reset an optimizer."""
    params, wanted = params_of(4), params_of(4)
    optimizer = ours(name)(params)
    make_steps(optimizer, params, 3)
    with torch.no_grad():
        for param, value in zip(params, wanted, strict=True):
            param.copy_(value)
    optimizer.state = type(optimizer.state)(dict)
    for group in optimizer.param_groups:
        for scalar in gradstep.rules()[optimizer.rule_name].shared_scalars:
            group.pop(scalar.name)
    reference = ours(name)(wanted)
    make_steps(optimizer, params, 2)
    make_steps(reference, wanted, 2)
    assert_same_bits(params, wanted)


@pytest.mark.parametrize("name", PEERS + OWN)
def test_params_list_that_is_edited(name: str) -> None:
    """Some programs remove and exchange entries of group["params"]."""
    params = params_of(5)
    optimizer = ours(name)(params)
    make_steps(optimizer, params, 2)
    removed = optimizer.param_groups[0]["params"].pop(1)
    kept = removed.detach().clone()
    make_steps(optimizer, params, 2, first=2)
    assert torch.equal(removed.detach(), kept)
    new = torch.nn.Parameter(torch.ones(6))
    optimizer.param_groups[0]["params"][0] = new
    make_steps(optimizer, [*params, new], 2, first=4)
    assert optimizer.state[new].get("step", 2) == 2
    assert not torch.equal(new.detach(), torch.ones(6))


def test_amsgrad_that_is_switched_on_later() -> None:
    optimizer, param = stepped()
    optimizer.param_groups[0]["amsgrad"] = True
    optimizer.step()
    assert optimizer.state[param]["max_exp_avg_sq"].shape == param.shape
    optimizer.param_groups[0]["amsgrad"] = False
    optimizer.step()
    assert optimizer.state[param]["step"] == 3
