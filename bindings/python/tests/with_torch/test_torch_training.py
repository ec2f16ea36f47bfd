# SPDX-License-Identifier: Apache-2.0
"""A whole training run has the losses of one with torch's class, and a run that was saved and
resumed has the bits of one that never stopped."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch_support import OWN, PEERS, assert_same_bits, ours, theirs


class Training:
    """A small network with clipping and a cosine schedule."""

    def __init__(self, kind: Any, dtype: torch.dtype, clips_inside: bool, **options: Any) -> None:
        torch.manual_seed(5)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(8, 32),
            torch.nn.LayerNorm(32),
            torch.nn.Tanh(),
            torch.nn.Linear(32, 16),
            torch.nn.Tanh(),
            torch.nn.Linear(16, 1),
        ).to(dtype)
        self.inputs = torch.randn(64, 8, dtype=torch.float64).to(dtype)
        self.wanted = self.inputs.prod(dim=1, keepdim=True).tanh() + self.inputs[:, :1]
        self.clips_inside = clips_inside
        if clips_inside:
            options = {**options, "clip_norm": 1.0}
        decayed = [param for param in self.model.parameters() if param.dim() > 1]
        others = [param for param in self.model.parameters() if param.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others}]
        self.optimizer = kind(groups, **options)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=200)

    def run(self, steps: int) -> list[float]:
        losses = []
        for step in range(steps):
            self.optimizer.zero_grad()
            chosen = slice(16 * (step % 4), 16 * (step % 4) + 16)
            loss = (self.model(self.inputs[chosen]) - self.wanted[chosen]).square().mean()
            loss.backward()
            if not self.clips_inside:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.scheduler.step()
            losses.append(float(loss.detach()))
        return losses

    def save(self) -> io.BytesIO:
        file = io.BytesIO()
        parts = (self.model, self.optimizer, self.scheduler)
        torch.save([part.state_dict() for part in parts], file)
        file.seek(0)
        return file

    def load(self, file: io.BytesIO) -> None:
        parts = (self.model, self.optimizer, self.scheduler)
        for part, state in zip(parts, torch.load(file, weights_only=True), strict=True):
            part.load_state_dict(state)


OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "RMSprop": {"lr": 0.003},
    "Adagrad": {"lr": 0.03},
    "Adadelta": {"lr": 1.0},
}


@pytest.mark.parametrize("clips_inside", [False, True])
@pytest.mark.parametrize("name", PEERS)
def test_losses_of_200_steps(name: str, clips_inside: bool) -> None:
    options = OPTIONS.get(name, {"lr": 0.003})
    # In float64, so that what differs is a formula and not the training's own instability. torch
    # keeps NAdam's mu_product in float32.
    got = Training(ours(name), torch.float64, clips_inside, **options).run(200)
    wanted = Training(theirs(name), torch.float64, False, **options).run(200)
    assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= 1e-6
    assert sum(got[-4:]) < 0.8 * sum(got[:4])


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_losses_of_200_steps_in_float32(name: str) -> None:
    options = OPTIONS.get(name, {"lr": 0.003})
    got = Training(ours(name), torch.float32, False, **options).run(200)
    wanted = Training(theirs(name), torch.float32, False, **options).run(200)
    assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= 1e-4


RESUMED: list[dict[str, Any]] = [
    {},
    {"state_dtype": "bfloat16", "seed": 7},
    {"state_dtype": "8bit", "ema": 0.99},
]


@pytest.mark.parametrize("options", RESUMED, ids=["plain", "bfloat16", "8bit"])
@pytest.mark.parametrize("name", PEERS + OWN)
def test_resumed_run_has_the_same_bits(name: str, options: dict[str, Any]) -> None:
    options = {**OPTIONS.get(name, {"lr": 0.003}), **options}
    through = Training(ours(name), torch.float32, True, **options)
    through.run(24)
    stopped = Training(ours(name), torch.float32, True, **options)
    stopped.run(12)
    resumed = Training(ours(name), torch.float32, True, **options)
    resumed.load(stopped.save())
    resumed.run(12)
    assert_same_bits(resumed.model.parameters(), through.model.parameters())
    for param, other in zip(resumed.model.parameters(), through.model.parameters(), strict=True):
        state, wanted = resumed.optimizer.state[param], through.optimizer.state[other]
        assert state.keys() == wanted.keys()
        assert_same_bits(state.values(), wanted.values())


@pytest.mark.parametrize("name", PEERS + OWN)
def test_two_runs_have_the_same_bits(name: str) -> None:
    options = OPTIONS.get(name, {"lr": 0.003})
    one = Training(ours(name), torch.float32, True, **options)
    other = Training(ours(name), torch.float32, True, **options)
    assert one.run(8) == other.run(8)
    assert_same_bits(one.model.parameters(), other.model.parameters())
