# SPDX-License-Identifier: Apache-2.0
"""The report as text: the block that has its results, and what its table must show for each row."""

import decimal
import html.parser
import json
import math
import re

BLOCK = re.compile(r'(<script type="application/json" id="results">)(.*?)(</script>)', re.S)


class ResultsOf(html.parser.HTMLParser):
    """The text of the block of results, as a browser reads it."""

    def __init__(self, page):
        super().__init__()
        self.is_inside, self.text = False, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.is_inside = ("id", "results") in attrs

    def handle_endtag(self, tag):
        self.is_inside = False

    def handle_data(self, data):
        self.text += data if self.is_inside else ""


def results_in(page):
    return json.loads(ResultsOf(page).text)


def without_results(page):
    return BLOCK.sub("", page)


def with_results(page, results):
    """The same page with other results."""
    text = json.dumps(results, ensure_ascii=False).replace("<", "\\u003c")
    return BLOCK.sub(lambda match: match[1] + text + match[3], page)


def shows(text, number):
    """Whether the text is the number, rounded to at least three digits."""
    shown = decimal.Decimal(text)
    exponent = shown.as_tuple().exponent
    digits = len(shown.as_tuple().digits) + (exponent if exponent > 0 else 0)
    half = decimal.Decimal(1).scaleb(min(exponent, 0)) / 2
    is_exact = shown == decimal.Decimal(number)
    return abs(shown - decimal.Decimal(number)) <= half * decimal.Decimal("1.0000001") and (
        digits >= 3 or is_exact
    )


def is_rounded(text, number):
    """Whether the text is the number, rounded to three digits or to a whole number."""
    return math.isclose(float(text), number, rel_tol=0.00501)


def texts_of(row):
    """What columns of text must have."""
    return {
        "Rule": row["rule"],
        "Variant": row.get("variant", ""),
        "Layout": row["layout"],
        "ISA": row.get("isa", ""),
        "Program": row["contender"],
        "Binds": row.get("limit", {}).get("binds", ""),
        "Verdict": row["verdict"],
        "Level": row.get("limit", {}).get("level", ""),
        "Placement": row.get("placement", ""),
        "Name": row["name"],
        "Threads": str(row["threads"]),
        "Elements": str(row["elements"]),
        "Tensors": str(row["tensors"]),
    }


def numbers_of(row):
    """What columns of numbers must have; None: nothing."""
    limit, percent, time = (
        row.get("limit", {}),
        row.get("percent_of_limit", {}),
        row["ns_per_element"]["median"],
    )
    size = row.get("bytes_per_element")
    return {
        "ns an element": time,
        "% of the limit": percent.get("median"),
        "Bytes' time": limit.get("bytes_ns"),
        "Arithmetic's time": limit.get("arithmetic_ns"),
        "Bytes an element": size,
        "GB/s": None if size is None else size / time,
    }


def shows_visits(text, visits):
    texts = text.split(" ")
    return len(texts) == len(visits) and all(
        shows(t, v["ns_per_element"]) for t, v in zip(texts, visits, strict=False)
    )


def shows_interval(text, estimate):
    low, high = text.split(" to ")
    return shows(low, estimate["low"]) and shows(high, estimate["high"])


def shows_claim(cells, claim):
    """Whether a row of the table of claims is that claim."""
    text, required, measured, verdict = cells
    words, limit = required.rsplit(" ", 1)
    figures = re.findall(r"[\d.]+", measured)
    estimate = [claim["figure"][key] for key in ("median", "low", "high")]
    return (
        text == claim["text"]
        and verdict == claim["verdict"]
        and math.isclose(float(limit), claim["limit"], rel_tol=0.005)
        and words == ("at least" if claim["is_minimum"] else "at most")
        and all(map(shows, figures, estimate))
    )


def letters(text):
    """By what the table sorts texts, of ASCII."""
    return re.sub("[^a-z0-9]", "", text.lower())


def solid(text):
    """Without spaces, at which lines may break."""
    return "".join(text.split())
