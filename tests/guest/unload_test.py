#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads the library, steps on several threads, destroys everything and unloads, many times over.
Usage: unload_test.py LIBRARY"""

import _ctypes
import os
import sys

from context_binding import make_context, skip_without_threads, step, threads_of
from enumerate_and_step import Binding

NO_WORKERS = 77  # the exit status that says the machine has one CPU


def main():
    skip_without_threads(Binding(sys.argv[1]))
    most_threads = 0
    for _ in range(100):
        binding = Binding(sys.argv[1])
        context = make_context(binding)
        threads = threads_of(binding, context)
        step(binding, context)
        most_threads = max(most_threads, len(os.listdir("/proc/self/task")))
        binding.library.gradstep_context_destroy(context)
        _ctypes.dlclose(binding.library._handle)
        if threads == 1:
            sys.exit(NO_WORKERS)
    assert 1 < most_threads <= threads, f"{most_threads} threads"


if __name__ == "__main__":
    main()
