# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep bench``."""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._bench.cases import Case, make_cases
from .._bench.results import result_of
from .._bench.table import report_text
from .._bench.turns import Built, Disagreement, MemoryLimit, take_turns
from .._context import shared_context
from ._failure import CommandError
from ._machine import OtherPrograms, available_memory, imported, needed
from .info import describe

NAME = "bench"
HELP = "compare the speed of steps with torch.optim's on this machine"
DESCRIPTION = """Times steps of gradstep and of the installed torch in one process, in turns, and
prints a table. Beside each time stands the least that this machine's memory allows. Without torch
it times gradstep's steps of numpy arrays. A run takes about 3 minutes and 9 GB of memory; with
--quick, half a minute and 0.3 GB."""

_FULL = {"seconds": 10.0, "min_rounds": 5, "max_rounds": 15, "sample": 0.05}
_QUICK = {"seconds": 0.5, "min_rounds": 3, "max_rounds": 5, "sample": 0.005}


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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the times; needs matplotlib"
    )


def _progress(cases: list[Case]) -> Iterable[Case]:
    """The cases, with a bar on a terminal if tqdm is installed, else with a line for each."""
    tqdm = imported("tqdm")
    if tqdm is not None and sys.stderr.isatty():
        bar = tqdm.tqdm(cases, unit="case", leave=False)
        for case in bar:
            bar.set_description(case.key)
            yield case
        return
    for number, case in enumerate(cases, 1):
        print(f"[{number}/{len(cases)}] {case.title}", file=sys.stderr)
        yield case


def _measure(case: Case, built: Built, threads: list[int], effort: dict[str, Any]) -> list[Any]:
    """One result for each number of threads."""
    results = []
    limit = MemoryLimit((case.held + 4) * case.elements)
    built.set_threads(threads[0])
    if built.before_step:
        built.before_step()
    for contender in built.contenders:
        contender.step()
    if built.check:
        built.check()
    for count in threads:
        built.set_threads(count)
        limit.set_threads(count)
        steps = [*(contender.step for contender in built.contenders), limit.run]
        others = OtherPrograms()
        try:
            times = take_turns(steps, before_step=built.before_step, **effort)
        finally:
            limit.close()
        cpus = others.cpus()
        limit_bytes = limit.bytes_per_pass * limit.passes
        result = result_of(case, count, built.contenders, times[:-1], times[-1], limit_bytes)
        results.append({**result, "cpus_of_others": cpus})
    return results


@contextmanager
def _threads_of_torch_kept(torch: Any | None) -> Iterator[None]:
    before = torch.get_num_threads() if torch else 0
    try:
        yield
    finally:
        if torch:
            torch.set_num_threads(before)


def measure_all(cases: list[Case], threads: list[int], quick: bool) -> dict[str, Any]:
    """The report: see `results`."""
    torch = imported("torch")
    if torch is None:
        print(
            "PyTorch is not installed: these are gradstep's own times, for numpy arrays.",
            file=sys.stderr,
        )
        from .._bench.numpy_side import build
    else:
        from .._bench.torch_side import build
    report: dict[str, Any] = {
        "machine": describe(),
        "torch_took_part": torch is not None,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "load_before": os.getloadavg()[0],
        "quick": quick,
        "is_in_agreement": True,
        "results": [],
        "left_out": [],
    }
    with _threads_of_torch_kept(torch):
        for case in _progress(cases):
            free = available_memory()
            if free is not None and free < case.memory:
                reason = (
                    f"it takes about {case.memory / 1e9:.1f} GB of memory, and "
                    f"{free / 1e9:.1f} GB are free"
                )
                report["left_out"].append({"case": case.key, "reason": reason})
                continue
            built = build(case)
            try:
                report["results"] += _measure(case, built, threads, _QUICK if quick else _FULL)
            except Disagreement as error:
                report["left_out"].append({"case": case.key, "reason": str(error)})
                report["is_in_agreement"] = False
            del built
            gc.collect()  # optimizers and their engines refer to each other
    return report


def _check_target(path: Path | None) -> None:
    """Raises CommandError if a file cannot be written, before anything is measured."""
    if path is not None and not path.absolute().parent.is_dir():
        raise CommandError(f"{path} cannot be written: {path.absolute().parent} is no folder")


def run(options: argparse.Namespace) -> None:
    """Prints the table, and writes the files that are asked for."""
    _check_target(options.json)
    _check_target(options.plot)
    if options.plot:
        needed("matplotlib", "--plot")
    all_threads = shared_context().info.thread_count
    threads = list(dict.fromkeys(options.threads or [1, all_threads]))
    for count in threads:
        used = shared_context(count).info.thread_count
        if used != count:
            raise CommandError(f"--threads is {count}; here gradstep can use {used}")
    cases = [
        case for case in make_cases(options.quick) if not options.case or case.key in options.case
    ]
    report = measure_all(cases, threads, options.quick)
    print(report_text(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.plot and report["results"]:
        from .._bench.plot import draw

        draw(report, str(options.plot))
    if not report["is_in_agreement"]:
        raise CommandError("gradstep and torch have different results; see what was left out")
