# SPDX-License-Identifier: Apache-2.0
"""The run that every language's package makes: bindings/README.md."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest

import gradstep

SAME_RUN = Path(__file__).resolve().parents[3] / "same_run.sha256"


def test_the_checkpoint_is_that_of_every_language() -> None:
    if gradstep.Context().info.isa == "baseline" and platform.machine() == "x86_64":
        pytest.skip("this instruction set has no fused multiply-add, so other bits")
    counts = (64 * 48, 100)
    params = [
        (((37 * np.arange(n) + 11 * k) % 201 - 100) / 128).astype(np.float32)
        for k, n in enumerate(counts)
    ]
    params[0] = params[0].reshape(64, 48)
    opt = gradstep.Optimizer(rule=None, max_norm=1, seed=7)
    schedule = gradstep.Schedule("cosine", total_steps=300, warmup_steps=20)
    settings = {"schedule": schedule, "slot_dtype": "bfloat16"}
    embedding = {"embedding": params[0]}
    opt.add_group("matrices", "adamw", embedding, lr=0.01, weight_decay=0.1, **settings)
    opt.add_group("rest", "sgd", {"bias": params[1]}, lr=0.05, momentum=0.9, nesterov=True)
    for t in range(1, 301):
        grads = [
            (((np.arange(n) + 1) * (t + 3 * k + 1) % 127 - 63) / 64).astype(np.float32)
            for k, n in enumerate(counts)
        ]
        opt.step({"embedding": grads[0].reshape(64, 48), "bias": grads[1]})
    digest = hashlib.sha256(opt.save_bytes(params=True)).hexdigest()
    assert digest == SAME_RUN.read_text().split()[0]
