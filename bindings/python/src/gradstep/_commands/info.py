# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep info``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import textwrap
from typing import Any

from .._context import isa_names, shared_context
from .._library import LIBRARY_PATH, library, text, version
from ._machine import cpu_model, version_of

NAME = "info"
HELP = "print versions, the CPU and its instruction sets, rules and schedules"
DESCRIPTION = """Prints what a report of a problem needs: versions, the shared library's path, the
CPU, instruction sets and threads, and the rules and schedules that the library has."""

_VARIABLES = ("GRADSTEP_LIBRARY", "GRADSTEP_ISA", "GRADSTEP_THREADS", "OMP_NUM_THREADS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def describe() -> dict[str, Any]:
    """What the command prints."""
    context = shared_context().info
    return {
        "gradstep": version(),
        "library": str(LIBRARY_PATH),
        "python": platform.python_version(),
        "numpy": version_of("numpy"),
        "torch": version_of("torch"),
        "system": platform.platform(),
        "cpu": cpu_model(),
        "isa": context.isa,
        "isas_available": isa_names(available=True),
        "isas_built": isa_names(),
        "threads": context.thread_count,
        "threading": context.threading,
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "rules": [
            text(library.gradstep_rule_name(index))
            for index in range(library.gradstep_rule_count())
        ],
        "schedules": [
            text(library.gradstep_schedule_name(index))
            for index in range(library.gradstep_schedule_count())
        ],
    }


_LABELS = {
    "isa": "instruction set",
    "isas_available": "of this CPU",
    "isas_built": "of this build",
}


def _shown(value: Any) -> str:
    if value is None:
        return "not installed"
    if isinstance(value, dict):
        return " ".join(f"{name}={entry}" for name, entry in value.items()) or "nothing set"
    return ", ".join(value) if isinstance(value, list) else str(value)


def as_text(found: dict[str, Any]) -> str:
    """One line for each entry, with long lists folded."""
    width = max(len(_LABELS.get(name, name)) for name in found) + 2
    return "\n".join(
        textwrap.fill(
            _shown(value),
            width=88,
            initial_indent=_LABELS.get(name, name).ljust(width),
            subsequent_indent=" " * width,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for name, value in found.items()
    )


def run(options: argparse.Namespace) -> None:
    """Prints to standard output."""
    found = describe()
    print(json.dumps(found, indent=2) if options.json else as_text(found))
