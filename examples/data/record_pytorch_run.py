#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs PyTorch's AdamW and prints pytorch_run.txt: its params and state after step 12, then the
gradient of each later step and the params after it. Needs torch; 2.14.1 made the file.

    python3 examples/data/record_pytorch_run.py < tests/golden/torch_traces.txt > examples/data/pytorch_run.txt

The first params and the gradients are those of torch_traces.txt. All numbers are float64, in C99's
hexadecimal form.
"""
import sys

import torch

DONE_STEPS = 12


def read(file):
    """The params before step 1, and the gradients in the order of the steps."""
    start, grads = None, []
    for line in file:
        key, *words = line.split()
        if key == "start":
            start = [float.fromhex(word) for word in words]
        elif key == "grad":
            grads.append([float.fromhex(word) for word in words[1:]])
    return start, grads


def print_numbers(key, tensor):
    print(key, *(value.hex() for value in tensor.tolist()))


def main():
    start, grads = read(sys.stdin)
    param = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([param], lr=0.02, betas=(0.85, 0.97), weight_decay=0.1, amsgrad=True)
    for step, grad in enumerate(grads, 1):
        param.grad = torch.tensor(grad, dtype=torch.float64)
        optimizer.step()
        if step > DONE_STEPS:
            print_numbers("grad", param.grad)
        if step >= DONE_STEPS:
            print_numbers("param", param.detach())
        if step == DONE_STEPS:
            state = optimizer.state_dict()["state"][0]
            assert state["step"] == step
            for name in "exp_avg", "exp_avg_sq", "max_exp_avg_sq":
                print_numbers(name, state[name])


main()
