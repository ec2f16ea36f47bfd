#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library counts all CPUs of a process in which OpenMP binds each thread to one CPU.
Usage: openmp_test.py OPENMP_HOST"""

import os
import subprocess
import sys


def counts(bound, cpus, *arguments):
    environment = {**os.environ, "OMP_PROC_BIND": bound}
    for name in ("GRADSTEP_THREADS", "OMP_NUM_THREADS", "OMP_PLACES", "GOMP_CPU_AFFINITY"):
        environment.pop(name, None)
    result = subprocess.run([sys.argv[1], *arguments], env=environment, capture_output=True,
                            check=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    assert result.stderr == b"", f"it printed {result.stderr}"
    return set(map(int, result.stdout.split()))


def main():
    all_cpus = os.sched_getaffinity(0)
    for cpus in (all_cpus, {min(all_cpus)}):
        wanted = counts("false", cpus)
        assert len(wanted) == 1, f"unbound, the counts differ: {wanted}"
        for bound in ("true", "close", "spread"):
            for arguments in ((), ("late",)):  # a context before the first region, or none
                got = counts(bound, cpus, *arguments)
                assert got == wanted, f"OMP_PROC_BIND={bound}, {arguments}: {got}, not {wanted}"
    assert counts("true", {min(all_cpus)}) == {1}


if __name__ == "__main__":
    main()
