# SPDX-License-Identifier: Apache-2.0
"""The series that each chart of the report must show, by none of the page's code.

A series is a set of points, as page_points has them."""

from page_points import NOT_NAMED
from page_rows import (
    at_shared_size,
    has_limit,
    isa_rows,
    of_result,
    peer_cases,
    split,
    usual_dtypes,
)

MOST_FORMS = 40


def sizes(rows, rule):
    flat = [r for r in rows if r.is_plain and r.is_one_array and not r.is_matrix and r.rule == rule]
    threads = {i: {r.threads for r in of_result(flat, i)} for i in {r.index for r in flat}}
    ends = [r for r in flat if r.threads in (min(threads[r.index]), max(threads[r.index]))]
    groups = split(ends, lambda r: (r.index, r.dtypes, r.threads, r.placement))
    return [
        {r.point(x=r.elements, y=r.ns["median"], low=r.ns["low"], high=r.ns["high"]) for r in group}
        for group in groups
        if len({r.elements for r in group}) > 1
    ]


def bandwidth_scaling(results, index):
    speeds = {
        b["threads"]: b["gb_per_second"]["median"]
        for b in results[index]["machine"]["bandwidth"]
        if b["level"] == "memory"
    }
    if 1 not in speeds or len(speeds) < 2:
        return []
    return [
        {
            (index, None, None, threads, speed / speeds[1], None, None, None, None)
            for threads, speed in speeds.items()
        }
    ]


def scaling(rows, results, rule):
    groups = split(
        [r for r in rows if r.is_plain and r.rule == rule],
        lambda r: (r.index, r.dtypes, r.layout, r.placement),
    )
    series, shown = [], set()
    for group in groups:
        first = group[0]
        one = [
            r
            for r in of_result(rows, first.index)
            if r.is_plain
            and r.threads == 1
            and (r.rule, r.dtypes, r.layout) == (rule, first.dtypes, first.layout)
        ]
        if one and max(r.threads for r in group) > 1:
            time = one[0].ns["median"]
            series.append({r.point(x=r.threads, y=time / r.ns["median"]) for r in group})
            shown.add(group[0].index)
    return series + [s for index in sorted(shown) for s in bandwidth_scaling(results, index)]


def roofline(rows):
    known = [
        r for r in rows if r.is_ours and r.is_best and r.limit.get("arithmetic_ns") and r.percent
    ]
    series = []
    for group in split(known, lambda r: (r.index, r.limit["binds"])):
        points = set()
        for r in group:
            x = r.limit["arithmetic_ns"] / r.limit["bytes_ns"]
            low, y, high = (r.percent[key] / max(1, x) for key in ("low", "median", "high"))
            points.add(r.point(x=x, y=y, low=low, high=high))
        series.append(points)
    return series


def bars(chosen, is_alone):
    series = split(chosen, lambda r: r.limit.get("binds") if is_alone else r.index)
    return [{bar(r) for r in group} for group in series]


def bar(r):
    limits = {"bytes": r.limit.get("bytes_ns"), "arithmetic": r.limit.get("arithmetic_ns")}
    return r.point(x=r.ns["median"], y=NOT_NAMED, low=r.ns["low"], high=r.ns["high"], **limits)


def rules(rows, results):
    chosen = []
    for i in range(len(results)):
        here = of_result(rows, i)
        chosen += at_shared_size([r for r in here if r.is_plain and r.dtypes == usual_dtypes(here)])
    return bars(chosen, len(results) == 1) if len({r.rule for r in chosen}) > 1 else []


def forms(rows, results):
    chosen = []
    for i in range(len(results)):
        chosen += at_shared_size([r for r in of_result(rows, i) if r.rule == "adamw"])[:MOST_FORMS]
    return (
        bars(chosen, len(results) == 1) if len({(r.dtypes, r.variant) for r in chosen}) > 1 else []
    )


def isas(rows, index, dtypes):
    chosen = [r for r in isa_rows(rows, index) if r.dtypes == dtypes]
    return [{bar(r) for r in group} for group in split(chosen, lambda r: r.row["isa"])]


def peers(rows, index):
    chosen = []
    for case in filter(has_limit, peer_cases(rows, index)):
        ours, others = case
        chosen += [*([ours] if ours else []), *others]
    return [
        {r.point(x=r.ns["median"], y=NOT_NAMED, low=r.ns["low"], high=r.ns["high"]) for r in group}
        for group in split(chosen, lambda r: r.row["contender"])
    ]
