# SPDX-License-Identifier: Apache-2.0
"""The contender of a case where PyTorch is not installed: gradstep alone, for numpy arrays."""

from __future__ import annotations

from .cases import Case
from .native_step import LOSS_SCALE, NativeStep
from .turns import Built, Contender


def build(case: Case) -> Built:
    """The arrays of a case, and gradstep's step of them."""
    made = NativeStep(case.rule, case.shapes, case.options, case.is_complete)
    kept = [grad * LOSS_SCALE for grad in made.grads] if case.is_complete else []

    def set_grads() -> None:
        for grad, value in zip(made.grads, kept, strict=True):
            grad[...] = value

    return Built(
        [Contender("gradstep", made.step)],
        made.set_threads,
        set_grads if case.is_complete else None,
    )
