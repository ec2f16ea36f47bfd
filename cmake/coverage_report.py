#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how many lines and branches of lib/ have run, per room and in total, from the output of
`llvm-cov show --show-branches=count --show-instantiations=false`. Fails below the goals.

Usage: coverage_report.py LISTING NOT_RUN

NOT_RUN becomes a file with every line and branch that has not run.

A branch is one outcome, true or false, of a condition in the source. A condition has run if one of
its instantiations has: of its template's, or of the objects for each instruction set. Conditions that
the compiler knows (if constexpr) have no branches. Nothing else is left out.
"""
import pathlib
import re
import sys

LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
LINE_GOAL, BRANCH_GOAL = 95, 85  # percent

FILE = re.compile(r"(/.*):")
LINE = re.compile(r" *(\d+)\| *(\S+)?\|")
BRANCH = re.compile(r"(?: *\|)+ *Branch \((\d+):(\d+)\): \[True: (\S+), False: (\S+)\]")


class Counts:
    """Lines, and outcomes of conditions, each with whether it has run."""

    def __init__(self):
        self.lines, self.branches = {}, {}

    def see(self, runs, key, has_run):
        runs[key] = runs.get(key, False) or has_run


def read_listing(path):
    """The counts of each file of lib/."""
    files, counts = {}, None
    for text in path.open(encoding="utf-8", errors="replace"):
        if match := FILE.fullmatch(text.rstrip("\n")):
            file = pathlib.Path(match[1]).relative_to(LIB)
            counts = files.setdefault(file, Counts())
        elif match := LINE.match(text):
            if match[2]:
                counts.see(counts.lines, int(match[1]), match[2] != "0")
        elif match := BRANCH.match(text):
            place = int(match[1]), int(match[2])
            counts.see(counts.branches, (*place, "true"), match[3] != "0")
            counts.see(counts.branches, (*place, "false"), match[4] != "0")
    return files


def write_what_has_not_run(files, path):
    with path.open("w", encoding="utf-8") as output:
        for file, counts in sorted(files.items()):
            for line in sorted(line for line, has_run in counts.lines.items() if not has_run):
                output.write(f"lib/{file}:{line}: has not run\n")
            for line, column, outcome in sorted(b for b, ran in counts.branches.items() if not ran):
                output.write(f"lib/{file}:{line}:{column}: was never {outcome}\n")


def percent(runs):
    return 100 * sum(runs.values()) / len(runs) if runs else 100.0


def row(name, lines, branches):
    return (f"{name:18}{sum(lines.values()):6} of {len(lines):5}{percent(lines):8.2f} %"
            f"{sum(branches.values()):8} of {len(branches):5}{percent(branches):8.2f} %")


def merged(files, which):
    """The lines or branches of several files."""
    return {(file, key): ran for file, counts in files.items()
            for key, ran in getattr(counts, which).items()}


def main():
    files = read_listing(pathlib.Path(sys.argv[1]))
    write_what_has_not_run(files, pathlib.Path(sys.argv[2]))
    print(f"{'room':18}{'lines':>24}{'branches':>26}")
    for room in sorted({file.parent for file in files}):
        inside = {file: counts for file, counts in files.items() if file.parent == room}
        print(row(str(room), merged(inside, "lines"), merged(inside, "branches")))
    lines, branches = merged(files, "lines"), merged(files, "branches")
    print(row("lib", lines, branches))
    print(f"{len(files)} files; what has not run is in {sys.argv[2]}")
    if not lines or percent(lines) < LINE_GOAL or percent(branches) < BRANCH_GOAL:
        sys.exit(f"the goals are {LINE_GOAL} % of lines and {BRANCH_GOAL} % of branches")


if __name__ == "__main__":
    main()
