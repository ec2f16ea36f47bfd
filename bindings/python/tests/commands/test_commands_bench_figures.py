# SPDX-License-Identifier: Apache-2.0
"""The figures of ``python -m gradstep bench``, computed from given times."""

from __future__ import annotations

import pytest
from bench_run import CASES

from gradstep._bench.bandwidth import array_bytes
from gradstep._bench.cases import Case
from gradstep._bench.result_file import Report, contents
from gradstep._bench.results import Measured, estimate, is_wide, result_of


@pytest.mark.parametrize(
    # Of n times 0, 1, 2 and so on: the ranks within which the median is with 95 %.
    ("count", "median", "low", "high"),
    [(1, 0, 0, 0), (6, 2.5, 0, 5), (9, 4, 1, 8), (15, 7, 3, 12), (100, 49.5, 40, 60)],
)
def test_an_estimate_is_the_median_and_its_interval(
    count: int, median: float, low: float, high: float
) -> None:
    times = [float(number) for number in range(count)]
    assert estimate(times[::-1]) == {"median": median, "low": low, "high": high}


def test_an_estimate_is_wide_above_a_tenth_of_the_median() -> None:
    assert not is_wide({"median": 2.0, "low": 1.95, "high": 2.1})
    assert is_wide({"median": 2.0, "low": 1.9, "high": 2.15})


def test_the_array_for_the_bandwidth_is_larger_than_all_caches() -> None:
    mib = 1 << 20
    last = {"level": 3, "kind": "unified", "bytes": 32 * mib, "shared_by": 16}
    assert array_bytes([last], 128) == 4 * 8 * 32 * mib
    assert array_bytes([last], 16) == array_bytes([], 1) == 256 * mib


def measured(case: Case, times: dict[str, list[float]], limit: list[float]) -> Measured:
    return Measured(case, "torch", "avx2", 2, times, limit, 1000, None)


def test_ratios_are_of_times_of_the_same_round() -> None:
    case = CASES["complete"]
    times = {"gradstep": [1.0, 2.0, 4.0], "torch fused": [3.0, 4.0, 20.0]}
    found = result_of(measured(case, times, [0.5, 0.5, 0.6]))
    ours, theirs = found.rows
    assert "ratios" not in ours
    assert theirs["ratios"] == {"gradstep": {"median": 3.0, "low": 2.0, "high": 5.0}}
    nanoseconds = 1e9 / case.elements
    assert ours["ns_per_element"]["median"] == pytest.approx(2 * nanoseconds)
    share = case.minimum_bytes / 1000
    assert theirs["limit"]["bytes_ns"] == pytest.approx(0.5 * share * nanoseconds)
    assert theirs["percent_of_limit"]["median"] == pytest.approx(12.5 * share)
    assert theirs["percent_of_limit"]["low"] == pytest.approx(3 * share)
    (visit,) = theirs["visits"]
    assert visit["over_bytes"] == pytest.approx(8 / share)
    assert ours["name"] == theirs["name"]
    assert ours["name"] == "torch/adamw+complete/float32+bfloat16copy/16-of-128K/threads:2/isa:avx2"


def test_python_takes_the_step_less_the_native_call() -> None:
    times = {"gradstep": [2.0, 3.0, 9.0], "gradstep native call": [1.0, 1.5, 2.0]}
    found = result_of(measured(CASES["overhead"], times, []))
    assert found.rows[0]["python_overhead_ns"] == {"median": 1.5e9, "low": 1e9, "high": 7e9}
    assert "limit" not in found.rows[0]
    assert found.rows[0]["verdict"] == "too busy"


@pytest.mark.parametrize(
    ("times", "limit", "verdict"),
    [
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], "ok"),
        ([1.0, 1.5, 2.0], [1.0, 1.5, 2.0], "ok"),  # memory was slower as well
        ([1.0, 1.0, 1.0], [1.0, 1.5, 2.0], "ok"),
        ([1.0, 1.5, 2.0], [1.0, 1.0, 1.0], "too busy"),
    ],
)
def test_a_row_is_too_busy_if_both_intervals_are_wide(
    times: list[float], limit: list[float], verdict: str
) -> None:
    found = result_of(measured(CASES["one-tensor"], {"gradstep": times}, limit))
    assert found.rows[0]["verdict"] == verdict


@pytest.mark.parametrize(("busy", "verdict"), [(1, "quiet"), (2, "too busy")])
def test_a_run_is_too_busy_if_more_than_a_quarter_of_its_rows_are(busy: int, verdict: str) -> None:
    case = CASES["overhead"]
    runs = [[1.0, 2.0]] * busy + [[1.0, 1.0]] * (4 - busy)
    results = [result_of(measured(case, {"gradstep": times}, [])) for times in runs]
    report = Report("selected", "2026-01-31", {}, {"gradstep": "1.2.3"}, results=results)
    noise = contents(report)["noise"]
    assert (noise["verdict"], noise["wide_rows"]) == (verdict, busy)
