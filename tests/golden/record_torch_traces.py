#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records torch_traces.txt anew with the PyTorch that is installed: what its optimizers do to the
params and gradients of the file, in float64 and in float32.

    ATEN_CPU_CAPABILITY=default python3 record_torch_traces.py torch_traces.txt > new.txt

PyTorch's last bits depend on the vector instructions that it uses. With this value of the variable,
PyTorch 2.14.1 on x86-64 gives the file to the bit.

The lines of the file, all numbers in C99 hex:

    start p...                    the params before the first step
    grad t g...                   the gradients of step t, the same for every case
    case NAME RULE key=value...   begins a case; options not named are at PyTorch's defaults
    param t p...                  the float64 params after step t
    param32 t p...                the float32 params after step t

start, grad and case lines are taken over, so a new case is a new case line. start and grad have
float32 numbers.
"""
import re
import sys

import torch

CLASSES = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
           "adadelta": torch.optim.Adadelta, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
FLAGS = ("nesterov", "maximize", "centered", "amsgrad")
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
    options = {}
    for key, text in (word.split("=") for word in words):
        options[key] = bool(float(text)) if key in FLAGS else float(text)
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    return options


def record(rule, options, dtype, start, grads):
    """The params after each step."""
    param = torch.nn.Parameter(torch.tensor(start, dtype=dtype))
    optimizer = CLASSES[rule]([param], **options)
    for grad in grads:
        param.grad = torch.tensor(grad, dtype=dtype)
        optimizer.step()
        yield param.tolist()


def main(path):
    start, grads = None, []
    sys.stdout.write(HEADING % torch.__version__.split("+")[0])
    with open(path, encoding="utf-8") as file:
        for key, *words in (text.split() for text in file if not text.startswith("#")):
            if key == "start":
                start = numbers(words)
            elif key == "grad":
                grads.append(numbers(words[1:]))
            if key in ("start", "grad", "case"):
                line(key, *words)
            if key != "case":
                continue
            for name, dtype in (("param", torch.float64), ("param32", torch.float32)):
                params = record(words[1], options_of(words[2:]), dtype, start, grads)
                for step, values in enumerate(params, 1):
                    line(name, step, *map(hex_of, values))


if __name__ == "__main__":
    main(sys.argv[1])
