# SPDX-License-Identifier: Apache-2.0
"""Points of charts, and when two are the same.

A point is (result, contender, name of the row, numbers); the numbers are those of NUMBERS in their
order, None where the point has none."""

import math

from page_rows import NUMBERS

NOT_NAMED = object()


def point_of(raw):
    """A point of a dataset of Chart.js."""
    return (
        raw["result"],
        raw.get("contender"),
        raw.get("name"),
        *tuple(raw.get(n) for n in NUMBERS),
    )


def is_close(a, b):
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-12)
    if NOT_NAMED in (a, b):
        return isinstance(a, str) or isinstance(b, str)
    return a == b


def place_of(point):
    return repr(point[:3]), point[3]


def same_points(expected, shown):
    pairs = zip(sorted(expected, key=place_of), sorted(shown, key=place_of), strict=False)
    return len(expected) == len(shown) and all(all(map(is_close, a, b)) for a, b in pairs)
