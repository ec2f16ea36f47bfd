#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host may ask for any number of threads on any number of CPUs. The library prints nothing, a
context says how many threads it can have, and no more threads start.

Usage: quiet_test.py LIBRARY"""

import os
import subprocess
import sys

from context_binding import make_context, skip_without_threads, step, threads_of
from enumerate_and_step import Binding

CPUS = sorted(os.sched_getaffinity(0))
PINNED = 2  # GRADSTEP_CONTEXT_PIN_THREADS


def child(library, *thread_counts):
    """Steps with one context per count, all alive at once; reports by the exit status alone."""
    binding = Binding(library)
    contexts = []
    for wanted in map(int, thread_counts):
        for flags in (0, PINNED):
            context = make_context(binding, wanted, flags)
            limit = int(os.environ.get("GRADSTEP_THREADS", 0)) if wanted == 0 else wanted
            most = min(limit or 1024, len(CPUS))
            if not 1 <= threads_of(binding, context) <= most:
                sys.exit(3)
            contexts.append(context)
            for step_number in (1, 2, 3):
                step(binding, context, step_number)
    if len(os.listdir("/proc/self/task")) > len(CPUS):
        sys.exit(4)
    for context in contexts:
        binding.library.gradstep_context_destroy(context)


def run(cpus, thread_counts, threads_variable=None):
    environment = dict(os.environ)
    environment.pop("TBB_VERSION", None)
    environment.pop("GRADSTEP_THREADS", None)
    if threads_variable is not None:
        environment["GRADSTEP_THREADS"] = threads_variable
    result = subprocess.run(
        [sys.executable, __file__, sys.argv[1], *map(str, thread_counts)], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    case = f"thread counts {thread_counts}, GRADSTEP_THREADS={threads_variable}, CPUs {cpus}"
    assert result.returncode == 0, f"{case}: exit status {result.returncode}: {result.stdout}"
    assert result.stdout == b"", f"{case}: it printed {result.stdout}"


def main():
    if len(sys.argv) > 2:
        return child(*sys.argv[1:])
    skip_without_threads(Binding(sys.argv[1]))
    for cpus in (set(CPUS), set(CPUS[:1])):
        for thread_counts in ([0], [2], [64], [1024], [1, 2, 3, 64, 1024], [64, 2, 0]):
            run(cpus, thread_counts)
        for threads_variable in ("1", "2", "64", "1024"):
            run(cpus, [0], threads_variable)


if __name__ == "__main__":
    main()
