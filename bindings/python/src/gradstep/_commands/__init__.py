# SPDX-License-Identifier: Apache-2.0
"""The commands of ``python -m gradstep``: a module each, with NAME, HELP, DESCRIPTION,
add_arguments(parser) and run(options)."""

from __future__ import annotations

from . import bench, convert, info
from ._failure import CommandError

COMMANDS = (info, bench, convert)

__all__ = ["COMMANDS", "CommandError"]
