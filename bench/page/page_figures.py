# SPDX-License-Identifier: Apache-2.0
"""The sections, charts and choices that the report must have, by none of the page's code."""

from page_rows import isa_rows, peer_cases, rows_of, usual_dtypes
from page_series import forms, isas, peers, roofline, rules, scaling, sizes


def default_rule(rows, series_of):
    """The rule that a chart shows first, and all that it can show."""
    names = list(dict.fromkeys(r.rule for r in rows))
    names.sort(key=lambda name: name != "adamw")
    return [name for name in names if series_of(name)]


def selects(results):
    """For each select the charts that each option gives: {id: [{chart: series}, ...]}."""
    rows, found = rows_of(results), {}
    for chart, series_of in (
        ("sizes", lambda rule: sizes(rows, rule)),
        ("scaling", lambda rule: scaling(rows, results, rule)),
    ):
        options = default_rule(rows, series_of)
        found[f"rule-of-{chart}"] = [{f"chart-{chart}": series_of(rule)} for rule in options]
    every = [i for i in range(len(results)) if isa_rows(rows, i)]
    compared = [r for i in every for r in isa_rows(rows, i)]
    options = list(dict.fromkeys(r.dtypes for r in compared))
    found["dtypes-of-isas"] = [
        {f"chart-isas-{i}": isas(rows, i, dtypes) for i in every} for dtypes in options
    ]
    return found


def charts(results):
    """{id: series} of the page as it is first shown."""
    rows = rows_of(results)
    found = {
        "chart-roofline": roofline(rows),
        "chart-forms": forms(rows, results),
        "chart-rules": rules(rows, results),
    }
    options = selects(results)
    for select in ("rule-of-sizes", "rule-of-scaling"):
        found |= options[select][0] if options[select] else {}
    compared = [r for i in range(len(results)) for r in isa_rows(rows, i)]
    usual = usual_dtypes(compared) or next((r.dtypes for r in compared), None)
    for i in range(len(results)):
        found[f"chart-isas-{i}"] = isas(rows, i, usual)
        found[f"chart-peers-{i}"] = peers(rows, i)
    return {chart: series for chart, series in found.items() if series}


def sections(results):
    """The ids of the sections, in their order."""
    shown = {chart.split("-")[1] for chart in charts(results)}
    order = (
        "machines",
        "sizes",
        "roofline",
        "forms",
        "scaling",
        "isas",
        "rules",
        "peers",
        "claims",
        "rows",
    )
    rows = rows_of(results)
    if any(peer_cases(rows, i) for i in range(len(results))):
        shown.add("peers")
    if any(result.get("claims") for result in results):
        shown.add("claims")
    return [name for name in order if name in shown | {"machines", "rows"}]
