# SPDX-License-Identifier: Apache-2.0
"""The parts of ``python -m gradstep bench``: cases, turns, figures, native steps."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from gradstep._bench.cases import Case, gpt2_shapes
from gradstep._bench.native_step import NativeStep
from gradstep._bench.table import bytes_text, time_text
from gradstep._bench.turns import Disagreement, MemoryLimit, take_turns
from gradstep._commands._machine import OtherPrograms

HAS_TORCH = importlib.util.find_spec("torch") is not None


def test_work_of_other_programs_is_noticed() -> None:
    others = OtherPrograms()
    end = time.monotonic() + 0.5
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        while time.monotonic() < end:
            time.sleep(0.05)
        program.kill()
    if (found := others.cpus()) is None:
        pytest.skip("the system has no /proc/stat")
    assert found[0] > 0.1
    assert found[1] >= 0.0


def test_gpt2_has_its_number_of_params() -> None:
    shapes = gpt2_shapes(768)
    assert (len(shapes), sum(map(math.prod, shapes))) == (148, 124_439_808)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(2.5, "2.50 s"), (0.01234, "12.3 ms"), (0.1234, "123 ms"), (1.5e-6, "1.50 us")],
)
def test_time_text(seconds: float, shown: str) -> None:
    assert time_text(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(3_480_000_000, "3.48 GB"), (70_100_000, "70.1 MB"), (66_304, "66.3 kB")]
)
def test_bytes_text(count: int, shown: str) -> None:
    assert bytes_text(count) == shown


def test_turns_alternate_and_every_step_has_each_round() -> None:
    order: list[str] = []
    times = take_turns(
        [lambda: order.append("a"), lambda: order.append("b")],
        seconds=0.0,
        min_rounds=3,
        max_rounds=9,
        sample=0.0,
        before_step=lambda: order.append("-"),
    )
    assert [len(each) for each in times] == [3, 3]
    assert all(time > 0 for each in times for time in each)
    # Each step is called twice to begin with; then a round forwards, one backwards, one forwards.
    assert "".join(order) == "-a-a-b-b" + "-a-b" + "-b-a" + "-a-b"


@pytest.mark.parametrize("threads", [1, 3])
def test_the_memory_limit_touches_every_element_once_a_pass(threads: int) -> None:
    limit = MemoryLimit(1 << 22)
    limit.set_threads(threads)
    limit.run()
    limit.close()
    sums, terms = limit._arrays
    assert np.all(sums == 1 + limit.passes)
    assert np.all(terms == 1)
    assert sums.nbytes + terms.nbytes == 1 << 22
    assert limit.nbytes == 3 * sums.nbytes * limit.passes


@pytest.mark.parametrize("threads", [1, 3])
def test_the_bandwidth_is_of_bytes_half_of_which_are_written(threads: int) -> None:
    limit = MemoryLimit(1 << 22, np.negative)
    limit.set_threads(threads)
    limit.run()
    limit.close()
    (negated,) = limit._arrays
    assert negated.nbytes == 1 << 22
    assert np.all(negated == (-1) ** limit.passes)
    assert limit.nbytes == 2 * negated.nbytes * limit.passes


@pytest.mark.parametrize("rule", ["adamw", "nadam", "rmsprop", "adadelta", "adafactor"])
def test_a_native_step_changes_every_param_and_is_the_same_for_all_threads(rule: str) -> None:
    shapes = [(40, 30), (7,)]
    sides = []
    for threads in (1, 2):
        made = NativeStep(rule, shapes, {})
        before = [param.copy() for param in made.params]
        made.set_threads(threads)
        for _ in range(3):
            made.step()
        for param, old in zip(made.params, before, strict=True):
            assert np.isfinite(param).all()
            assert (param != old).all()
        sides.append(made.params)
        made.close()
    for one, two in zip(*sides, strict=True):
        np.testing.assert_array_equal(one, two)


def test_native_adamw_is_the_formula() -> None:
    made = NativeStep("adamw", [(50,)], {"lr": 1e-2})
    param, grad = made.params[0].astype(np.float64), made.grads[0].astype(np.float64)
    first, second = np.zeros(50), np.zeros(50)
    for step in range(1, 5):
        made.step()
        param *= 1 - 1e-2 * 1e-2
        first = 0.9 * first + 0.1 * grad
        second = 0.999 * second + 0.001 * grad**2
        root = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        param -= 1e-2 * first / (1 - 0.9**step) / root
    np.testing.assert_allclose(made.params[0], param, rtol=1e-5, atol=1e-7)
    made.close()


def test_native_adafactor_keeps_a_number_for_each_row_and_column() -> None:
    made = NativeStep("adafactor", [(40, 30)], {})
    squares = made.grads[0].astype(np.float64) ** 2
    made.step()  # after the first step the averages are those of this gradient
    for axis, count in ((1, 40), (0, 30)):
        (found,) = (each for each in made._arrays if getattr(each, "shape", 0) == (count,))
        np.testing.assert_allclose(found, squares.mean(axis), rtol=1e-5)
    made.close()


@pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")
@pytest.mark.parametrize("is_complete", [False, True], ids=["plain", "complete"])
def test_contenders_with_different_results_are_not_compared(is_complete: bool) -> None:
    import torch

    from gradstep._bench.torch_side import build

    ways = ("fused, separate passes",) if is_complete else ("fused", "foreach", "default")
    case = Case(
        "small",
        "",
        "adamw",
        "two",
        [(50,), (6, 7)],
        28,
        12,
        ways,
        options={"lr": 1e-3},
        is_complete=is_complete,
    )
    built = build(case)
    assert built.check
    for _ in range(3):
        if built.before_step:
            built.before_step()
        for contender in built.contenders:
            contender.step()
        built.check()
    optimizer: Any = built.contenders[0].step
    with torch.no_grad():
        optimizer.__self__.param_groups[0]["params"][1][2, 3] += 1e-4
    with pytest.raises(Disagreement, match=r"torch fused.*'s results differ by 1\.00e-04"):
        built.check()
