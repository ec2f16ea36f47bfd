# SPDX-License-Identifier: Apache-2.0
"""The classes replay what PyTorch 2.14.1 did: tests/golden/record_torch_traces.py recorded it and
describes the lines of the files. The bounds are those of tests/rules/golden_test.cpp."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch_support import GOLDEN

import gradstep.torch

FLAGS = ("nesterov", "maximize", "centered", "amsgrad", "decoupled_weight_decay")


@dataclass
class Trace:
    """A recorded run of one rule. Keys of `params` and `states` start with the dtype's suffix."""

    name: str
    rule: str
    options: dict[str, Any]
    shape: tuple[int, ...]
    start: list[float]
    grads: list[list[float]]
    params: dict[str, list[list[float]]] = field(default_factory=lambda: {"": [], "32": []})
    states: dict[tuple[str, str], list[float]] = field(default_factory=dict)


def numbers(words: list[str]) -> list[float]:
    return [float.fromhex(word) for word in words]


def torch_options(words: list[str]) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The keywords of torch's constructor, and the tensor's shape."""
    options: dict[str, Any] = {}
    shape: tuple[int, ...] = (-1,)
    for key, text in (word.split("=") for word in words):
        if key == "shape":
            shape = tuple(int(size) for size in text.split("x"))
        else:
            options[key] = bool(float(text)) if key in FLAGS else float(text)
    for name, first, second in (("betas", "beta1", "beta2"), ("eps", "eps1", "eps2")):
        if first in options:
            options[name] = (options.pop(first), options.pop(second))
    return options, shape


def read_traces(file: str) -> list[Trace]:
    traces: list[Trace] = []
    start: list[float] = []
    grads: list[list[float]] = []
    for line in (GOLDEN / file).read_text(encoding="utf-8").splitlines():
        key, *words = line.split()
        if key.startswith("#"):
            continue
        if key == "start":
            start, grads = numbers(words), []
        elif key == "grad":
            grads.append(numbers(words[1:]))
        elif key == "case":
            traces.append(Trace(words[0], words[1], *torch_options(words[2:]), start, grads))
        elif key.startswith("param"):
            traces[-1].params[key.removeprefix("param")].append(numbers(words[1:]))
        elif key.startswith("state"):
            traces[-1].states[key.removeprefix("state"), words[0]] = numbers(words[2:])
        else:
            raise AssertionError(f"unknown line: {line[:80]}")
    return traces


FLAT = read_traces("torch_traces.txt")
MATRICES = read_traces("torch_matrix_traces.txt")
CLASS_OF = {kind.rule_name: kind for kind in gradstep.torch.classes.values()}


def test_files_are_complete() -> None:
    assert len(FLAT) >= 21 and len(MATRICES) >= 4
    for trace in FLAT + MATRICES:
        assert len(trace.params[""]) == len(trace.params["32"]) == len(trace.grads) > 0
    for trace in MATRICES:
        assert {name for _, name in trace.states} == {"row_var", "col_var"}


def test_every_rule_of_torch_has_a_trace() -> None:
    traced = {trace.rule for trace in FLAT}
    of_torch = {rule for rule, kind in CLASS_OF.items() if hasattr(torch.optim, kind.__name__)}
    assert traced == of_torch


@pytest.mark.parametrize("suffix", ["", "32"])
@pytest.mark.parametrize("trace", FLAT + MATRICES, ids=lambda trace: trace.name)
def test_trace(trace: Trace, suffix: str) -> None:
    dtype = torch.float32 if suffix else torch.float64
    bound = 16 * 2.0**-23 if suffix else (1e-5 if trace.rule == "nadam" else 1e-12)
    param = torch.nn.Parameter(torch.tensor(trace.start, dtype=dtype).reshape(trace.shape))
    optimizer = CLASS_OF[trace.rule]([param], **trace.options)
    got = []
    for grad in trace.grads:
        param.grad = torch.tensor(grad, dtype=dtype).reshape(trace.shape)
        optimizer.step()
        got.append(param.detach().flatten().to(torch.float64, copy=True))
    wanted = torch.tensor(trace.params[suffix], dtype=torch.float64)
    start = torch.tensor([trace.start], dtype=torch.float64)
    # A param may pass through zero, so its error is measured by the largest of its run.
    largest = torch.cat([start, wanted]).abs().amax(dim=0)
    errors = (torch.stack(got) - wanted).abs() / largest
    assert float(errors.max()) <= bound
    for (kind, name), values in trace.states.items():
        if kind == suffix:
            state = torch.tensor(values, dtype=torch.float64)
            error = (optimizer.state[param][name].flatten().double() - state).abs().max()
            assert float(error / state.abs().max()) <= bound, name
