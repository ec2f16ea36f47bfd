#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A result whose texts attack the page: hostile_result.py RESULT.json OUT.json

Every text that the schema leaves open begins with what would end a script, a string or a line."""

import json
import pathlib
import sys

HOSTILE = (
    "</script><img src=x onerror=alert(1)><!--<script>/* gradstep:style */ & \" ' ` ${1} \\ "
    "| **a** [b](javascript:alert(2)) \u2028"
)
NOT_OPEN = {"schema", "mode", "date", "smt", "kind", "level", "placement", "binds", "verdict"}


def hostile(value, key=""):
    """A copy. The library's own name stays, by which the page knows the library's rows."""
    if isinstance(value, dict):
        return {name: hostile(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, key) for part in value]
    is_open = isinstance(value, str) and key not in NOT_OPEN and value not in ("", "gradstep")
    return HOSTILE + value if is_open else value


if __name__ == "__main__":
    result = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(json.dumps(hostile(result)), encoding="utf-8")
