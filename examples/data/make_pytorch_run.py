#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints pytorch_run.txt, the second half of a run of PyTorch's AdamW:

    python3 examples/data/make_pytorch_run.py tests/golden/torch_traces.txt > examples/data/pytorch_run.txt

The params and gradients are those that PyTorch 2.14.1 recorded in float64, in the case adamw_opts
of torch_traces.txt. The recording has no state. So the state after step 12 is computed here, from
the gradients of steps 1 to 12, as torch/optim/adam.py does. All numbers are in C99 hex.
"""
import sys

CASE, LAST, BETA1, BETA2 = "adamw_opts", 12, 0.85, 0.97


def read(path):
    """The gradients and the float64 params of the case, by step."""
    grads, params, case = {}, {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, *words = line.split()
            if key == "grad":
                grads[int(words[0])] = [float.fromhex(word) for word in words[1:]]
            elif key == "case":
                case = words[0]
            elif key == "param" and case == CASE:
                params[int(words[0])] = [float.fromhex(word) for word in words[1:]]
    return grads, params


def state_after(grads, last):
    count = len(grads[1])
    exp_avg, exp_avg_sq, max_exp_avg_sq = [0.0] * count, [0.0] * count, [0.0] * count
    for step in range(1, last + 1):
        for i, g in enumerate(grads[step]):
            exp_avg[i] += (1 - BETA1) * (g - exp_avg[i])
            exp_avg_sq[i] = BETA2 * exp_avg_sq[i] + (1 - BETA2) * g * g
            max_exp_avg_sq[i] = max(max_exp_avg_sq[i], exp_avg_sq[i])
    return {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq, "max_exp_avg_sq": max_exp_avg_sq}


def print_numbers(key, values):
    print(key, *(value.hex() for value in values))


grads, params = read(sys.argv[1])
print_numbers("param", params[LAST])
for name, values in state_after(grads, LAST).items():
    print_numbers(name, values)
for step in range(LAST + 1, len(params) + 1):
    print_numbers("grad", grads[step])
    print_numbers("param", params[step])
