# SPDX-License-Identifier: Apache-2.0
"""The rows of results, and which of them a chart of the report must have."""

import json
import math

NUMBERS = ("x", "y", "low", "high", "bytes", "arithmetic")


class Row:
    """A row that knows its result."""

    def __init__(self, index, result, row):
        self.index, self.result, self.row = index, result, row
        ours = {r.get("isa") for r in result["rows"] if r["contender"] == "gradstep"}
        best = [isa for isa in result["software"]["isas"] if isa in ours][-1:]
        self.rule, self.variant, self.layout = row["rule"], row.get("variant", ""), row["layout"]
        self.dtypes = json.dumps(row.get("dtypes"), sort_keys=True)
        self.placement, self.threads, self.elements = (
            row.get("placement", ""),
            row["threads"],
            row["elements"],
        )
        self.is_ours = row["contender"] == "gradstep"
        self.is_best = not row.get("isa") or not best or row["isa"] == best[0]
        self.is_one_array = row["tensors"] == 1
        self.is_matrix = (
            self.is_one_array and self.layout.replace("x", "", 1).isdigit() and "x" in self.layout
        )
        self.is_plain = self.is_ours and self.is_best and not self.variant
        self.ns = row["ns_per_element"]
        self.limit = row.get("limit") or {}
        self.percent = row.get("percent_of_limit")

    def point(self, **numbers):
        name = (self.index, self.row["contender"], self.row["name"])
        return name + tuple(numbers.get(number) for number in NUMBERS)


def rows_of(results):
    return [Row(i, result, row) for i, result in enumerate(results) for row in result["rows"]]


def split(rows, key):
    groups = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def usual_dtypes(rows):
    flat = [r.dtypes for r in rows if r.is_plain and r.is_one_array and not r.is_matrix]
    return max(dict.fromkeys(flat), key=flat.count, default=None)


def of_result(rows, index):
    return [r for r in rows if r.index == index]


def at_shared_size(rows):
    """Of one result: each rule, variant and dtypes with the most threads, at the largest size of
    one array that has at least half as many of them as any size has."""
    ours = [r for r in rows if r.is_ours and r.is_best and r.is_one_array]
    kinds = {}
    for r in ours:
        kinds.setdefault(r.elements, set()).add((r.rule, r.variant, r.dtypes))
    most = max(map(len, kinds.values()), default=0)
    size = max((elements for elements, found in kinds.items() if 2 * len(found) >= most), default=0)
    top = [r for r in ours if r.elements == size]
    groups = split(top, lambda r: (r.rule, r.variant, r.dtypes))
    return [min(group, key=lambda r: (-r.threads, r.is_matrix)) for group in groups]


def isa_rows(rows, index):
    """In the largest cache, one thread: the steps that several instruction sets did."""
    here = of_result(rows, index)
    cache = max((c["bytes"] for c in here[0].result["machine"]["caches"]), default=0) if here else 0
    inside = [
        r
        for r in here
        if r.is_ours
        and not r.variant
        and r.row.get("isa")
        and r.threads == 1
        and r.is_one_array
        and r.row.get("bytes_per_element", math.inf) * r.elements <= cache
    ]
    compared = [
        group
        for group in split(inside, lambda r: (r.rule, r.dtypes, r.layout, r.placement))
        if len({r.row["isa"] for r in group}) > 1
    ]
    together = [r for group in compared for r in group]
    places = [(r.layout, r.placement) for r in together]
    place = max(dict.fromkeys(places), key=places.count, default=None)
    return [r for r in together if (r.layout, r.placement) == place]


def peer_cases(rows, index):
    """Of one result, for each step that other programs did: (ours or None, theirs)."""
    cases = []
    for group in split(
        of_result(rows, index), lambda r: (r.rule, r.variant, r.dtypes, r.layout, r.threads)
    ):
        ours = [r for r in group if r.is_ours and r.is_best]
        others = [r for r in group if not r.is_ours]
        if others:
            cases.append((ours[0] if ours else None, others))
    return cases


def has_limit(case):
    ours, others = case
    return any(r.limit for r in [*others, *([ours] if ours else [])])


def times_as_long(ours, other):
    """In the same rounds, where the row says so."""
    quotient = other.ns["median"] / ours.ns["median"]
    return other.row.get("ratios", {}).get("gradstep", {}).get("median", quotient)
