# SPDX-License-Identifier: Apache-2.0
"""The machine's bandwidth of memory: half of the bytes are read and half are written."""

from __future__ import annotations

from typing import Any

import numpy as np

from .results import estimate
from .turns import MemoryLimit, take_turns

_ROUNDS = 9
_LEAST_BYTES = 1 << 28


def array_bytes(caches: list[dict[str, Any]], logical_cpus: int) -> int:
    """Of an array that is four times as large as the largest caches of all CPUs together."""
    totals = [cache["bytes"] * (logical_cpus // cache["shared_by"]) for cache in caches]
    return max([_LEAST_BYTES, *(4 * total for total in totals)])


def measure_bandwidth(nbytes: int, threads: list[int]) -> list[dict[str, Any]]:
    """Entries of the result file, one for each number of threads, with an array of `nbytes`."""
    limit = MemoryLimit(nbytes, np.negative)
    entries = []
    for count in threads:
        limit.set_threads(count)
        try:
            (times,) = take_turns(
                [limit.run],
                seconds=0.0,
                min_rounds=_ROUNDS,
                max_rounds=_ROUNDS,
                sample=0.0,
                before_step=None,
            )
        finally:
            limit.close()
        speed = estimate([limit.nbytes / 1e9 / each for each in times])
        entries.append({"level": "memory", "threads": count, "gb_per_second": speed})
    return entries
