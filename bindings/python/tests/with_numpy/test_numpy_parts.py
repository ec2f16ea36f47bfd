# SPDX-License-Identifier: Apache-2.0
"""Steps in parts, which the threads of a pool make at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gradstep

COUNT = 100_003


def _arrays() -> tuple[Any, Any, Any]:
    source = np.random.default_rng(1)
    param, grad = (source.standard_normal(COUNT).astype(np.float32) for _ in range(2))
    return param, grad, gradstep.make_slots("adamw", param)


@pytest.mark.parametrize("part_count", [1, 2, 7])
def test_parts_together_have_the_bits_of_one_call(part_count: int) -> None:
    wanted, grad, slots = _arrays()
    gradstep.apply("adamw", wanted, grad, slots, step=1)
    param, grad, own = _arrays()

    def make(part: int) -> None:
        gradstep.apply("adamw", param, grad, own, step=1, part=part, part_count=part_count)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(part_count)))
    assert np.array_equal(param, wanted)
    assert all(np.array_equal(own[name], slots[name]) for name in slots)


@pytest.mark.parametrize(
    ("rule", "arguments", "sentence"),
    [
        ("adamw", {"part": 2, "part_count": 2}, "part"),
        ("adamw", {"part": 0, "part_count": 0}, "part_count"),
        ("adamw", {"part_count": 2}, "part_count is 2, but no part is given"),
        ("lamb", {"part": 0, "part_count": 2}, "lamb"),
    ],
)
def test_wrong_parts(rule: str, arguments: dict[str, Any], sentence: str) -> None:
    param, grad, _ = _arrays()
    slots, before = gradstep.make_slots(rule, param), param.copy()
    with pytest.raises(gradstep.Error, match=sentence):
        gradstep.apply(rule, param, grad, slots, step=1, **arguments)
    assert np.array_equal(param, before)


def test_parts_of_a_strided_param_are_refused() -> None:
    param = np.zeros(2 * COUNT, np.float32)[::2]
    with pytest.raises(gradstep.InvalidArgument, match="contiguous"):
        gradstep.apply("sgd", param, np.ones(COUNT, np.float32), step=1, part=0, part_count=2)
    assert not param.any()
