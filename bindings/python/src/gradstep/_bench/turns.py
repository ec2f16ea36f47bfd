# SPDX-License-Identifier: Apache-2.0
"""Times of several contenders, which take turns, so that a change of the machine's speed meets all
of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

# Threads of the contender before have gone to sleep by then.
PAUSE = 0.005


@dataclass(frozen=True)
class Contender:
    """A name, and one step."""

    name: str
    step: Callable[[], Any]


@dataclass(frozen=True)
class Built:
    """The contenders of a case, with their arrays. gradstep's step is the first of them.

    set_threads
        How many threads the following steps use.
    before_step
        What has to be done before each step, outside of the time that is taken.
    check
        Raises Disagreement unless all contenders have the same params after their first step."""

    contenders: list[Contender]
    set_threads: Callable[[int], None]
    before_step: Callable[[], None] | None = None
    check: Callable[[], None] | None = None


class Disagreement(RuntimeError):
    """Contenders that should do the same have different results."""


class MemoryLimit:
    """What the machine can do for arrays of `nbytes` in all with a number of threads, without
    arithmetic that takes time: adds one array to another in place, or with `np.negative` negates
    one, so that half of the bytes are read and half are written."""

    def __init__(self, nbytes: int, operation: np.ufunc = np.add) -> None:
        count = nbytes // (4 * operation.nin)
        self._operation = operation
        self._arrays = [np.full(count, 1.0, np.float32) for _ in range(operation.nin)]
        self.bytes_per_pass = 4 * count * (operation.nin + 1)
        # One pass over small arrays is shorter than handing it to threads takes.
        self.passes = max(1, math.ceil(MIN_LIMIT_TRAFFIC / self.bytes_per_pass))
        self._pool: ThreadPoolExecutor | None = None
        self._parts: list[tuple[Any, ...]] = []

    @property
    def nbytes(self) -> int:
        """Bytes that `run` reads and writes."""
        return self.bytes_per_pass * self.passes

    def set_threads(self, count: int) -> None:
        """How many threads share a pass."""
        self.close()
        self._parts = list(zip(*(_split(array, count) for array in self._arrays), strict=True))
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def _move(self, part: tuple[Any, ...]) -> None:
        for _ in range(self.passes):
            self._operation(*part, out=part[0])

    def run(self) -> None:
        """Makes `passes` passes."""
        if self._pool is None:
            self._move(self._parts[0])
        else:
            list(self._pool.map(self._move, self._parts))

    def close(self) -> None:
        """Ends the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


MIN_LIMIT_TRAFFIC = 100_000_000


def _split(array: Any, count: int) -> list[Any]:
    bounds = [len(array) * part // count for part in range(count + 1)]
    return [array[first:last] for first, last in pairwise(bounds)]


def _seconds(step: Callable[[], Any], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - begin) / calls


def take_turns(
    steps: list[Callable[[], Any]],
    *,
    seconds: float,
    min_rounds: int,
    max_rounds: int,
    sample: float,
    before_step: Callable[[], None] | None,
) -> list[list[float]]:
    """The times of each step, one for each round. In every round each step has its turn; every
    other round goes backwards.

    A turn of a short step is repeated for about `sample` seconds, after one call that is not timed;
    its time is the mean. With `before_step`, a turn is one call."""

    def turn(step: Callable[[], Any], calls: int) -> float:
        if before_step is not None:
            before_step()
        time.sleep(PAUSE)
        if calls > 1:
            step()
        return _seconds(step, calls)

    calls = []
    for step in steps:
        turn(step, 1)  # allocates, and starts threads
        once = turn(step, 1)
        repeated = 1 if before_step is not None else math.ceil(sample / max(once, 1e-6))
        calls.append(min(max(repeated, 1), 10_000))
    times: list[list[float]] = [[] for _ in steps]
    end = time.monotonic() + seconds
    while len(times[0]) < min_rounds or (len(times[0]) < max_rounds and time.monotonic() < end):
        order = range(len(steps))
        for index in order if len(times[0]) % 2 == 0 else reversed(order):
            times[index].append(turn(steps[index], calls[index]))
    return times
