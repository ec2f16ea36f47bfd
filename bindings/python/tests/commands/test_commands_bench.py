# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep bench``. What the figures are depends on the machine; that they are there,
and that table and JSON agree, does not."""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run_gradstep

from gradstep._bench.cases import Case, make_cases
from gradstep._bench.table import report_text, time_text
from gradstep._bench.turns import Disagreement
from gradstep._commands import bench
from gradstep._commands._failure import CommandError

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
