#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""multiprocessing by fork, while another thread of the parent steps. Usage: fork_test.py LIBRARY"""

import multiprocessing
import os
import signal
import sys
import threading

from context_binding import make_context, skip_without_threads, step, threads_of
from enumerate_and_step import Binding

CHILDREN = 40
CALLER_ARENA = 1


def work(binding, context, wanted):
    signal.alarm(20)  # a hang becomes a failure
    assert list(step(binding, context)) == wanted, "other params by the inherited context"
    own = make_context(binding)
    assert list(step(binding, own)) == wanted, "other params by a context of the child's"
    binding.library.gradstep_context_destroy(own)
    binding.library.gradstep_context_destroy(context)


def check_children(binding, flags):
    context = make_context(binding, flags=flags)
    wanted = list(step(binding, context))
    is_over = threading.Event()

    def keep_stepping():
        while not is_over.is_set():
            step(binding, context)

    busy = threading.Thread(target=keep_stepping)
    busy.start()
    fork = multiprocessing.get_context("fork")
    try:
        for number in range(CHILDREN):
            child = fork.Process(target=work, args=(binding, context, wanted))
            child.start()
            child.join()
            assert child.exitcode == 0, f"child {number}: exit code {child.exitcode}"
    finally:
        is_over.set()
        busy.join()
    binding.library.gradstep_context_destroy(context)


def check_first_use_in_a_child(binding):
    """The parent has loaded the library and made no threads. Its children make threads."""
    serial = make_context(binding, thread_count=1)
    wanted = list(step(binding, serial))

    def first_use():
        signal.alarm(20)
        context = make_context(binding)
        assert threads_of(binding, context) == min(4, len(os.sched_getaffinity(0)))
        assert list(step(binding, context)) == wanted

    child = multiprocessing.get_context("fork").Process(target=first_use)
    child.start()
    child.join()
    assert child.exitcode == 0, f"exit code {child.exitcode}"


def main():
    binding = Binding(sys.argv[1])
    skip_without_threads(binding)
    check_first_use_in_a_child(binding)
    check_children(binding, 0)
    check_children(binding, CALLER_ARENA)


if __name__ == "__main__":
    main()
