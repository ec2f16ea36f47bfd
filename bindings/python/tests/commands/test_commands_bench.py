# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep bench``. What the figures are depends on the machine; that they are there,
and that table and file agree, does not."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from bench_run import CASES, Run
from command_line import run_gradstep
from result_schema import check_result

from gradstep._bench.cases import Case, make_cases
from gradstep._bench.result_file import contents
from gradstep._bench.results import Result
from gradstep._bench.table import report_text, time_text
from gradstep._bench.turns import Disagreement
from gradstep._commands import _measuring, bench
from gradstep._commands._failure import CommandError

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


def test_every_case_is_measured_with_one_and_with_all_threads(quick: Run) -> None:
    threads = quick.report["machine"]["cores"]["usable"]
    wanted = [(case, count) for case in CASES for count in dict.fromkeys([1, threads])]
    assert [(each.case.key, each.threads) for each in quick.results] == wanted
    assert quick.report["left_out"] == []
    assert quick.report["run"]["mode"] == "quick"


def test_contenders(quick: Run) -> None:
    for result in quick.results:
        names = [row["contender"] for row in result.rows]
        assert names[0] == "gradstep"
        assert len(set(names)) == len(names)
        assert any(name.startswith("torch") for name in names) == HAS_TORCH
        if HAS_TORCH and result.case.key in ("one-tensor", "small-tensors", "gpt2"):
            assert names == ["gradstep", "torch fused", "torch foreach", "torch default"]
    assert ("pytorch" in quick.report["software"]) == HAS_TORCH


def cells_of(run: Run, result: Result, contender: str) -> list[str]:
    """The cells of a contender in the table."""
    title = f"{result.case.key}: {result.case.title}\n"
    block = run.table[run.table.index(title) :].split("\nRounds: ")[0]
    rows = [re.split(r"\s{2,}", line.strip()) for line in block.splitlines()]
    (found,) = (row for row in rows if row[:2] == [str(result.threads), contender])
    return found


def test_the_table_shows_what_the_file_has(quick: Run) -> None:
    for result in quick.results:
        seconds = result.case.elements / 1e9
        for row in result.rows:
            low, median, high = (
                row["ns_per_element"][name] * seconds for name in ("low", "median", "high")
            )
            ratio = row["ratios"]["gradstep"]["median"] if "ratios" in row else 1
            percent = [f"{row['percent_of_limit']['median']:.0f} %"] if "limit" in row else []
            assert cells_of(quick, result, row["contender"]) == [
                str(result.threads),
                row["contender"],
                time_text(median),
                f"{time_text(low)} to {time_text(high)}",
                f"{row['bytes_per_element'] / row['ns_per_element']['median']:.1f}",
                *percent,
                f"{ratio:.2f}",
            ]
        if not result.case.is_overhead:
            limit = result.rows[0]["limit"]["bytes_ns"] * seconds
            assert time_text(limit) in cells_of(quick, result, "memory limit")
    for column in ("threads", "contender", "95 % interval", "of limit", "time / gradstep's"):
        assert column in quick.table


@pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")
def test_overhead_is_the_step_less_the_native_call(quick: Run) -> None:
    for result in quick.results:
        if result.case.is_overhead:
            assert result.rows[1]["contender"] == "gradstep native call"
            median = result.rows[0]["python_overhead_ns"]["median"]
            assert time_text(median / 1e9) in quick.table
        else:
            assert "python_overhead_ns" not in result.rows[0]


def test_progress_is_told_apart_from_the_table(quick: Run) -> None:
    assert f"[1/{len(CASES)}]" in quick.progress
    assert "[1/" not in quick.table


def test_without_torch(tmp_path: Path) -> None:
    run = Run(tmp_path, "--quick", "--case", "nadam", "--case", "complete", without=["torch"])
    assert "PyTorch is not installed" in run.progress
    assert "no torch" in run.table
    assert "pytorch" not in run.report["software"]
    assert {row["rule"] for row in run.report["rows"]} == {"nadam", "adamw"}
    assert {row["contender"] for row in run.report["rows"]} == {"gradstep"}
    # With torch gradstep's step is another one, of another name.
    assert all(name.startswith("numpy/") for name in run.groups)


def test_options_choose_cases_and_threads(tmp_path: Path) -> None:
    run = Run(tmp_path, "--quick", "--case", "rmsprop", "--threads", "1", without=["torch", "tqdm"])
    assert [(each.case.key, each.threads) for each in run.results] == [("rmsprop", 1)]
    assert run.report["run"]["mode"] == "selected"


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
    check_result(report)
    assert {row["rule"] for row in report["rows"]} == {"rmsprop"}
    assert not report["is_in_agreement"]
    assert report["left_out"] == [{"case": "nadam", "reason": "they differ"}]
    assert "nadam was left out: they differ" in capsys.readouterr().out


def test_a_case_that_does_not_fit_into_memory_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_measuring, "available_memory", lambda: 10**8)
    (case,) = (case for case in make_cases(quick=False) if case.key == "gpt2")
    report = _measuring.measure_all([case], [1], True, "selected")
    assert report.results == []
    assert report.left_out[0]["case"] == "gpt2"
    shown = report_text("", report.results, report.left_out)
    assert re.search(r"takes about \d+\.\d GB .* 0\.1 GB are free", shown)
    assert report.machine["bandwidth"] == []
    check_result(contents(report))


def test_more_threads_than_there_are_cpus_are_refused() -> None:
    # Figures beside which another number of threads stands would mislead.
    assert (
        "--threads is 1024; here gradstep can use "
        in run_gradstep("bench", "--quick", "--threads", "1024", status=1).stderr
    )


def test_the_table_says_when_other_programs_were_at_work(quick: Run) -> None:
    busy = [
        dataclasses.replace(result, other_cpus=cpus)
        for result, cpus in zip(quick.results[:3], [0.75, 0.05, None], strict=True)
    ]
    shown = report_text("", busy, [])
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
    one = quick.results[0]
    rows = [
        {
            **row,
            "ns_per_element": {name: 9 * value for name, value in row["ns_per_element"].items()},
        }
        for row in one.rows
    ]
    slow = dataclasses.replace(one, rows=rows)
    draw([one, slow], "", str(tmp_path / "x.png"))
    for panel in figures[0].axes:
        assert panel.get_xlim()[0] == 0
        assert panel.get_xlim()[1] > max(bar.get_width() for bar in panel.patches)
        assert len(panel.patches) == len(one.rows)
