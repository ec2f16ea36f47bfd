# SPDX-License-Identifier: Apache-2.0
"""Measures the cases of ``python -m gradstep bench`` one after the other."""

from __future__ import annotations

import datetime
import gc
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .._bench.bandwidth import array_bytes, measure_bandwidth
from .._bench.cases import Case
from .._bench.result_file import Report
from .._bench.results import Measured, Result, result_of
from .._bench.turns import Built, Disagreement, MemoryLimit, take_turns
from .._context import isa_names, shared_context
from .._library import version
from ._machine import OtherPrograms, available_memory, imported
from ._machine_facts import machine_facts

# Fewer than 6 rounds have no 95 % interval.
_STANDARD = {"seconds": 10.0, "min_rounds": 6, "max_rounds": 15, "sample": 0.05}
_QUICK = {"seconds": 0.5, "min_rounds": 6, "max_rounds": 9, "sample": 0.005}


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


def _check_agreement(built: Built) -> None:
    """Makes the first step of every contender, and raises Disagreement if they differ."""
    if built.before_step:
        built.before_step()
    for contender in built.contenders:
        contender.step()
    if built.check:
        built.check()


def _measure(
    case: Case, built: Built, program: str, threads: list[int], effort: dict[str, Any]
) -> list[Result]:
    """One result for each number of threads."""
    results = []
    built.set_threads(threads[0])
    _check_agreement(built)
    names = [contender.name for contender in built.contenders]
    limit = MemoryLimit(case.limit_bytes)
    steps = [*(contender.step for contender in built.contenders), limit.run]
    for count in threads:
        built.set_threads(count)
        limit.set_threads(count)
        others = OtherPrograms()
        try:
            times = take_turns(steps, before_step=built.before_step, **effort)
        finally:
            limit.close()
        cpus = others.cpus()
        measured = Measured(
            case=case,
            program=program,
            isa=shared_context(count).info.isa,
            threads=count,
            times=dict(zip(names, times[:-1], strict=True)),
            limit_times=[] if case.is_overhead else times[-1],
            limit_bytes=limit.nbytes,
            other_cpus=sum(cpus) if cpus else None,
        )
        results.append(result_of(measured))
    return results


@contextmanager
def _threads_of_torch_kept(torch: Any | None) -> Iterator[None]:
    before = torch.get_num_threads() if torch else 0
    try:
        yield
    finally:
        if torch:
            torch.set_num_threads(before)


def _software(torch: Any | None) -> dict[str, Any]:
    """As the result file has it. The library does not say what compiled it."""
    found = {
        "gradstep": version(),
        "compiler": "unknown",
        "isas": isa_names(available=True),
    }
    return {**found, "pytorch": str(torch.__version__)} if torch else found


def _bandwidth(machine: dict[str, Any], threads: list[int]) -> list[dict[str, Any]]:
    """None, if there is too little memory to measure it."""
    nbytes = array_bytes(machine["caches"], machine["cores"]["logical"])
    free = available_memory()
    return measure_bandwidth(nbytes, threads) if free is None or free >= 2 * nbytes else []


def _too_little_memory(case: Case) -> str | None:
    """A sentence, if the case does not fit."""
    free = available_memory()
    if free is None or free >= case.memory:
        return None
    return f"it takes about {case.memory / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free"


def _measure_cases(
    report: Report, cases: list[Case], threads: list[int], torch: Any | None, quick: bool
) -> None:
    """Adds the results."""
    if torch is None:
        from .._bench.numpy_side import build
    else:
        from .._bench.torch_side import build
    program = "torch" if torch else "numpy"
    for case in _progress(cases):
        if reason := _too_little_memory(case):
            report.left_out.append({"case": case.key, "reason": reason})
            continue
        built = build(case)
        try:
            report.results += _measure(
                case, built, program, threads, _QUICK if quick else _STANDARD
            )
        except Disagreement as error:
            report.left_out.append({"case": case.key, "reason": str(error)})
            report.is_in_agreement = False
        del built
        gc.collect()  # optimizers and their engines refer to each other


def measure_all(cases: list[Case], threads: list[int], quick: bool, mode: str) -> Report:
    """Measures the cases, and the machine's bandwidth."""
    torch = imported("torch")
    if torch is None:
        print(
            "PyTorch is not installed: these are gradstep's own times, for numpy arrays.",
            file=sys.stderr,
        )
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    report = Report(mode, today, machine_facts(), _software(torch))
    begin, others = time.monotonic(), OtherPrograms()
    with _threads_of_torch_kept(torch):
        _measure_cases(report, cases, threads, torch, quick)
    report.machine["bandwidth"] = _bandwidth(report.machine, threads)
    report.seconds = time.monotonic() - begin
    if cpus := others.cpus():
        report.other_cpus, report.stolen_cpus = cpus
    return report
