# SPDX-License-Identifier: Apache-2.0
"""The results as a text that a stranger can read."""

from __future__ import annotations

from itertools import groupby
from typing import Any

Rows = list[tuple[str, ...]]
_HEAD = ("threads", "contender", "time", "quartiles", "GB/s", "of limit", "time / gradstep's")
_LEFT = (1, 3)  # columns that are not numbers

BUSY = 0.1  # CPUs of other programs

HOW_TO_READ = """\
time               of one step: the median over rounds; in a round every contender has its turn
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


def spread_text(found: dict[str, float]) -> str:
    """The quartiles of a time."""
    return f"{time_text(found['low'])} to {time_text(found['high'])}"


def _rows(result: dict[str, Any]) -> Rows:
    threads = str(result["threads"])
    limit = result["limit"]
    rows = [
        (
            threads,
            each["name"],
            time_text(each["seconds"]["median"]),
            spread_text(each["seconds"]),
            f"{each['bytes_per_second'] / 1e9:.1f}",
            f"{each['share_of_limit'] * 100:.0f} %",
            f"{each['time_by_gradsteps']['median']:.2f}",
        )
        for each in result["contenders"]
    ]
    return [
        *rows,
        (
            threads,
            "memory limit",
            time_text(limit["seconds"]["median"]),
            spread_text(limit["seconds"]),
            f"{limit['bytes_per_second'] / 1e9:.1f}",
            "",
            "",
        ),
    ]


def _aligned(rows: Rows) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def case_text(results: list[dict[str, Any]]) -> str:
    """The results of one case, one for each number of threads."""
    first = results[0]
    lines = [f"{first['case']}: {first['title']}"]
    lines += first["note"].splitlines()
    lines.append(
        f"The step reads and writes at least {first['minimum_bytes_per_element']} bytes per "
        f"element: {bytes_text(first['minimum_bytes'])}."
    )
    rows: Rows = [_HEAD]
    for result in results:
        rows += _rows(result)
    lines += ["", *_aligned(rows)]
    for result in results:
        found = result.get("python_overhead_seconds")
        if found:
            lines.append(
                f"Python takes {time_text(found['median'])} ({spread_text(found)}) of gradstep's "
                f"step with {threads_text(result['threads'])}: the step less its native call."
            )
    for result in results:
        others = result["cpus_of_others"]
        if others is not None and others > BUSY:
            lines.append(
                f"NOT TO BE RELIED ON with {threads_text(result['threads'])}: other programs kept "
                f"{others:.1f} CPUs busy meanwhile.\nThat delays torch most, whose threads wait "
                "for each other after each tensor."
            )
    rounds = " and ".join(str(result["rounds"]) for result in results)
    lines.append(f"Rounds: {rounds}.")
    return "\n".join(lines)


def report_text(report: dict[str, Any]) -> str:
    """All of a report."""
    machine = report["machine"]
    torch = f"torch {machine['torch']}" if report["torch_took_part"] else "no torch"
    head = (
        f"gradstep {machine['gradstep']} and {torch} on {machine['cpu']}, {machine['isa']}, "
        f"{threads_text(machine['threads'])}"
    )
    parts = [head, HOW_TO_READ.rstrip()]
    parts += [case_text(list(group)) for _, group in groupby(report["results"], _case_of)]
    parts += [f"{entry['case']} was left out: {entry['reason']}" for entry in report["left_out"]]
    return "\n\n".join(parts)


def _case_of(result: dict[str, Any]) -> str:
    return str(result["case"])
