#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes pass_traces.txt: what the formulas of pass_rules.py make of recorded gradients. These
rules need more than one element at a time; make_traces.py has the others.

    python3 make_pass_traces.py > pass_traces.txt

The lines of pass_traces.txt, all numbers in C99 hex:

    start p...                    begins a block of cases: the params before the first step
    grad t g...                   the gradients of step t, the same for every case of the block
    case NAME RULE key=value...   begins a case; options not named are at their defaults, except
       shape=RxC, shape=MxRxC     the numbers are a row-major matrix, or M of them (default: flat)
       split=A,B,...              the numbers are tensors of A, B, ... elements, stepped together
    param t p...                  the params after step t
    stopped t                     step t changed nothing; the rule does not count it either
    evaluated t p...              the params after step t, then after "evaluate"
    trained t p...                the params after that, and after "train"; the run goes on from them
    state NAME t x...             state after step t, all tensors' one after another
"""

import random

from make_traces import line, short_random
from pass_rules import (Tensor, adafactor, evaluate, lamb, nadam, prodigy, schedule_free_adamw,
                        train)

STEPS = 16
EVALUATED = (5, 11)

# The published defaults, written here so that the test finds a wrong default in the library.
RULES = {
    nadam: dict(lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3, weight_decay=0,
                decoupled_weight_decay=0),
    schedule_free_adamw: dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0,
                              warmup_steps=0, r=0, weight_lr_power=2),
    lamb: dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.01, grad_averaging=1,
               always_adapt=0),
    adafactor: dict(lr=1e-2, beta2_decay=-0.8, eps1=2**-52, eps2=1e-3, d=1, weight_decay=0, beta1=0,
                    hugging_face=0, relative_step=0, warmup_init=0, scale_parameter=1),
    prodigy: dict(lr=1, beta1=0.9, beta2=0.999, beta3=0, eps=1e-8, weight_decay=0, d0=1e-6,
                  d_coef=1, growth_rate=0, bias_correction=0),
}

HUGGING_FACE = dict(hugging_face=1, eps1=1e-30)

FLAT_CASES = [
    ("nadam_defaults", nadam, "", {}),
    ("nadam_coupled", nadam, "", dict(lr=0.02, weight_decay=0.05, momentum_decay=0.1)),
    ("nadam_decoupled", nadam, "", dict(lr=0.02, beta1=0.8, beta2=0.95, weight_decay=0.05,
                                        decoupled_weight_decay=1)),
    ("schedule_free_adamw_defaults", schedule_free_adamw, "", {}),
    ("schedule_free_adamw_warmup", schedule_free_adamw, "", dict(lr=0.02, warmup_steps=6)),
    ("schedule_free_adamw_options", schedule_free_adamw, "",
     dict(lr=0.05, beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.1, warmup_steps=3, r=1.5,
          weight_lr_power=1.5)),
    ("lamb_defaults", lamb, "", {}),
    ("lamb_options", lamb, "", dict(lr=0.02, beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.1)),
    ("lamb_without_decay", lamb, "", dict(lr=0.02, weight_decay=0)),
    ("lamb_always_adapt", lamb, "", dict(lr=0.02, weight_decay=0, always_adapt=1)),
    ("lamb_without_averaging", lamb, "", dict(lr=0.02, grad_averaging=0)),
    ("lamb_two_tensors", lamb, "split=9,14", dict(lr=0.02)),
    ("adafactor_defaults", adafactor, "", {}),
    ("adafactor_options", adafactor, "", dict(lr=0.4, beta2_decay=-0.6, eps1=0.25, eps2=2, d=1.25,
                                              weight_decay=0.1)),
    ("adafactor_two_tensors", adafactor, "split=9,14", dict(lr=0.05)),
    ("adafactor_one_row", adafactor, "shape=1x23", dict(lr=0.05)),
    ("adafactor_one_column", adafactor, "shape=23x1", dict(lr=0.05)),
    ("adafactor_hugging_face", adafactor, "", HUGGING_FACE | dict(lr=0.5, weight_decay=0.1)),
    ("prodigy_defaults", prodigy, "", {}),
    ("prodigy_bias_correction", prodigy, "", dict(bias_correction=1, d0=1e-3)),
    ("prodigy_options", prodigy, "", dict(lr=0.5, beta1=0.8, beta2=0.95, beta3=0.9, eps=1e-3,
                                          weight_decay=0.1, d0=1e-2, d_coef=2)),
    ("prodigy_growth", prodigy, "", dict(d0=1e-4, d_coef=4, growth_rate=1.02)),
    ("prodigy_two_tensors", prodigy, "split=9,14", dict(d0=1e-3)),
]
ZERO_CASES = [
    ("nadam_zeros", nadam, "", {}),
    ("schedule_free_adamw_zeros", schedule_free_adamw, "", {}),
    ("lamb_zeros", lamb, "split=9,14", {}),
    ("lamb_always_adapt_zeros", lamb, "split=9,14", dict(weight_decay=0, always_adapt=1)),
    ("adafactor_zeros", adafactor, "split=9,14", {}),
    ("adafactor_hugging_face_zeros", adafactor, "split=9,14", HUGGING_FACE),
    ("prodigy_zeros", prodigy, "split=9,14", dict(d0=1e-3)),
]
MATRIX_CASES = [
    ("adafactor_matrix", adafactor, "shape=6x7", {}),
    ("adafactor_matrix_options", adafactor, "shape=7x6",
     dict(lr=0.4, beta2_decay=-0.6, eps1=2, eps2=2, d=1.25, weight_decay=0.1)),
    ("adafactor_matrix_unscaled", adafactor, "shape=6x7", dict(lr=0.05, scale_parameter=0)),
    ("adafactor_matrix_momentum", adafactor, "shape=6x7", dict(lr=0.05, beta1=0.9)),
    ("adafactor_batch", adafactor, "shape=2x3x7", dict(lr=0.05)),
    ("adafactor_matrix_hugging_face", adafactor, "shape=6x7", HUGGING_FACE | dict(relative_step=1)),
    ("adafactor_matrix_warmup", adafactor, "shape=6x7",
     HUGGING_FACE | dict(relative_step=1, warmup_init=1, weight_decay=0.1)),
    ("adafactor_batch_hugging_face", adafactor, "shape=3x2x7",
     HUGGING_FACE | dict(lr=0.5, beta1=0.8, d=1.25, weight_decay=0.1, scale_parameter=0)),
    ("adafactor_batch_hugging_face_decay", adafactor, "shape=2x7x3",
     HUGGING_FACE | dict(lr=0.05, beta2_decay=-0.6, eps1=1e-3, eps2=2, weight_decay=0.1)),
]


def make_data(source, count):
    """Params, and gradients with a mean so that Prodigy finds a direction."""
    start = [short_random(source, 1.0) for _ in range(count)]
    means = [short_random(source, 0.5) for _ in range(count)]
    grads = [[m + short_random(source, (0.5 + 0.125 * (i % 5)) * (1 + t % 4))
              for i, m in enumerate(means)] for t in range(STEPS)]
    return start, grads


def tensors_of(start, words):
    sizes, shape = [len(start)], None
    if words.startswith("split="):
        sizes = [int(n) for n in words[6:].split(",")]
    if words.startswith("shape="):
        shape = [int(n) for n in words[6:].split("x")]
        shape = [1] * (3 - len(shape)) + shape
    rest = iter(start)
    return [Tensor([next(rest) for _ in range(size)], shape) for size in sizes]


def run_step(h, rule, grads, tensors, shared, t):
    """Whether the step has stopped, and so left everything as it was."""
    rest = iter(grads)
    for x in tensors:
        x.g = [next(rest) for _ in x.p]
    return rule(h, t, tensors, shared)


def line_of_params(key, step, tensors):
    line(key, step, *(p for x in tensors for p in x.p))


def run(h, rule, tensors, grads):
    shared, t = {}, 0  # t: steps that did not stop
    for step, gradients in enumerate(grads, 1):
        if run_step(h, rule, gradients, tensors, shared, t + 1):
            line("stopped", step)
        else:
            t += 1
        line_of_params("param", step, tensors)
        if rule is schedule_free_adamw and step in EVALUATED:
            for key, transform in (("evaluated", evaluate), ("trained", train)):
                for x in tensors:
                    transform(h, x)
                line_of_params(key, step, tensors)
    for name in tensors[0].s:
        line("state", name, len(grads), *(value for x in tensors for value in x.s[name]))
    for name, value in shared.items():
        line("state", name, len(grads), float(value))


def main():
    source = random.Random(2027)
    flat, zeros, matrix = (make_data(source, count) for count in (23, 23, 42))
    zeros[0][:9] = [0.0] * 9
    zeros[1][:2] = [[0.0] * 23] * 2
    for (start, grads), cases in ((flat, FLAT_CASES), (zeros, ZERO_CASES), (matrix, MATRIX_CASES)):
        line("start", *start)
        for t, gradients in enumerate(grads, 1):
            line("grad", t, *gradients)
        for name, rule, words, options in cases:
            line("case", name, rule.__name__, *words.split(),
                 *(f"{k}={float(v).hex()}" for k, v in options.items()))
            run(RULES[rule] | options, rule, tensors_of(start, words), grads)


if __name__ == "__main__":
    main()
