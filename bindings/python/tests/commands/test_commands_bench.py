# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep bench``. What the figures are depends on the machine; that they are there,
and that table and JSON agree, does not."""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_gradstep

from gradstep._bench.cases import Case, gpt2_shapes, make_cases
from gradstep._bench.native_step import NativeStep
from gradstep._bench.results import result_of, spread
from gradstep._bench.table import bytes_text, report_text, time_text
from gradstep._bench.turns import Contender, Disagreement, MemoryLimit, take_turns
from gradstep._commands import bench
from gradstep._commands._failure import CommandError
from gradstep._commands._machine import OtherPrograms

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
CASES = [case.key for case in make_cases(quick=True)]


class Run:
    """The output of one run."""

    def __init__(self, folder: Path, *arguments: str, **keywords: Any) -> None:
        path = folder / "bench.json"
        result = run_gradstep("bench", "--json", str(path), *arguments, **keywords)
        self.table, self.progress = result.stdout, result.stderr
        self.report = json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("bench"), "--quick")


def numbers(value: Any) -> Iterator[float]:
    """All numbers in a report."""
    if isinstance(value, dict):
        for entry in value.values():
            yield from numbers(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from numbers(entry)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def test_every_case_is_measured_with_one_and_with_all_threads(quick: Run) -> None:
    threads = quick.report["machine"]["threads"]
    wanted = [(case, count) for case in CASES for count in dict.fromkeys([1, threads])]
    assert [(each["case"], each["threads"]) for each in quick.report["results"]] == wanted
    assert quick.report["left_out"] == []


def test_contenders(quick: Run) -> None:
    for result in quick.report["results"]:
        names = [each["name"] for each in result["contenders"]]
        assert names[0].startswith("gradstep")
        assert any(name.startswith("torch") for name in names) == HAS_TORCH
        if HAS_TORCH and result["case"] in ("small-tensors", "gpt2"):
            assert names == ["gradstep", "torch fused", "torch foreach", "torch default"]
    assert quick.report["torch_took_part"] == HAS_TORCH


def test_figures_are_positive_and_consistent(quick: Run) -> None:
    for result in quick.report["results"]:
        bytes_moved = result["minimum_bytes"]
        assert bytes_moved == result["elements"] * result["minimum_bytes_per_element"]
        limit = result["limit"]
        assert result["rounds"] >= 3
        assert limit["bytes_per_second"] == pytest.approx(
            bytes_moved / limit["seconds"]["median"], rel=1e-9
        )
        assert all(number > 0 for number in numbers([limit, result["contenders"]]))
        for each in result["contenders"]:
            seconds = each["seconds"]
            assert seconds["low"] <= seconds["median"] <= seconds["high"]
            assert each["bytes_per_second"] == pytest.approx(bytes_moved / seconds["median"])
            assert each["share_of_limit"] == pytest.approx(
                limit["seconds"]["median"] / seconds["median"]
            )
        assert result["contenders"][0]["time_by_gradsteps"] == {"median": 1, "low": 1, "high": 1}
        assert all(math.isfinite(number) for number in numbers(result))


def test_the_table_shows_what_the_json_has(quick: Run) -> None:
    for result in quick.report["results"]:
        title = f"{result['case']}: {result['title']}\n"
        assert title in quick.table
        block = quick.table[quick.table.index(title) :].split("\nRounds: ")[0]
        for each in result["contenders"]:
            rows = [line.split("  ") for line in block.splitlines() if f" {each['name']} " in line]
            cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
            mine = [row for row in cells if row[0] == str(result["threads"])]
            assert len(mine) == 1, (each["name"], rows)
            assert mine[0][1:] == [
                each["name"],
                time_text(each["seconds"]["median"]),
                f"{time_text(each['seconds']['low'])} to {time_text(each['seconds']['high'])}",
                f"{each['bytes_per_second'] / 1e9:.1f}",
                f"{each['share_of_limit'] * 100:.0f} %",
                f"{each['time_by_gradsteps']['median']:.2f}",
            ]
        assert time_text(result["limit"]["seconds"]["median"]) in block
    for column in ("threads", "contender", "quartiles", "of limit", "time / gradstep's"):
        assert column in quick.table


@pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")
def test_overhead_is_the_step_less_the_native_call(quick: Run) -> None:
    for result in quick.report["results"]:
        if result["case"] == "overhead":
            assert result["contenders"][1]["name"] == "its native call alone"
            median = result["python_overhead_seconds"]["median"]
            assert time_text(median) in quick.table
        else:
            assert "python_overhead_seconds" not in result


def test_progress_is_told_apart_from_the_table(quick: Run) -> None:
    assert f"[1/{len(CASES)}]" in quick.progress
    assert "[1/" not in quick.table


def test_without_torch(tmp_path: Path) -> None:
    run = Run(tmp_path, "--quick", "--case", "nadam", "--case", "complete", without=["torch"])
    assert "PyTorch is not installed" in run.progress
    assert "no torch" in run.table
    assert [each["case"] for each in run.report["results"]].count("nadam") >= 1
    for result in run.report["results"]:
        assert [each["name"] for each in result["contenders"]] == ["gradstep"]
        assert result["contenders"][0]["seconds"]["median"] > 0


def test_options_choose_cases_and_threads(tmp_path: Path) -> None:
    run = Run(tmp_path, "--quick", "--case", "rmsprop", "--threads", "1", without=["torch", "tqdm"])
    assert [(each["case"], each["threads"]) for each in run.report["results"]] == [("rmsprop", 1)]


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="matplotlib is not installed")
def test_plot(tmp_path: Path) -> None:
    path = tmp_path / "bench.png"
    Run(tmp_path, "--quick", "--case", "rmsprop", "--plot", str(path), without=["torch"])
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_plot_without_matplotlib_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "bench.png"
    result = run_gradstep("bench", "--plot", str(path), without=["matplotlib"], status=1)
    assert result.stderr == (
        "gradstep bench: --plot needs the package matplotlib, which is not installed: "
        "pip install matplotlib\n"
    )
    assert not path.exists()


def test_a_file_in_no_folder_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "none" / "bench.json"
    result = run_gradstep("bench", "--json", str(path), status=1)
    assert result.stdout == ""
    assert f"{path.parent} is no folder" in result.stderr


@pytest.mark.parametrize("threads", ["0", "-1", "1025"])
def test_threads_out_of_bounds(threads: str) -> None:
    assert (
        f"{threads} is not from 1 to 1024"
        in run_gradstep("bench", f"--threads={threads}", status=2).stderr
    )


@pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")
def test_a_case_with_different_results_is_left_out_and_the_others_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gradstep._bench import torch_side

    def compare(case: Case, *_: Any) -> None:
        if case.key == "nadam":
            raise Disagreement("they differ")

    monkeypatch.setattr(torch_side, "_compare", compare)
    path = tmp_path / "bench.json"
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    arguments = ["--quick", "--case", "nadam", "--case", "rmsprop", "--threads", "1"]
    with pytest.raises(CommandError, match="different results"):
        bench.run(parser.parse_args([*arguments, "--json", str(path)]))
    report = json.loads(path.read_text(encoding="utf-8"))
    assert [each["case"] for each in report["results"]] == ["rmsprop"]
    assert report["left_out"] == [{"case": "nadam", "reason": "they differ"}]
    assert "nadam was left out: they differ" in capsys.readouterr().out


def test_a_case_that_does_not_fit_into_memory_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "available_memory", lambda: 10**9)
    case = make_cases(quick=False)[1]
    report = bench.measure_all([case], [1], True)
    assert report["results"] == []
    assert report["left_out"][0]["case"] == "gpt2"
    assert re.search(r"takes about \d+\.\d GB .* 1\.0 GB are free", report_text(report))


def test_more_threads_than_there_are_cpus_are_refused() -> None:
    # Figures beside which another number of threads stands would mislead.
    assert (
        "--threads is 1024; here gradstep can use "
        in run_gradstep("bench", "--quick", "--threads", "1024", status=1).stderr
    )


# ---- the parts ----


def test_work_of_other_programs_is_noticed() -> None:
    others = OtherPrograms()
    end = time.monotonic() + 0.5
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        while time.monotonic() < end:
            time.sleep(0.05)
        program.kill()
    if (found := others.cpus()) is None:
        pytest.skip("the system has no /proc/stat")
    assert found > 0.1


def test_the_table_says_when_other_programs_were_at_work(quick: Run) -> None:
    first = {**quick.report["results"][0], "cpus_of_others": 0.75}
    second = {**quick.report["results"][1], "cpus_of_others": 0.05}
    third = {**quick.report["results"][2], "cpus_of_others": None}
    shown = report_text({**quick.report, "results": [first, second, third]})
    assert shown.count("NOT TO BE RELIED ON with 1 thread: other programs kept 0.8 CPUs busy") == 1
    assert shown.count("NOT TO BE RELIED ON") == 1


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="matplotlib is not installed")
def test_the_plot_shows_the_whole_of_every_bar(
    quick: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    from gradstep._bench.plot import draw

    figures: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: figures.append(self))
    one = quick.report["results"][0]
    slow = [
        {**each, "seconds": {name: 9 * value for name, value in each["seconds"].items()}}
        for each in one["contenders"]
    ]
    draw({**quick.report, "results": [one, {**one, "contenders": slow}]}, str(tmp_path / "x.png"))
    for panel in figures[0].axes:
        assert panel.get_xlim()[0] == 0
        assert panel.get_xlim()[1] > max(bar.get_width() for bar in panel.patches)
        assert len(panel.patches) == len(one["contenders"])


def test_gpt2_has_its_number_of_params() -> None:
    shapes = gpt2_shapes(768)
    assert (len(shapes), sum(map(math.prod, shapes))) == (148, 124_439_808)


def test_spread_is_median_and_quartiles() -> None:
    found = spread([5.0, 1.0, 4.0, 2.0, 3.0])
    assert found == {"median": 3.0, "low": 2.0, "high": 4.0}


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


def test_ratios_are_of_times_of_the_same_round() -> None:
    case = make_cases(quick=True)[0]
    contenders = [Contender("gradstep", int, True), Contender("torch fused", int)]
    times = [[1.0, 2.0, 4.0], [3.0, 4.0, 20.0]]
    found = result_of(case, 1, contenders, times, [0.5, 0.5, 0.5], 1000)
    assert found["contenders"][1]["time_by_gradsteps"]["median"] == 3.0
    assert found["limit"]["seconds"]["median"] == pytest.approx(0.5 * case.minimum_bytes / 1000)


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
    assert np.all(limit._target == limit.passes)
    assert limit.bytes_per_pass == 3 * limit._target.nbytes


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
