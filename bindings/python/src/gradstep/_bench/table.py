# SPDX-License-Identifier: Apache-2.0
"""The results as a text that a stranger can read."""

from __future__ import annotations

from itertools import groupby

from .results import Estimate, Result

Rows = list[tuple[str, ...]]
_HEAD = ("threads", "contender", "time", "95 % interval", "GB/s", "of limit", "time / gradstep's")
_LEFT = (1, 3)  # columns that are not numbers

BUSY = 0.1  # CPUs

HOW_TO_READ = """\
time               of one step: the median over rounds; in a round every contender has its turn
95 % interval      where the median of many more rounds would be expected
GB/s               the least bytes that the step has to read and write, by the time
memory limit       how long this machine takes to move as many bytes. It is measured in the same
                   rounds: one array is added to another, both together as large as the step's
                   arrays, by as many threads
of limit           the memory limit by the time; 100 % is as fast as memory allows
time / gradstep's  the median of the ratios of times of the same round; above 1, gradstep is faster
"""


def time_text(seconds: float) -> str:
    """With three digits: "12.3 ms"."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if abs(seconds) * factor >= 1.0:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds * 1e6)} us"


def bytes_text(count: int) -> str:
    """With three digits: "70.1 MB"."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB")):
        if count >= factor:
            return f"{_digits(count / factor)} {unit}"
    return f"{_digits(count / 1e3)} kB"


def _digits(number: float) -> str:
    return f"{number:.{max(0, 3 - len(str(int(abs(number)))))}f}"


def threads_text(count: int) -> str:
    """ "1 thread", "2 threads"."""
    return "1 thread" if count == 1 else f"{count} threads"


def interval_text(found: Estimate) -> str:
    """The interval of a time in seconds."""
    return f"{time_text(found['low'])} to {time_text(found['high'])}"


def _scaled(found: Estimate, factor: float) -> Estimate:
    return {name: value * factor for name, value in found.items()}


def _speed_text(result: Result, ns_per_element: float) -> str:
    return f"{result.case.minimum / ns_per_element:.1f}"


def _rows(result: Result) -> Rows:
    threads, seconds = str(result.threads), result.case.elements / 1e9  # of one ns an element
    rows: Rows = []
    for row in result.rows:
        time = row["ns_per_element"]
        ratio = row["ratios"]["gradstep"]["median"] if "ratios" in row else 1.0
        rows.append(
            (
                threads,
                row["contender"],
                time_text(time["median"] * seconds),
                interval_text(_scaled(time, seconds)),
                _speed_text(result, time["median"]),
                f"{row['percent_of_limit']['median']:.0f} %" if "limit" in row else "",
                f"{ratio:.2f}",
            )
        )
    if "limit" not in result.rows[0]:
        return rows
    limit = result.rows[0]["limit"]["bytes_ns"]
    time = time_text(limit * seconds)
    return [*rows, (threads, "memory limit", time, "", _speed_text(result, limit), "", "")]


def _aligned(rows: Rows) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def case_text(results: list[Result]) -> str:
    """The results of one case, one for each number of threads."""
    case = results[0].case
    lines = [f"{case.key}: {case.title}"]
    lines += case.note.splitlines()
    lines.append(
        f"The step reads and writes at least {case.minimum} bytes per element: "
        f"{bytes_text(case.minimum_bytes)}."
    )
    rows: Rows = [_HEAD]
    for result in results:
        rows += _rows(result)
    lines += ["", *_aligned(rows)]
    for result in results:
        lines += _overhead(result)
    for result in results:
        lines += _warning(result)
    rounds = " and ".join(str(result.rows[0]["rounds"]) for result in results)
    lines.append(f"Rounds: {rounds}.")
    return "\n".join(lines)


def _overhead(result: Result) -> list[str]:
    found = result.rows[0].get("python_overhead_ns")
    if found is None:
        return []
    seconds = _scaled(found, 1e-9)
    return [
        f"Python takes {time_text(seconds['median'])} ({interval_text(seconds)}) of gradstep's "
        f"step with {threads_text(result.threads)}: the step less its native call."
    ]


def _warning(result: Result) -> list[str]:
    others = result.other_cpus
    if others is None or others <= BUSY:
        return []
    return [
        f"NOT TO BE RELIED ON with {threads_text(result.threads)}: other programs kept "
        f"{others:.1f} CPUs busy meanwhile.",
        "That delays torch most, whose threads wait for each other after each tensor.",
    ]


def report_text(heading: str, results: list[Result], left_out: list[dict[str, str]]) -> str:
    """All of a report."""
    parts = [heading, HOW_TO_READ.rstrip()]
    cases = groupby(results, lambda result: result.case.key)
    parts += [case_text(list(group)) for _, group in cases]
    parts += [f"{entry['case']} was left out: {entry['reason']}" for entry in left_out]
    return "\n\n".join(parts)
