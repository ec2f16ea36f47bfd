# SPDX-License-Identifier: Apache-2.0
"""Many optimizers, many threads, forks and Ctrl-C: nothing leaks, hangs or crashes, and no step is
half made. --slow makes ten times as many optimizers."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
import torch
from torch_support import (
    IS_SLOW,
    OWN,
    PEERS,
    assert_same_bits,
    make_steps,
    ours,
    params_of,
    run_program,
)

from gradstep import _context

COUNT = 100_000 if IS_SLOW else 10_000


def test_optimizers_do_not_leak() -> None:
    """Each is made, stepped and dropped. The memory in use stays what it was after the first."""
    output = run_program(
        """
        import gc, resource, sys, torch
        from torch_support import ours
        names = ["SGD", "AdamW", "LAMB", "Adafactor", "Prodigy"]

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()

        def run(count):
            for number in range(count):
                param = torch.nn.Parameter(torch.ones(3000))
                param.grad = torch.ones(3000)
                options = {"ema": 0.9} if number % 3 == 0 else {"clip_norm": 1.0}
                optimizer = ours(names[number % 5])([param], **options)
                optimizer.step()
            del optimizer
            gc.collect()

        run(500)
        before = resident()
        run(int(sys.argv[1]))
        print(resident() - before)
        """,
        str(COUNT),
        timeout=900,
    )
    # A leak of the param alone would be 12,000 bytes for each.
    assert int(output) < COUNT * 600


@pytest.mark.parametrize("name", PEERS + OWN)
def test_dropped_optimizer_frees_its_tensors(name: str) -> None:
    params = params_of(1)
    optimizer = ours(name)(params, copy_to=torch.bfloat16, zero_grads=True)
    make_steps(optimizer, params, 2)
    seen = [weakref.ref(optimizer), *map(weakref.ref, params)]
    seen += map(weakref.ref, optimizer.copies.values())
    del optimizer, params
    gc.collect()
    assert [reference() for reference in seen] == [None] * len(seen)


def test_steps_do_not_leak() -> None:
    """Gradients that are new in every step, state that is replaced, plans that are made anew."""
    output = run_program("""
        import resource, torch
        from torch_support import ours

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()

        params = [torch.nn.Parameter(torch.ones(2000)) for _ in range(5)]
        optimizer = ours("AdamW")(params)

        def run(count):
            for number in range(count):
                for index, param in enumerate(params):
                    param.grad = None if (number + index) % 4 == 0 else torch.ones(2000)
                if number % 3 == 0:
                    optimizer.state[params[0]].pop("exp_avg", None)
                optimizer.step()

        run(300)
        before = resident()
        run(3000)
        print(resident() - before)
    """)
    assert int(output) < 3000 * 2000


def in_threads(count: int, work: Any) -> None:
    """Runs work(0) ... work(count - 1) at once, and raises what one of them raises."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait(60)
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("contexts", ["own", "one", "the process's"])
def test_eight_threads_step_eight_optimizers(contexts: str) -> None:
    shapes = ((60, 70), (33,))
    shared = _context.Context(2, serial_below=0)
    names = (PEERS + OWN)[:8]
    results: list[Any] = [None] * 8

    def work(number: int) -> None:
        own = _context.Context(2, serial_below=0) if contexts == "own" else None
        context = shared if contexts == "one" else own
        params = params_of(number, shapes=shapes)
        make_steps(ours(names[number])(params, context=context), params, 15)
        results[number] = params

    in_threads(8, work)
    for number in range(8):
        params = params_of(number, shapes=shapes)
        make_steps(ours(names[number])(params), params, 15)
        assert_same_bits(results[number], params)


def test_fork_in_the_middle_of_training() -> None:
    """Parent and child go on, with threads of their own, and with the same bits."""
    run_program("""
        import os, torch
        from torch_support import bits_of, make_steps, ours, params_of
        from gradstep._context import Context

        torch.set_num_threads(1)  # torch's own threads do not survive a fork
        params = params_of(1, shapes=((200, 300), (33,)))
        context = Context(2, serial_below=0)
        optimizer = ours("AdamW")(params, context=context)
        other_params = params_of(2)
        other = ours("LAMB")(other_params)  # with the context of the process
        make_steps(optimizer, params, 3)
        make_steps(other, other_params, 3)
        read, write = os.pipe()
        pid = os.fork()
        make_steps(optimizer, params, 3, first=3)
        make_steps(other, other_params, 3, first=3)
        found = b"".join(bytes(bits_of(each).numpy()[:64]) for each in params + other_params)
        if pid == 0:
            os.write(write, found)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert os.read(read, 10_000) == found
    """)


