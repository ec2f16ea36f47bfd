# SPDX-License-Identifier: Apache-2.0
"""The result file: what `gradstep-bench report` and `gradstep-bench compare` read. Its schema is
bench/tool/result.schema.json; what is not in there, other readers ignore."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .results import Result, Row

_BUSY_SHARE = 0.25  # of the rows


@dataclass
class Report:
    """What a run has found.

    mode
        "quick", "standard", or "selected".
    date
        The day in UTC, "2026-01-31".
    machine, software
        As in the result file.
    other_cpus, stolen_cpus
        CPUs that other programs and the host have used meanwhile. None: not known.
    left_out
        Cases that were not measured: "case" and "reason".
    is_in_agreement
        Whether gradstep and torch had the same results in all cases."""

    mode: str
    date: str
    machine: dict[str, Any]
    software: dict[str, Any]
    seconds: float = 0.0
    other_cpus: float | None = None
    stolen_cpus: float | None = None
    results: list[Result] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    is_in_agreement: bool = True


def _noise(report: Report, rows: list[Row]) -> dict[str, Any]:
    wide = sum(row["verdict"] != "ok" for row in rows)
    return {
        "verdict": "too busy" if wide > _BUSY_SHARE * len(rows) else "quiet",
        "other_cpus": report.other_cpus,
        "stolen_cpus": report.stolen_cpus,
        "wide_rows": wide,
    }


def contents(report: Report) -> dict[str, Any]:
    """The file's."""
    rows = [row for result in report.results for row in result.rows]
    return {
        "schema": "gradstep-bench-result",
        "schema_version": 1,
        "program": {"name": "python -m gradstep bench", "version": report.software["gradstep"]},
        "run": {
            "mode": report.mode,
            "date": report.date,
            "seconds": report.seconds,
            "visits": 1,
        },
        "machine": report.machine,
        "software": report.software,
        "noise": _noise(report, rows),
        "rows": rows,
        "left_out": report.left_out,
        "is_in_agreement": report.is_in_agreement,
    }


def write(report: Report, path: Path) -> None:
    """Writes the file as a whole or not at all."""
    text = json.dumps(contents(report), indent=2, allow_nan=False) + "\n"
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
