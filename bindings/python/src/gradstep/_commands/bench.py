# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep bench``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .._bench.cases import make_cases
from .._bench.result_file import Report, write
from .._bench.table import report_text, threads_text
from .._context import shared_context
from ._failure import CommandError
from ._machine import needed
from ._measuring import measure_all

NAME = "bench"
HELP = "compare the speed of steps with torch.optim's on this machine"
DESCRIPTION = """Times steps of gradstep and of the installed torch in one process, in turns, and
prints a table. Beside each time stands the least that this machine's memory allows. Without torch
it times gradstep's steps of numpy arrays. A run takes about 4 minutes and 9 GB of memory; with
--quick, half a minute and 0.5 GB."""


def _positive(given: str) -> int:
    number = int(given)
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError(f"{given} is not from 1 to 1024")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    names = [case.key for case in make_cases(quick=True)]
    parser.add_argument("--quick", action="store_true", help="smaller arrays and fewer rounds")
    parser.add_argument(
        "--case",
        action="append",
        choices=names,
        metavar="NAME",
        help="measure this case only; may be given several times: " + ", ".join(names),
    )
    parser.add_argument(
        "--threads",
        action="append",
        type=_positive,
        metavar="N",
        help="how many threads both sides use; may be given several times "
        "(default: 1, and as many as there are CPUs)",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write a result file, which gradstep-bench report and compare read",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the times; needs matplotlib"
    )


def _check_target(path: Path | None) -> None:
    """Raises CommandError if a file cannot be written, before anything is measured."""
    if path is not None and not path.absolute().parent.is_dir():
        raise CommandError(f"{path} cannot be written: {path.absolute().parent} is no folder")


def _heading(report: Report) -> str:
    info = shared_context().info
    torch = report.software.get("pytorch")
    return (
        f"gradstep {report.software['gradstep']} and {f'torch {torch}' if torch else 'no torch'} "
        f"on {report.machine['cpu']['model']}, {info.isa}, {threads_text(info.thread_count)}"
    )


def _chosen_threads(options: argparse.Namespace) -> list[int]:
    all_threads = shared_context().info.thread_count
    threads = list(dict.fromkeys(options.threads or [1, all_threads]))
    for count in threads:
        used = shared_context(count).info.thread_count
        if used != count:
            raise CommandError(f"--threads is {count}; here gradstep can use {used}")
    return threads


def run(options: argparse.Namespace) -> None:
    """Prints the table, and writes the files that are asked for."""
    _check_target(options.json)
    _check_target(options.plot)
    if options.plot:
        needed("matplotlib", "--plot")
    threads = _chosen_threads(options)
    cases = [
        case for case in make_cases(options.quick) if not options.case or case.key in options.case
    ]
    is_selected = bool(options.case or options.threads)
    mode = "selected" if is_selected else "quick" if options.quick else "standard"
    report = measure_all(cases, threads, options.quick, mode)
    print(report_text(_heading(report), report.results, report.left_out))
    if options.json:
        write(report, options.json)
    if options.plot and report.results:
        from .._bench.plot import draw

        draw(report.results, _heading(report), str(options.plot))
    if not report.is_in_agreement:
        raise CommandError("gradstep and torch have different results; see what was left out")
