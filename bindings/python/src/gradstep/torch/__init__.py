# SPDX-License-Identifier: Apache-2.0
"""Optimizers in place of torch.optim's: ``from gradstep.torch import AdamW``.

There is a class for every rule of the library (`classes`). Those that torch.optim has are
subclasses of torch's, with the same constructor, groups, state and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._backward import step_in_backward
from ._checkpoints import load, save
from ._classes import make_classes
from ._engine import StepResult
from ._optimizer import Optimizer

classes: dict[str, type[Optimizer]] = make_classes()
"""Every optimizer class by its name."""

globals().update(classes)

__all__ = ["Optimizer", "StepResult", "classes", "load", "save", "step_in_backward", *classes]

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
