#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records torch_traces.txt or torch_matrix_traces.txt anew with the PyTorch that is installed: what
its optimizers do to the params and gradients of the file, in float64 and in float32.

    ATEN_CPU_CAPABILITY=default python3 record_torch_traces.py torch_traces.txt > new.txt
    ATEN_CPU_CAPABILITY=avx2 python3 record_torch_traces.py torch_matrix_traces.txt > new.txt

PyTorch's last bits depend on the vector instructions that it uses. With these values of the
variable, PyTorch 2.14.1 on x86-64 gives the files to the bit.

The lines of a file, all numbers in C99 hex:

    start p...                    begins a block of cases: the params before the first step
    grad t g...                   the gradients of step t, the same for every case of the block
    case NAME RULE key=value...   begins a case; options not named are at PyTorch's defaults, except
       shape=RxC, shape=MxRxC     the numbers are a row-major matrix, or M of them (default: flat)
    param t p...                  the float64 params after step t
    param32 t p...                the float32 params after step t
    state NAME t x...             a case with a shape: the float64 state after the last step t
    state32 NAME t x...           its float32 state

start, grad and case lines are taken over, so a new case is a new case line. start and grad have
float32 numbers.
"""
import re
import sys

import torch

CLASSES = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
           "adadelta": torch.optim.Adadelta, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
           "nadam": torch.optim.NAdam, "adafactor": torch.optim.Adafactor}
FLAGS = ("nesterov", "maximize", "centered", "amsgrad", "decoupled_weight_decay")
HEADING = """\
# What PyTorch %s's optimizers (torch.optim, on a CPU) do to the same params and gradients.
# record_torch_traces.py made this file and describes its lines; golden_test.cpp reads it.
"""


def numbers(words):
    return [float.fromhex(word) for word in words]


def hex_of(number):
    """The shortest C99 hex: without trailing zeros."""
    return re.sub(r"\.?0*p", "p", float(number).hex())


def line(*words):
    print(*words)


def options_of(words):
    """PyTorch's options and the tensor's shape."""
    options, shape = {}, [-1]
    for key, text in (word.split("=") for word in words):
        if key == "shape":
            shape = [int(size) for size in text.split("x")]
        else:
            options[key] = bool(float(text)) if key in FLAGS else float(text)
    for name, first, second in (("betas", "beta1", "beta2"), ("eps", "eps1", "eps2")):
        if first in options:
            options[name] = (options.pop(first), options.pop(second))
    return options, shape


def record(words, suffix, dtype, start, grads):
    """Writes the lines of a case with this dtype; `suffix` ends their keys."""
    options, shape = options_of(words[2:])
    param = torch.nn.Parameter(torch.tensor(start, dtype=dtype).reshape(shape))
    optimizer = CLASSES[words[1]]([param], **options)
    for step, grad in enumerate(grads, 1):
        param.grad = torch.tensor(grad, dtype=dtype).reshape(shape)
        optimizer.step()
        line("param" + suffix, step, *map(hex_of, param.flatten().tolist()))
    for name, value in optimizer.state[param].items():
        if len(shape) > 1 and name != "step":
            line("state" + suffix, name, len(grads), *map(hex_of, value.flatten().tolist()))


def main(path):
    start, grads = None, []
    sys.stdout.write(HEADING % torch.__version__.split("+")[0])
    with open(path, encoding="utf-8") as file:
        for key, *words in (text.split() for text in file if not text.startswith("#")):
            if key == "start":
                start, grads = numbers(words), []
            elif key == "grad":
                grads.append(numbers(words[1:]))
            if key in ("start", "grad", "case"):
                line(key, *words)
            if key == "case":
                record(words, "", torch.float64, start, grads)
                record(words, "32", torch.float32, start, grads)


if __name__ == "__main__":
    main(sys.argv[1])
