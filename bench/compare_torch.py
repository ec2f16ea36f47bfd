#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the speed of PyTorch and gradstep: the same work in one process, in turns, with the same
number of threads.

There are two comparisons: AdamW alone in float32, and the complete step (unscale with finite check,
clip by norm, AdamW, bfloat16 copy, average of the params, zero grad). First both sides must agree on
the params after some steps. A ratio is the median over rounds of the ratio of two times of the same
round. Setting the gradients again between rounds is not timed.
"""

import argparse
import ctypes as c
import pathlib
import statistics
import sys
import time

# The tests' binding: structs, calls and their errors.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "abi"))
from enumerate_and_step import FLOAT32, ApplyOptions, Array, Binding, Sized, Tensor

BFLOAT16 = 3
GRAD_SCALE, MAX_NORM, AVERAGE, CHECK_FINITE, ZERO_GRAD = 1, 2, 8, 16, 32
COMPLETE = GRAD_SCALE | MAX_NORM | AVERAGE | CHECK_FINITE | ZERO_GRAD
HYPER_PARAMETERS = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2}
LOSS_SCALE, LARGEST_NORM, AVERAGE_DECAY = 1024.0, 1.0, 0.999

TORCH_PASSES = [
    ("unscale grad, check that it is finite (read, write)", 8),
    ("clip_grad_norm_: norm of grad (read)", 4),
    ("clip_grad_norm_: scale grad (read, write)", 8),
    ("AdamW(fused=True): param, two slots (read, write), grad (read)", 28),
    ("copy_ to bfloat16 (write) of param (read)", 6),
    ("lerp_ of the average (read, write) to param (read)", 12),
    ("zero_ of grad (write)", 4),
]
GRADSTEP_PASSES = [
    ("finite check and norm: grad (read)", 4),
    ("param, two slots, average (read, write), grad (read, zeroed), copy (write)", 42),
]


class ContextOptions(Sized):
    _fields_ = [("struct_size", c.c_size_t), ("flags", c.c_uint64), ("thread_count", c.c_size_t),
                ("isa", c.c_char_p), ("parallel_for", c.c_void_p), ("pool", c.c_void_p),
                ("serial_below", c.c_size_t), ("piece_size", c.c_size_t)]


class Arrays:
    """The arrays of a complete step, as PyTorch tensors. PyTorch allocates both sides' arrays, so that
    both have the same kind of pages."""

    def __init__(self, torch, elements):
        generator = torch.Generator().manual_seed(3)
        self.param = torch.rand(elements, generator=generator) * 2 - 1
        self.grad = torch.zeros(elements)
        self.copy = torch.zeros(elements, dtype=torch.bfloat16)
        self.average = self.param.clone()


class GradstepSide:
    def __init__(self, torch, path, arrays, threads):
        self.arrays = arrays
        self.binding = Binding(path)
        self.context = self.binding.create("context_create",
                                           c.byref(ContextOptions(thread_count=threads)))
        self.rule = self.binding.create("rule_create", b"adamw")
        for name, value in HYPER_PARAMETERS.items():
            self.binding.call("rule_set", self.rule, name.encode(), value)
        _, _, slots = self.binding.describe(b"adamw")
        # exp_avg and exp_avg_sq. The rule does not use the others without amsgrad: they are absent.
        self.slots = [torch.zeros_like(arrays.param) for _ in range(2)]
        self.slot_arrays = (Array * len(slots))(*[self._array(s) for s in self.slots])
        self.plain = self._tensor()
        self.whole = self._tensor(copy=self._array(arrays.copy, BFLOAT16),
                                  average=self._array(arrays.average))
        self.t = 0

    @staticmethod
    def _array(tensor, dtype=FLOAT32):
        return Array(data=tensor.data_ptr(), dtype=dtype)

    def _tensor(self, **fields):
        return Tensor(count=self.arrays.param.numel(), param=self._array(self.arrays.param),
                      grad=self._array(self.arrays.grad), slots=self.slot_arrays,
                      slot_count=len(self.slot_arrays), **fields)

    def _apply(self, tensor, flags):
        self.t += 1
        options = ApplyOptions(flags=flags, step=self.t, grad_scale=1 / LOSS_SCALE,
                               max_norm=LARGEST_NORM, average_decay=AVERAGE_DECAY)
        self.binding.call("apply", self.context, self.rule, c.byref(tensor), 1, c.byref(options),
                          None)

    def update(self):
        self._apply(self.plain, 0)

    def complete(self):
        self._apply(self.whole, COMPLETE)


class TorchSide:
    def __init__(self, torch, arrays):
        self.torch = torch
        self.arrays = arrays
        arrays.param.grad = arrays.grad
        h = HYPER_PARAMETERS
        self.optimizer = torch.optim.AdamW([arrays.param], lr=h["lr"],
                                           betas=(h["beta1"], h["beta2"]), eps=h["eps"],
                                           weight_decay=h["weight_decay"], fused=True)
        self.inverse_scale = torch.tensor(1 / LOSS_SCALE)
        self.found = torch.zeros(())
        self.t = 0

    def update(self):
        self.t += 1
        self.optimizer.step()

    def complete(self):
        a, torch = self.arrays, self.torch
        self.found.zero_()
        torch._amp_foreach_non_finite_check_and_unscale_([a.grad], self.found, self.inverse_scale)
        if self.found.item() == 0:  # as GradScaler.step
            torch.nn.utils.clip_grad_norm_([a.param], LARGEST_NORM)
            self.update()
            a.copy.copy_(a.param)
            if self.t == 1:
                a.average.copy_(a.param)
            else:
                a.average.lerp_(a.param, 1 - AVERAGE_DECAY)
        a.grad.zero_()


def check_agreement(torch, path, threads):
    """Ends the program unless both sides agree after some complete steps and some updates, all with
    gradients of the same bits."""
    elements, steps = 100003, 5
    ours, theirs = Arrays(torch, elements), Arrays(torch, elements)
    sides = [GradstepSide(torch, path, ours, threads), TorchSide(torch, theirs)]
    generator = torch.Generator().manual_seed(5)
    for name in ["complete"] * steps + ["update"] * steps:
        grad = torch.randn(elements, generator=generator)
        for side in sides:
            side.arrays.grad.copy_(grad)
            getattr(side, name)()
    # A step may round a few times, by up to 2^-24 each, since values are below 1.05.
    bound = 2 * steps * 4 * 2.0 ** -24
    for name in ("param", "average"):
        difference = (getattr(ours, name) - getattr(theirs, name)).abs().max().item()
        print(f"largest difference of {name} after {2 * steps} steps: {difference:.2e} "
              f"(float32 rounding: up to {bound:.2e})")
        if not difference <= bound:
            sys.exit("compare_torch.py: gradstep and PyTorch disagree")
    # Two results that are a float32 rounding apart differ by at most one bfloat16 unit.
    distance = (ours.copy.float() - theirs.copy.float()).abs().max().item()
    if not distance <= 2.0 ** -7:
        sys.exit(f"compare_torch.py: the bfloat16 copies differ by {distance}")


def time_of(step):
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def take_turns(steps, seconds, before_round):
    """The times of each step. In a round each step runs once; every other round goes backwards."""
    for step in steps:
        step()  # allocates, wakes threads
    times = [[] for _ in steps]
    end = time.monotonic() + seconds
    while len(times[0]) < 5 or time.monotonic() < end:
        before_round()
        order = range(len(steps))
        for i in order if len(times[0]) % 2 == 0 else reversed(order):
            times[i].append(time_of(steps[i]))
    return times


def print_comparison(title, elements, times, bytes_of):
    print(f"\n{title}")
    for name, side, bytes_per_element in zip(("gradstep", "PyTorch"), times, bytes_of):
        median = statistics.median(side)
        print(f"  {name:9} {median * 1e3:9.2f} ms  {median * 1e9 / elements:7.3f} ns/element  "
              f"{bytes_per_element * elements / median / 1e9:6.1f} GB/s of {bytes_per_element} "
              "bytes/element")
    ratios = sorted(theirs / ours for ours, theirs in zip(*times))
    low, high = ratios[len(ratios) // 4], ratios[(3 * len(ratios)) // 4]
    print(f"  PyTorch's time / gradstep's: {statistics.median(ratios):.3f} "
          f"(quartiles {low:.3f} to {high:.3f}, {len(ratios)} rounds)")


def print_passes(name, passes):
    print(f"\n{name}: {sum(count for _, count in passes)} bytes an element in {len(passes)} passes")
    for text, count in passes:
        print(f"  {count:3}  {text}")


def compare(torch, options):
    arrays = [Arrays(torch, options.elements) for _ in range(2)]
    ours = GradstepSide(torch, options.library, arrays[0], options.threads)
    theirs = TorchSide(torch, arrays[1])
    grad = torch.randn(options.elements, generator=torch.Generator().manual_seed(7))

    def set_gradients():
        for side in arrays:
            side.grad.copy_(grad)

    set_gradients()
    update = take_turns([ours.update, theirs.update], options.seconds, lambda: None)
    complete = take_turns([ours.complete, theirs.complete], options.seconds, set_gradients)
    print_comparison("AdamW, float32", options.elements, update, (28, 28))
    print_comparison("Complete step", options.elements, complete,
                     [sum(count for _, count in p) for p in (GRADSTEP_PASSES, TORCH_PASSES)])
    print_passes("gradstep", GRADSTEP_PASSES)
    print_passes("PyTorch", TORCH_PASSES)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", help="path of libgradstep.so")
    parser.add_argument("--elements", type=int, default=64 << 20, metavar="N",
                        help="of the one tensor (default: 64M)")
    parser.add_argument("--threads", type=int, default=0, metavar="N",
                        help="of both sides (default: as PyTorch chooses)")
    parser.add_argument("--seconds", type=float, default=15, metavar="S",
                        help="for each comparison (default: 15)")
    options = parser.parse_args()
    if options.elements < 1 or options.threads < 0:
        parser.error("--elements and --threads are positive")
    return options


def main():
    options = read_options()
    try:
        import torch
    except ImportError:
        sys.exit("compare_torch.py: PyTorch is not installed")
    if options.threads:
        torch.set_num_threads(options.threads)
    options.threads = torch.get_num_threads()
    print(f"PyTorch {torch.__version__}, {options.threads} threads, {options.elements} elements")
    with torch.no_grad():
        check_agreement(torch, options.library, options.threads)
        compare(torch, options)


if __name__ == "__main__":
    main()
