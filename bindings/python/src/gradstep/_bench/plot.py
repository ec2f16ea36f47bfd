# SPDX-License-Identifier: Apache-2.0
"""The results as a picture: a row of panels for each case, a column for each number of threads, a
bar for each contender, and a line where memory sets the limit."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from .results import GRADSTEP, Result
from .table import threads_text

_COLOURS = {True: "#2a6f97", False: "#b8b8b8"}


def draw(results: list[Result], heading: str, path: str) -> None:
    """Writes a picture, in the format that the path's suffix names. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cases = [list(group) for _, group in groupby(results, lambda result: result.case.key)]
    columns = max(map(len, cases))
    bars = [len(case[0].rows) for case in cases]
    figure = Figure(figsize=(5 * columns + 1, sum(bars) * 0.3 + len(bars)), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(
        len(cases),
        columns,
        squeeze=False,
        sharex="row",
        height_ratios=[count + 1 for count in bars],
    )
    for panels, case in zip(rows, cases, strict=True):
        for column, (panel, result) in enumerate(zip(panels, case, strict=True)):
            _draw_panel(panel, result, is_first=column == 0)
        panels[0].set_xlim(left=0)  # after all bars of the row are there
    figure.suptitle(
        f"Milliseconds of one step\n{heading}; dashed: the memory limit",
        fontsize=9,
    )
    figure.savefig(path, dpi=120)


def _draw_panel(panel: Any, result: Result, is_first: bool) -> None:
    milliseconds = result.case.elements / 1e6  # of one ns an element
    times = [row["ns_per_element"] for row in result.rows]
    contenders = [row["contender"] for row in result.rows]
    medians = [time["median"] * milliseconds for time in times]
    errors = [
        [abs(time[bound] - time["median"]) * milliseconds for time in times]
        for bound in ("low", "high")
    ]
    places = range(len(contenders))
    panel.barh(
        places,
        medians,
        xerr=errors,
        capsize=2,
        ecolor="#444444",
        color=[_COLOURS[contender.startswith(GRADSTEP)] for contender in contenders],
    )
    if "limit" in result.rows[0]:
        limit = result.rows[0]["limit"]["bytes_ns"] * milliseconds
        panel.axvline(limit, color="#c1121f", linestyle="--", linewidth=1)
    panel.set_yticks(places, contenders if is_first else [], fontsize=7)
    panel.invert_yaxis()
    panel.tick_params(axis="x", labelsize=7)
    threads = threads_text(result.threads)
    panel.set_title(f"{result.case.title}, {threads}", fontsize=7, loc="left")
    panel.spines[["top", "right"]].set_visible(False)
