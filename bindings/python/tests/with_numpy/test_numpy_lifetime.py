# SPDX-License-Identifier: Apache-2.0
"""Leaks, threads, fork, Ctrl-C and the interpreter's end."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradstep
from gradstep import _context, _records


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


# ---- Leaks


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def add_and_remove() -> None:
    opt = gradstep.Optimizer({"w": ones(64)}, "adamw", average_decay=0.9)
    opt.step([ones(64)])
    opt.add("x", ones(8), ones(8))
    opt.remove("x")
    assert opt.state["w"]["exp_avg"][0] > 0


def refuse() -> None:
    for call in (
        lambda: gradstep.Rule("adamw", lr=-1),
        lambda: gradstep.Optimizer({"w": ones(8)[::2]}),
        lambda: gradstep.Optimizer({"w": ones(8)}).step({"x": ones(8)}),
        lambda: gradstep.Schedule.sequence([], []),
        lambda: gradstep.Optimizer().load(b"x"),
    ):
        with contextlib.suppress(gradstep.Error):
            call()


def make_values() -> None:
    rule, schedule = gradstep.Rule("adamw", lr=0.5), gradstep.Schedule("cosine", total_steps=9)
    rule.lr = 0.25
    copy.deepcopy(rule), pickle.loads(pickle.dumps(schedule))
    gradstep.Schedule.sequence([schedule, schedule], [3])(4)
    gradstep.apply(rule, ones(16)[::2], ones(8), gradstep.make_slots(rule, ones(8)), step=1)


OPTIMIZER = gradstep.Optimizer({"w": ones(64)}, "sgd")


def step_with_new_grads() -> None:
    OPTIMIZER.step([ones(64)])
    OPTIMIZER.step([ones(64, dtype=np.float64)])


def copy_and_save() -> None:
    opt = copy.deepcopy(OPTIMIZER)
    opt.load(opt.save_bytes(params=True), params=True)
    pickle.loads(pickle.dumps(opt)).groups["default"].lr = 1.0


WORK = [add_and_remove, refuse, make_values, step_with_new_grads, copy_and_save]


def _runs_without_leaks(work: Callable[[], None], count: int) -> None:
    for _ in range(count // 4):
        work()
    gc.collect()
    before = resident_bytes()
    for _ in range(count):
        work()
    gc.collect()
    assert resident_bytes() - before < 4 * 2**20 + 20 * count


@pytest.mark.parametrize("work", WORK)
def test_memory_stays_bounded(work: Callable[[], None]) -> None:
    _runs_without_leaks(work, 2000)


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK)
def test_memory_stays_bounded_for_long(work: Callable[[], None]) -> None:
    _runs_without_leaks(work, 100_000)


def test_a_context_is_destroyed_after_its_optimizers(monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def record(kind: Any, name: str) -> None:
        destroy = kind.destroy

        def recorded(address: int) -> None:
            order.append(name)
            destroy(address)

        monkeypatch.setattr(kind, "destroy", staticmethod(recorded))

    record(_context._CContext, "context")
    record(_records.COptimizer, "optimizer")
    opt = gradstep.Optimizer({"w": ones(4)}, context=gradstep.Context(1))
    opt.step([ones(4)])
    view = opt.state["w"]["exp_avg"]
    del opt
    gc.collect()
    assert order == [] and view[0] > 0
    del view
    assert order == ["optimizer", "context"]


def test_arrays_are_released() -> None:
    import weakref

    param, grads = ones(4), [ones(4) for _ in range(4)]
    seen = [weakref.ref(array) for array in [param, *grads]]
    opt = gradstep.Optimizer({"w": param}, "sgd")
    for grad in grads:
        opt.step([grad])
    del grad, grads
    assert [ref() is None for ref in seen] == [False, True, True, True, False]
    opt.step({})
    assert seen[-1]() is None
    del param
    assert seen[0]() is not None
    opt.remove("w")
    assert seen[0]() is None


# ---- Threads


def in_threads(*works: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_threads_use_one_optimizer() -> None:
    opt = gradstep.Optimizer({"w": ones(999)}, "adamw")
    repeats = range(150)

    def step() -> None:
        for _ in repeats:
            opt.step({"w": ones(999)})

    def change_settings() -> None:
        for value in repeats:
            opt.groups["default"].lr = 1 / (1 + value)
            opt.notes["value"] = str(value)
            assert opt.info.group_count >= 1 and str(opt) and dict(opt.notes)

    def change_tensors() -> None:
        for number in repeats:
            name = f"t{number % 3}"
            opt.add(name, ones(10), ones(10))
            opt.set_param(name, ones(12), sources=[-1] * 12)
            opt.remove(name)

    def save() -> None:
        for _ in repeats:
            assert len(opt.save_bytes(params=True)) > 1000
            assert np.isfinite(opt.state["w"]["exp_avg"][::100]).all()

    in_threads(step, step, change_settings, change_tensors, save)
    assert opt.step_count == 300 and list(opt) == ["w"]


def test_threads_step_different_tensors() -> None:
    names = [f"t{number}" for number in range(8)]
    opt = gradstep.Optimizer({name: ones(5000) for name in names}, "sgd", lr=0.5)
    for _ in range(20):
        with opt.stepping() as stepping:
            in_threads(*(lambda n=n: stepping.step(n, ones(5000)) for n in names))  # type: ignore[misc]
        assert stepping.result is not None and stepping.result.left_out == 0
    assert all((opt.arrays(name)["param"] == 1 - 10).all() for name in names)


def test_each_thread_gets_its_own_sentence() -> None:
    def fail(name: str) -> None:
        for _ in range(300):
            with pytest.raises(gradstep.UnknownName, match=name):
                gradstep.Rule(name)

    in_threads(*(lambda n=n: fail(n) for n in ("first", "second", "third")))  # type: ignore[misc]


# ---- fork


def in_child(work: Callable[[], bool]) -> None:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forks
def test_new_and_inherited_optimizers_work_in_a_child() -> None:
    inherited = gradstep.Optimizer({"w": ones(200_000)}, "sgd", lr=0.5)
    inherited.step([ones(200_000)])

    def work() -> bool:
        new = gradstep.Optimizer({"w": ones(200_000)}, "sgd", lr=0.5)
        new.step([ones(200_000)])
        inherited.step()
        again = copy.deepcopy(inherited)
        again.step()
        wanted = ((new, 0.5), (inherited, 0.0), (again, -0.5))
        return all(bool((opt.arrays("w")["param"] == value).all()) for opt, value in wanted)

    in_child(work)
    inherited.step()
    assert (inherited.arrays("w")["param"] == 0).all()


@forks
def test_fork_while_another_thread_steps() -> None:
    opt = gradstep.Optimizer({"w": ones(300_000)}, "adamw")
    end = threading.Event()

    def step() -> None:
        while not end.is_set():
            opt.step([ones(300_000)])

    def work() -> bool:
        with contextlib.suppress(gradstep.Busy):
            opt.step()
        gradstep.Optimizer({"w": ones(9)}).step([ones(9)])
        return gradstep.Rule("adamw", lr=0.5).lr == 0.5

    thread = threading.Thread(target=step)
    thread.start()
    try:
        for _ in range(5):
            in_child(work)
    finally:
        end.set()
        thread.join()


# ---- Ctrl-C and the end of the interpreter


CTRL_C = """
import faulthandler, gc, io, signal, sys, threading
import numpy as np, gradstep
faulthandler.dump_traceback_later(110, exit=True)
# A program in the background may have been started with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
dropped = []
def unraisable(what):
    if what.exc_type is KeyboardInterrupt:
        armed.append(1)  # it came in a __del__, where Python drops it: there has to be another
        dropped.append(what.object)
