# SPDX-License-Identifier: Apache-2.0
"""What calls report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepResult:
    """What a step reports.

    grad_norm
        The global norm of the scaled gradients, before clipping. 0 if the step did not need it: it
        is known with max_norm, check_finite, a loss scaler or a norm that the caller supplied.
    clip_factor
        By which max_norm multiplied the gradients; else 1.
    non_finite_count
        How many elements of gradients are infinite or NaN. Known when grad_norm is.
    is_skipped
        True: a gradient was not finite, and nothing was updated. Do not count this step.
    is_stopped
        True: the rule stopped the step; nothing was updated.
    piece_count
        How many pieces of work ran; 1 if the calling thread did everything.
    left_out
        Only after stepping tensor by tensor: how many tensors should have been stepped and were
        not."""

    grad_norm: float
    clip_factor: float
    non_finite_count: int
    is_skipped: bool
    is_stopped: bool
    piece_count: int
    left_out: int = 0


def step_result(made: Any) -> StepResult:
    """From a gradstep_apply_result."""
    return StepResult(
        made.grad_norm,
        made.clip_factor,
        made.non_finite_count,
        bool(made.is_skipped),
        bool(made.is_stopped),
        made.piece_count,
        made.left_out_count,
    )


@dataclass(frozen=True)
class NormResult:
    """The global norm of gradients, and how many of their elements are infinite or NaN."""

    norm: float
    non_finite_count: int


@dataclass(frozen=True)
class LoadResult:
    """What a load found: tensors loaded; tensors of the optimizer that the checkpoint lacks or that
    do not fit; tensors of the checkpoint that were not loaded."""

    loaded_count: int
    missing_count: int
    extra_count: int


@dataclass(frozen=True)
class OptimizerInfo:
    """An optimizer in numbers.

    step_count counts the steps that were not skipped. grad_norm is that of the last step.
    state_bytes is the memory of slots, scales and accumulated gradients."""

    group_count: int
    tensor_count: int
    step_count: int
    skipped_count: int
    grad_norm: float
    state_bytes: int
    is_in_step: bool


@dataclass(frozen=True)
class TensorInfo:
    """A tensor in numbers.

    step_count counts the steps in which the tensor took part, accumulate_count the calls of
    accumulate since its last step, average_count the params in its average."""

    name: str
    group: str
    shape: tuple[int, ...]
    dtype: str
    step_count: int
    accumulate_count: int
    average_count: int
    is_frozen: bool
    has_grad: bool
