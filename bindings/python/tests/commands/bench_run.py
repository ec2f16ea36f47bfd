# SPDX-License-Identifier: Apache-2.0
"""Runs ``python -m gradstep bench`` and reads its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from command_line import run_gradstep
from result_schema import check_result

from gradstep._bench.cases import Case, make_cases
from gradstep._bench.results import Result

CASES = {case.key: case for case in make_cases(quick=True)}
Rows = list[dict[str, Any]]


def case_of(row: dict[str, Any]) -> Case:
    """The case that has a row."""
    found = [
        case
        for case in CASES.values()
        if (case.rule, case.layout, case.variant) == (row["rule"], row["layout"], row["variant"])
    ]
    assert len(found) == 1
    return found[0]


class Run:
    """The output of one run. `groups` are the rows of one case and number of threads."""

    def __init__(self, folder: Path, *arguments: str, **keywords: Any) -> None:
        path = folder / "bench.json"
        result = run_gradstep("bench", "--json", str(path), *arguments, **keywords)
        self.table, self.progress = result.stdout, result.stderr
        assert list(folder.glob("*.part")) == []
        self.report = json.loads(path.read_text(encoding="utf-8"))
        check_result(self.report)
        self.groups: dict[str, Rows] = {}
        for row in self.report["rows"]:
            self.groups.setdefault(row["name"], []).append(row)
        self.results = [
            Result(case_of(rows[0]), rows[0]["threads"], rows, None)
            for rows in self.groups.values()
        ]