def test_workers_of_a_data_loader() -> None:
    """They are forked while an optimizer is in use."""
    output = run_program("""
        import torch
        from torch_support import ours

        def main():
            data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.ones(64, 1))
            loader = torch.utils.data.DataLoader(
                data, batch_size=8, num_workers=2, multiprocessing_context="fork"
            )
            model = torch.nn.Linear(4, 1)
            optimizer = ours("AdamW")(model.parameters(), lr=0.1)
            losses = []
            for _ in range(2):
                for inputs, wanted in loader:
                    optimizer.zero_grad()
                    loss = (model(inputs) - wanted).square().mean()
                    loss.backward()
                    optimizer.step()
                    losses.append(float(loss.detach()))
            print(len(losses), losses[-1] < losses[0])

        main()
    """)
    assert output.split() == ["16", "True"]


def test_optimizer_that_a_child_process_gets() -> None:
    """By pickle, as the spawn method sends it."""
    output = run_program("""
        import torch
        from torch_support import make_steps, ours, params_of

        def child(optimizer, queue):
            params = optimizer.param_groups[0]["params"]
            make_steps(optimizer, params, 2, first=2)
            queue.put([float(param.detach().double().sum()) for param in params])

        def main():
            params = params_of(1)
            optimizer = ours("AdamW")(params, clip_norm=1.0)
            make_steps(optimizer, params, 2)
            context = torch.multiprocessing.get_context("fork")
            queue = context.SimpleQueue()
            import pickle
            copied = pickle.loads(pickle.dumps(optimizer))
            process = context.Process(target=child, args=(copied, queue))
            process.start()
            got = queue.get()
            process.join()
            make_steps(optimizer, params, 2, first=2)
            print(got == [float(param.detach().double().sum()) for param in params])

        torch.set_num_threads(1)
        main()
    """)
    assert output.split() == ["True"]


def test_ctrl_c_during_steps() -> None:
    """A step is whole or not made: all params have moved equally often, and as often as their
    states count. Training then goes on."""
    output = run_program(
        """
        import signal, sys, threading, time, torch
        from torch_support import ours

        # A program in the background may have been started with SIGINT ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        params = [torch.nn.Parameter(torch.zeros(40_000)) for _ in range(4)]
        for param in params:
            param.grad = torch.ones(40_000)
        optimizer = ours("SGD")(params, lr=1.0, ema=0.5)
        optimizer.step()  # so that Ctrl-C comes in steps, and not while their plan is made
        interrupts = 0
        armed = []
        is_done = threading.Event()

        def unraisable(what):
            if what.exc_type is KeyboardInterrupt:
                armed.append(1)  # dropped in a __del__: there has to be another

        def interrupt():
            while not is_done.wait(0.002):
                if armed:  # one Ctrl-C for each loop below, so that none comes outside its try
                    armed.clear()
                    signal.pthread_kill(main_thread, signal.SIGINT)

        sys.unraisablehook = unraisable
        main_thread = threading.get_ident()
        thread = threading.Thread(target=interrupt)
        is_whole = True
        thread.start()
        while interrupts < 100:
            try:
                armed.append(1)
                while True:
                    optimizer.step()
            except KeyboardInterrupt:
                interrupts += 1
                counts = {float(each) for param in params for each in (param[0], param[-1])}
                counts |= {-float(state["step"]) for state in optimizer.state.values()}
                is_whole = is_whole and len(counts) == 1
        is_done.set()
        thread.join()
        before = float(params[3].detach()[5])
        optimizer.step()
        print(is_whole, float(params[3].detach()[5]) == before - 1.0)
        """
    )
    assert output.split() == ["True", "True"]


def test_end_of_the_process_in_the_middle_of_everything() -> None:
    """Objects that are alive at the end of the interpreter do not crash it."""
    output = run_program("""
        import sys, torch
        from torch_support import make_steps, ours, params_of

        params = params_of(1, shapes=((300, 300),))
        optimizer = ours("ScheduleFreeAdamW")(params, ema=0.9)
        make_steps(optimizer, params, 2)
        sys.keep = optimizer
        optimizer.cycle = optimizer
        optimizer.register_step_post_hook(lambda *_: optimizer)
        print("done")
    """)
    assert output.split() == ["done"]
