# SPDX-License-Identifier: Apache-2.0
"""Steps within the backward pass: each param is stepped as soon as its gradient is complete, and
the gradient is freed at once. The memory for gradients is then that of the largest param."""

from __future__ import annotations

from typing import Any

import torch

from ._optimizer import Optimizer


class BackwardSteps:
    """The hooks that `step_in_backward` has set. `remove` takes them away."""

    def __init__(self, optimizer: Optimizer, handles: list[Any]) -> None:
        self.optimizer = optimizer
        self._handles = handles

    def remove(self) -> None:
        """From now on gradients are kept, and ``optimizer.step()`` steps them."""
        for handle in self._handles:
            handle.remove()
        self._handles = []


def step_in_backward(model: torch.nn.Module, optimizer: Optimizer) -> BackwardSteps:
    """Makes ``loss.backward()`` step the params of `model`: each as soon as its gradient is
    accumulated, which then becomes None. Neither ``optimizer.step()`` nor ``zero_grad()`` is needed
    any more; schedulers work as before.

    Raises ValueError if the optimizer clips by the norm or checks all gradients first, if its rule
    sums over all params, or if a param of the model that requires a gradient is in none of its
    groups."""
    options = optimizer.options
    if options.clip_norm is not None or options.check_finite:
        name = "check_finite" if options.clip_norm is None else "clip_norm"
        raise ValueError(
            f"step_in_backward cannot work with {name}, which needs all gradients first"
        )
    if any(layout.rule.description.shared_scalars for layout in optimizer._engine.layouts()):
        raise ValueError(
            f"step_in_backward cannot work with {type(optimizer).__name__}, whose rule sums over "
            "all params"
        )
    known = {id(param) for group in optimizer.param_groups for param in group["params"]}
    params = [param for param in model.parameters() if param.requires_grad]
    for name, param in model.named_parameters():
        if param.requires_grad and id(param) not in known:
            raise ValueError(f"the param {name!r} of the model is in no group of the optimizer")

    def hook(param: torch.Tensor) -> None:
        optimizer._step_param(param)
        param.grad = None

    return BackwardSteps(
        optimizer, [param.register_post_accumulate_grad_hook(hook) for param in params]
    )
