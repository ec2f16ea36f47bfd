# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep``: what this installation is, how fast it is here, and conversions of
files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ._commands import COMMANDS, CommandError
from ._library import version


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gradstep",
        description="The optimizer's update in machine learning at memory speed.",
    )
    parser.add_argument("--version", action="version", version=f"gradstep {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in COMMANDS:
        added = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and gives its exit status: 0, 1 for a failure, 2 for wrong arguments, 130
    for Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except CommandError as error:
        print(f"gradstep {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the output, such as head, has enough
        sys.stderr.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
