#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report in a browser: what it shows is what the results say.

Usage: page_test.py [--screenshots FOLDER] [-k TEST] PAGE RESULT.json...

PAGE is the report that the program made of these results, in this order. Needs Debian's package
chromium."""

import argparse
import json
import pathlib
import sys
import unittest

from page_case import PageCase
from page_chart_tests import ChartTest  # noqa: F401
from page_look_tests import LookTest  # noqa: F401
from page_row_tests import RowTest  # noqa: F401
from page_table_tests import TableTest  # noqa: F401


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--screenshots", help="a folder for pictures and a PDF")
    parser.add_argument("-k", action="append", default=[], help="only tests whose names have this")
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    PageCase.page = arguments.page.resolve()
    PageCase.results = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.results]
    PageCase.screenshots = arguments.screenshots
    if arguments.screenshots:
        pathlib.Path(arguments.screenshots).mkdir(parents=True, exist_ok=True)
    unittest.main(argv=sys.argv[:1] + [f"-k{name}" for name in arguments.k], verbosity=2)


if __name__ == "__main__":
    main()
