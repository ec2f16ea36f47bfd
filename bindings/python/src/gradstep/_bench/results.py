# SPDX-License-Identifier: Apache-2.0
"""The figures of the benchmark, computed from times: rows as the result file has them. The table
and the plot show nothing else."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

from .cases import Case
from .native_step import NATIVE_CALL

GRADSTEP = "gradstep"
WIDEST_INTERVAL = 0.1  # of the median
Estimate = dict[str, float]
Row = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """What was measured of a case with a number of threads.

    program
        What calls gradstep, "torch" or "numpy".
    isa
        The instruction set that gradstep used.
    times
        Of each contender, gradstep first: the seconds of one step in each round.
    limit_times
        The seconds that `limit_bytes` took in each round. Empty: not measured.
    other_cpus
        CPUs that were taken meanwhile by other programs and by the host. None: not known."""

    case: Case
    program: str
    isa: str
    threads: int
    times: dict[str, list[float]]
    limit_times: list[float]
    limit_bytes: int
    other_cpus: float | None


@dataclass(frozen=True)
class Result:
    """The rows of a case with a number of threads, gradstep's first. `other_cpus` as in
    `Measured`."""

    case: Case
    threads: int
    rows: list[Row]
    other_cpus: float | None


def estimate(values: list[float]) -> Estimate:
    """The median, and its 95 % confidence interval by order statistics."""
    ordered = sorted(values)
    count = len(ordered)
    spread = 0.98 * math.sqrt(count)  # of the median's rank
    low = max(math.floor(count / 2 - spread), 0)
    high = min(math.ceil(count / 2 + spread), count - 1)
    return {"median": statistics.median(ordered), "low": ordered[low], "high": ordered[high]}


def is_wide(found: Estimate) -> bool:
    """Whether an interval is too wide for a judgement."""
    return not found["high"] - found["low"] <= WIDEST_INTERVAL * found["median"]


def _ratios(above: list[float], below: list[float]) -> list[float]:
    """Of times of the same rounds."""
    return [one / other for one, other in zip(above, below, strict=True)]


def row_name(measured: Measured) -> str:
    """The same for all contenders."""
    case, copy = measured.case, measured.case.dtypes.get("copy")
    parts = [
        measured.program,
        f"{case.rule}+{case.variant}" if case.variant else case.rule,
        f"{case.dtypes['param']}+{copy}copy" if copy else case.dtypes["param"],
        case.layout,
        f"threads:{measured.threads}",
        f"isa:{measured.isa}",
    ]
    return "/".join(parts)


def _limit(measured: Measured, times: list[float]) -> Row:
    """What a row has of the limit."""
    share = measured.case.minimum_bytes / measured.limit_bytes
    limit = [each * share for each in measured.limit_times]
    ns_per_element = statistics.median(limit) * 1e9 / measured.case.elements
    return {
        "limit": {"bytes_ns": ns_per_element, "binds": "bytes"},
        "percent_of_limit": estimate([100 * each for each in _ratios(limit, times)]),
        "over_bytes": statistics.median(_ratios(times, limit)),
    }


def _row(measured: Measured, contender: str) -> Row:
    case, times = measured.case, measured.times[contender]
    time = estimate([each * 1e9 / case.elements for each in times])
    row: Row = {
        "name": row_name(measured),
        "contender": contender,
        "rule": case.rule,
        "variant": case.variant,
        "dtypes": case.dtypes,
        "layout": case.layout,
        "elements": case.elements,
        "tensors": len(case.shapes),
        "threads": measured.threads,
        "placement": "free",
        "bytes_per_element": case.minimum,
        "ns_per_element": time,
        "visits": [{"ns_per_element": time["median"]}],
        "rounds": len(times),
    }
    intervals = [time]
    if measured.limit_times:
        limit = _limit(measured, times)
        row["visits"][0]["over_bytes"] = limit.pop("over_bytes")
        row.update(limit)
        intervals.append(limit["percent_of_limit"])
    row["verdict"] = "too busy" if all(map(is_wide, intervals)) else "ok"
    if contender != GRADSTEP:
        row["ratios"] = {GRADSTEP: estimate(_ratios(times, measured.times[GRADSTEP]))}
    if contender in (GRADSTEP, NATIVE_CALL):
        row["isa"] = measured.isa
    return row


def _python_overhead(measured: Measured) -> Estimate:
    """The nanoseconds of one step less those of its native call."""
    pairs = zip(measured.times[GRADSTEP], measured.times[NATIVE_CALL], strict=True)
    return estimate([(step - native) * 1e9 for step, native in pairs])


def result_of(measured: Measured) -> Result:
    """The rows."""
    rows = [_row(measured, contender) for contender in measured.times]
    if NATIVE_CALL in measured.times:
        rows[0]["python_overhead_ns"] = _python_overhead(measured)
    return Result(measured.case, measured.threads, rows, measured.other_cpus)
