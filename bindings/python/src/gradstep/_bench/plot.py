# SPDX-License-Identifier: Apache-2.0
"""The results as a picture: a row of panels for each case, a column for each number of threads, a
bar for each contender, and a line where memory sets the limit."""

from __future__ import annotations

from typing import Any

from .table import threads_text

_COLOURS = {True: "#2a6f97", False: "#b8b8b8"}


def draw(report: dict[str, Any], path: str) -> None:
    """Writes a picture, in the format that the path's suffix names. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cases: dict[str, list[dict[str, Any]]] = {}
    for result in report["results"]:
        cases.setdefault(result["case"], []).append(result)
    columns = max(map(len, cases.values()))
    bars = [len(results[0]["contenders"]) for results in cases.values()]
    figure = Figure(figsize=(5 * columns + 1, sum(bars) * 0.3 + len(bars)), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(
        len(cases),
        columns,
        squeeze=False,
        sharex="row",
        height_ratios=[count + 1 for count in bars],
    )
    for panels, results in zip(rows, cases.values(), strict=True):
        for column, (panel, result) in enumerate(zip(panels, results, strict=True)):
            _draw_panel(panel, result, is_first=column == 0)
        panels[0].set_xlim(left=0)  # after all bars of the row are there
    machine = report["machine"]
    figure.suptitle(
        f"Milliseconds of one step\n{machine['cpu']}, {machine['isa']}; dashed: the memory limit",
        fontsize=9,
    )
    figure.savefig(path, dpi=120)


def _draw_panel(panel: Any, result: dict[str, Any], is_first: bool) -> None:
    contenders = result["contenders"]
    medians = [each["seconds"]["median"] * 1e3 for each in contenders]
    errors = [
        [
            abs(each["seconds"][bound] * 1e3 - median)
            for each, median in zip(contenders, medians, strict=True)
        ]
        for bound in ("low", "high")
    ]
    rows = range(len(contenders))
    panel.barh(
        rows,
        medians,
        xerr=errors,
        capsize=2,
        ecolor="#444444",
        color=[_COLOURS[each["is_gradstep"]] for each in contenders],
    )
    panel.axvline(
        result["limit"]["seconds"]["median"] * 1e3, color="#c1121f", linestyle="--", linewidth=1
    )
    panel.set_yticks(rows, [each["name"] for each in contenders] if is_first else [], fontsize=7)
    panel.invert_yaxis()
    panel.tick_params(axis="x", labelsize=7)
    threads = threads_text(result["threads"])
    panel.set_title(f"{result['title']}, {threads}", fontsize=7, loc="left")
    panel.spines[["top", "right"]].set_visible(False)
