# SPDX-License-Identifier: Apache-2.0
"""Records what PyTorch's Adam does, in float64, with tensors that miss steps: one is added after
three steps, one has no gradient in some steps.

    python3 tests/golden/record_late_tensor.py tests/golden/late_tensor.json
"""
import json
import math
import sys

import torch

STEPS = 9
COUNT = 5
HYPERPARAMETERS = {"lr": 0.02, "weight_decay": 0.1, "eps": 1e-8}
BETAS = (0.8, 0.95)
FIRST_STEP = {"always": 1, "late": 4, "now_and_then": 1}
SITS_OUT = {"now_and_then": (2, 3, 6)}


def numbers(seed):
    return [math.sin(12.9898 * (seed + 1) * (i + 1)) for i in range(COUNT)]


def gradient(index, step):
    return numbers(100 * (index + 1) + step)


def main(path):
    names = list(FIRST_STEP)
    params = {n: torch.tensor(numbers(i), dtype=torch.float64) for i, n in enumerate(names)}
    starts = {n: params[n].tolist() for n in names}
    first = [params[n] for n in names if FIRST_STEP[n] == 1]
    optimizer = torch.optim.Adam(first, betas=BETAS, **HYPERPARAMETERS)
    steps = []
    for step in range(1, STEPS + 1):
        entry = {}
        for index, name in enumerate(names):
            if FIRST_STEP[name] == step > 1:
                optimizer.add_param_group({"params": [params[name]]})
            takes_part = step >= FIRST_STEP[name] and step not in SITS_OUT.get(name, ())
            grad = gradient(index, step) if takes_part else None
            params[name].grad = None if grad is None else torch.tensor(grad, dtype=torch.float64)
            entry[name] = {"grad": grad}
        optimizer.step()
        for name in names:
            entry[name]["param"] = params[name].tolist()
        steps.append(entry)
    trace = {
        "torch": torch.__version__,
        "rule": "adam",
        "hyperparameters": {**HYPERPARAMETERS, "beta1": BETAS[0], "beta2": BETAS[1]},
        "first_step": FIRST_STEP,
        "start": starts,
        "steps": steps,
    }
    with open(path, "w") as file:
        json.dump(trace, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
