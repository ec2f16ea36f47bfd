# SPDX-License-Identifier: Apache-2.0
"""The recorded runs of tests/golden through numpy: formulas of the papers, and PyTorch's runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradstep

GOLDEN = Path(__file__).resolve().parents[4] / "tests" / "golden"


def _numbers(words: list[str]) -> np.ndarray:
    return np.array([float.fromhex(word) for word in words])


def _cases(file: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = []
    start, grads = np.zeros(0), []
    for line in (GOLDEN / file).read_text().splitlines():
        words = line.split()
        if not words or words[0] in ("#", "count", "steps"):
            continue
        if words[0] == "start":
            start, grads = _numbers(words[1:]), []
        elif words[0] == "grad":
            grads.append(_numbers(words[2:]))
        elif words[0] == "case":
            options = dict(word.split("=") for word in words[3:])
            shape = tuple(map(int, options.pop("shape", str(start.size)).split("x")))
            values = {
                key: float.fromhex(text) if "0x" in text else float(text)
                for key, text in options.items()
                if key != "split"
            }
            cases.append(
                {"name": words[1], "rule": words[2], "values": values, "shape": shape}
                | {"start": start, "grads": grads, "float64": [], "float32": [], "other": []}
                | {"is_split": "split" in options}
            )
        elif words[0] == "param":
            cases[-1]["float64"].append(_numbers(words[2:]))
        elif words[0] == "param32":
            cases[-1]["float32"].append(_numbers(words[2:]))
        else:
            cases[-1]["other"].append(words)
    return cases


def _plain(file: str) -> list[Any]:
    """The cases of one tensor without transforms and stopped steps."""
    other = ("evaluated", "trained", "stopped")
    return [
        pytest.param(case, id=f"{file}:{case['name']}")
        for case in _cases(file)
        if not case["is_split"] and not any(words[0] in other for words in case["other"])
    ]


FILES = ("traces.txt", "pass_traces.txt", "torch_traces.txt", "torch_matrix_traces.txt")
ALL = [case for file in FILES for case in _plain(file)]


def test_there_are_as_many_cases_as_recorded() -> None:
    assert len(ALL) >= 60


def _tolerance(case: dict[str, Any], dtype: str) -> float:
    if dtype == "float32":
        return (1024 if case["rule"] == "prodigy" else 16) * 2.0**-23
    return 1e-5 if case["rule"] == "nadam" else 1e-12  # PyTorch keeps mu_product in float32


def _expect(got: list[np.ndarray], case: dict[str, Any], dtype: str) -> None:
    wanted = case[dtype] or case["float64"]
    largest = np.maximum(np.abs(wanted).max(axis=0), np.abs(case["start"]))
    difference = np.abs(np.array(got) - np.array(wanted)).max(axis=0)
    assert (difference <= _tolerance(case, dtype) * largest).all()


def _state(opt: gradstep.Optimizer, name: str) -> Any:
    if name in {scalar.name for scalar in opt.groups["default"].rule.info.scalars}:
        return opt.scalar("w", name)
    return opt.state["w"][name].ravel()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", ALL)
def test_an_optimizer_gives_the_recorded_params(case: dict[str, Any], dtype: str) -> None:
    param = case["start"].astype(dtype).reshape(case["shape"])
    opt = gradstep.Optimizer({"w": param}, case["rule"], **case["values"])
    got = []
    for grad in case["grads"]:
        opt.step({"w": grad.astype(dtype).reshape(case["shape"])})
        got.append(param.astype(np.float64).ravel())
    _expect(got, case, dtype)
    if dtype == "float64":
        for word, name, step, *values in case["other"]:
            if word == "state" and int(step) == len(case["grads"]):
                state = _state(opt, name)
                assert np.allclose(state, _numbers(values), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("case", ALL)
def test_apply_gives_the_bits_of_the_optimizer(case: dict[str, Any]) -> None:
    rule = gradstep.Rule(case["rule"], **case["values"])
    params = [case["start"].astype("float32").reshape(case["shape"]) for _ in range(2)]
    opt = gradstep.Optimizer({"w": params[0]}, rule)
    slots = gradstep.make_slots(rule, params[1])
    scalars, shared = gradstep.make_scalars(rule), gradstep.make_shared_scalars(rule)
    for step, numbers in enumerate(case["grads"], 1):
        grad = numbers.astype("float32").reshape(case["shape"])
        opt.step({"w": grad})
        numbers_of = {"scalars": scalars, "shared_scalars": shared}
        gradstep.apply(rule, params[1], grad, slots, step=step, **numbers_of)
        assert params[0].tobytes() == params[1].tobytes()


def _schedules() -> list[Any]:
    recorded = json.loads((GOLDEN / "schedules.json").read_text())
    return [
        pytest.param(recorded["base_lr"], entry, id=f"{number}:{entry.get('schedule', 'sequence')}")
        for number, entry in enumerate(recorded["schedules"])
        if "schedule" in entry
    ]


@pytest.mark.parametrize(("base_lr", "entry"), _schedules())
def test_a_schedule_gives_the_recorded_rates(base_lr: float, entry: dict[str, Any]) -> None:
    schedule = gradstep.Schedule(entry["schedule"], **entry["values"])
    points = np.array(entry["points"], float)
    assert np.allclose(
        schedule(points[:, 0], base_lr), points[:, 1], rtol=1e-12, atol=1e-12 * base_lr
    )
