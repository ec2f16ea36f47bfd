# SPDX-License-Identifier: Apache-2.0
"""The figures of the benchmark, computed from times. They are plain dicts and lists, as the JSON
file has them; the table and the plot show nothing else."""

from __future__ import annotations

import statistics
from typing import Any

from .cases import Case
from .native_step import NATIVE_CALL
from .turns import Contender


def spread(values: list[float]) -> dict[str, float]:
    """The median and the quartiles."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "median": statistics.median(ordered),
        "low": ordered[last // 4],
        "high": ordered[last - last // 4],
    }


def result_of(
    case: Case,
    threads: int,
    contenders: list[Contender],
    times: list[list[float]],
    limit_times: list[float],
    limit_bytes: int,
) -> dict[str, Any]:
    """What was measured of a case with a number of threads. `limit_times` are those of passes that
    move `limit_bytes`."""
    limit = spread([each * case.minimum_bytes / limit_bytes for each in limit_times])
    made: dict[str, Any] = {
        "case": case.key,
        "title": case.title,
        "note": case.note,
        "threads": threads,
        "tensors": len(case.shapes),
        "elements": case.elements,
        "minimum_bytes_per_element": case.minimum,
        "minimum_bytes": case.minimum_bytes,
        "rounds": len(limit_times),
        "limit": {
            "seconds": limit,
            "bytes_per_second": case.minimum_bytes / limit["median"],
        },
        "contenders": [
            {
                "name": contender.name,
                "is_gradstep": contender.is_gradstep,
                "seconds": spread(own),
                "bytes_per_second": case.minimum_bytes / statistics.median(own),
                "share_of_limit": limit["median"] / statistics.median(own),
                "time_by_gradsteps": spread(
                    [mine / first for mine, first in zip(own, times[0], strict=True)]
                ),
            }
            for contender, own in zip(contenders, times, strict=True)
        ],
    }
    names = [contender.name for contender in contenders]
    if case.is_overhead and NATIVE_CALL in names:
        native = times[names.index(NATIVE_CALL)]
        made["python_overhead_seconds"] = spread(
            [step - bare for step, bare in zip(times[0], native, strict=True)]
        )
    return made
