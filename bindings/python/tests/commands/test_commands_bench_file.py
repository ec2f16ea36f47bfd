# SPDX-License-Identifier: Apache-2.0
"""The result file of ``python -m gradstep bench``."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench_run import Run, case_of
from result_schema import check_result


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


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["run", "mode"], "slow"),
        (["run", "date"], "today"),
        (["run", "visits"], 0),
        (["machine", "cores", "smt"], None),
        (["machine", "bandwidth", 0, "gb_per_second", "low"], 0),
        (["noise", "wide_rows"], 0.5),
        (["rows", 0, "elements"], True),
        (["rows", 0, "visits"], []),
        (["rows", 0, "visits", 0], {"over_bytes": 1.0}),
        (["rows", 0, "limit"], {"bytes_ns": 1.0}),
        (["rows", 0, "ratios"], {"gradstep": 1.0}),
    ],
)
def test_the_check_of_files_finds_a_wrong_value(
    quick: Run, path: list[str | int], value: Any
) -> None:
    report: Any = json.loads(json.dumps(quick.report))
    *parents, last = path
    place = report
    for name in parents:
        place = place[name]
    place[last] = value
    with pytest.raises(AssertionError, match=rf"result\.{path[0]}"):
        check_result(report)


def test_rows_of_one_name_are_of_one_step(quick: Run) -> None:
    same = ("rule", "variant", "dtypes", "layout", "elements", "tensors", "threads", "rounds")
    for rows in quick.groups.values():
        for row in rows:
            assert [row[name] for name in same] == [rows[0][name] for name in same]
            assert row.get("limit") == rows[0].get("limit")


def test_rows_say_what_the_native_programs_rows_say(quick: Run) -> None:
    shown = {
        (row["rule"], row["variant"], row["layout"], row["elements"], row["tensors"])
        for row in quick.report["rows"]
    }
    assert ("adamw", "", "1M", 1 << 20, 1) in shown
    assert ("adamw", "complete", "16-of-128K", 1 << 21, 16) in shown
    assert ("adafactor", "", "1024x1024", 1 << 20, 1) in shown
    for row in quick.report["rows"]:
        copy = {"copy": "bfloat16"} if row["variant"] == "complete" else {}
        assert row["dtypes"] == {"param": "float32", "grad": "float32", "slots": "float32", **copy}


def test_figures_are_positive_and_consistent(quick: Run) -> None:
    for row in quick.report["rows"]:
        case = case_of(row)
        assert row["rounds"] >= 6
        assert row["elements"] == case.elements
        assert row["bytes_per_element"] == case.minimum
        (visit,) = row["visits"]
        assert visit["ns_per_element"] == row["ns_per_element"]["median"]
        assert ("limit" in row) == (not case.is_overhead)
        if "limit" in row:
            # Medians of the ratios' reciprocals are reciprocal if the rounds are odd in number.
            percent = row["percent_of_limit"]
            least, most = 100 / percent["high"], 100 / percent["low"]
            assert least <= visit["over_bytes"] * (1 + 1e-9)
            assert visit["over_bytes"] <= most * (1 + 1e-9)
        is_gradsteps = row["contender"] == "gradstep"
        assert ("ratios" in row) == (not is_gradsteps)
    assert all(math.isfinite(number) for number in numbers(quick.report))


def test_noise_counts_the_rows_that_are_too_busy(quick: Run) -> None:
    noise, rows = quick.report["noise"], quick.report["rows"]
    busy = sum(row["verdict"] == "too busy" for row in rows)
    assert noise["wide_rows"] == busy
    assert noise["verdict"] == ("too busy" if busy > len(rows) / 4 else "quiet")
    assert noise["other_cpus"] is None or noise["other_cpus"] >= 0


def test_bandwidth_is_that_of_memory(quick: Run) -> None:
    machine = quick.report["machine"]
    wanted = list(dict.fromkeys([1, machine["cores"]["usable"]]))
    assert [each["threads"] for each in machine["bandwidth"]] == wanted
    assert {each["level"] for each in machine["bandwidth"]} == {"memory"}


def test_the_file_has_no_path_user_or_host(quick: Run) -> None:
    text = json.dumps(quick.report)
    for word in (str(Path.home()), str(Path.cwd()), platform.node()):
        assert word in ("", "/") or word not in text
    assert "/sys" not in text


def test_a_file_that_is_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text("old", encoding="utf-8")
    Run(tmp_path, "--quick", "--case", "rmsprop", "--threads", "1", without=["torch"])