sys.unraisablehook = unraisable
def ones(count, dtype=np.float32):
    return np.ones(count, dtype)
opt = gradstep.Optimizer({"w": ones(50_000)}, "adamw", lr=0.0)
end = threading.Event()
def interrupt():
    while not end.wait(0.0007):
        if armed:  # one Ctrl-C for each loop below, so that none comes outside its try
            armed.clear()
            signal.raise_signal(signal.SIGINT)
armed = []
thread = threading.Thread(target=interrupt)
interruptions, number = 0, 0
class Sink:
    def write(self, data):
        return len(data)
checkpoint = io.BytesIO()
opt.save(checkpoint)
thread.start()
while interruptions < 300:
    try:
        armed.append(1)
        while True:
            number += 1
            opt.step({"w": ones(50_000, (np.float32, np.float64)[number // 9 % 2])})
            opt.add(f"t{number}", ones(10), ones(10))
            opt.set_grad(f"t{number}", ones(10))
            opt.remove(f"t{number}")
            opt.save(Sink())
            checkpoint.seek(0)
            opt.load(checkpoint, partial=True, keep_settings=True)
    except KeyboardInterrupt:
        interruptions += 1
end.set()
while thread.is_alive():
    try:
        thread.join()
    except KeyboardInterrupt:
        pass
gc.collect()
opt.step({"w": ones(50_000)})
assert opt.info.tensor_count == len(opt) <= 301 and (opt.arrays("w")["param"] == 1).all()
other = gradstep.Optimizer({"w": ones(50_000)}, "adamw")
other.load(opt.save_bytes(), partial=True)
assert other.step_count == opt.step_count
assert not [each for each in dropped if "_checkpoints" in repr(each) or "write" in repr(each)]
print("done")
"""


def _run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_ctrl_c_leaves_nothing_half_done() -> None:
    assert _run(CTRL_C).strip() == "done"


def test_a_finalizer_in_a_cycle_may_step() -> None:
    steps = []

    class Trainer:
        def __init__(self) -> None:
            self.opt = gradstep.Optimizer({"w": ones(9)}, context=gradstep.Context(1))
            self.own = self

        def __del__(self) -> None:
            steps.append(self.opt.step([ones(9)]))
            self.opt.save_bytes()

    for _ in range(5):
        Trainer()
        gc.collect()
    assert len(steps) == 5


END = """
import sys, threading, numpy, gradstep
w = numpy.ones(100000, "f4")
opt = gradstep.Optimizer({"w": w}, context=gradstep.Context(2))
opt.step([numpy.ones(100000, "f4")])
view = opt.state["w"]["exp_avg"]
cycle = [opt, gradstep.Rule(), gradstep.Schedule("constant"), view]
cycle.append(cycle)
class Late:
    def __init__(self):
        self.opt = opt
    def __del__(self):
        self.opt.step()
        print("late step", flush=True)
late = Late()
"""


def test_the_end_of_the_interpreter() -> None:
    assert "late step" in _run(END)


def test_the_end_of_the_interpreter_while_a_thread_steps() -> None:
    steps = "lambda: [opt.step() for _ in range(99)]"
    _run(f"{END}\nthreading.Thread(target={steps}, daemon=True).start()")
