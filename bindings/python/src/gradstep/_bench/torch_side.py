# SPDX-License-Identifier: Apache-2.0
"""The contenders of a case where PyTorch is installed: gradstep.torch, and torch's own ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import torch as gradstep_torch
from .cases import Case
from .native_step import AVERAGE_DECAY, LOSS_SCALE, MAX_NORM, NATIVE_CALL, NativeStep
from .turns import Built, Contender, Disagreement

_WAYS: dict[str, dict[str, bool]] = {
    "fused": {"fused": True},
    "foreach": {"foreach": True},
    "default": {},
    "fused, separate passes": {"fused": True},
}
_LARGEST_BFLOAT16_DIFFERENCE = 2.0**-8


def _classes(case: Case) -> tuple[Any, Any]:
    """gradstep's class, and torch's of the same name."""
    for name, kind in gradstep_torch.classes.items():
        if kind.rule_name == case.rule:
            return kind, getattr(torch.optim, name)
    raise KeyError(case.rule)


class _Values:
    """The initial params and the gradients of a case, from which every contender starts."""

    def __init__(self, case: Case) -> None:
        random = torch.Generator().manual_seed(1)
        self.params = [torch.randn(shape, generator=random) * 0.02 for shape in case.shapes]
        self.grads = [torch.randn(shape, generator=random) * 0.01 for shape in case.shapes]

    def free_params(self) -> None:
        """Every contender has its own by now."""
        self.params = []


class _Arrays:
    """Params of one contender. The gradients are everybody's, unless steps write to them."""

    def __init__(self, values: _Values, has_own_grads: bool = False) -> None:
        self.params = [value.clone().requires_grad_() for value in values.params]
        self.grads = [grad.clone() if has_own_grads else grad for grad in values.grads]
        for param, grad in zip(self.params, self.grads, strict=True):
            param.grad = grad


def _plain(case: Case) -> Built:
    values = _Values(case)
    kind, torch_kind = _classes(case)
    sides = [_Arrays(values)]
    optimizers = [kind(sides[0].params, **case.options)]
    contenders = [Contender("gradstep", optimizers[0].step)]
    for way in case.torch_ways:
        sides.append(_Arrays(values))
        optimizers.append(torch_kind(sides[-1].params, **case.options, **_WAYS[way]))
        contenders.append(Contender(f"torch {way}", optimizers[-1].step))
    values.free_params()
    natives = []
    if case.is_overhead:
        natives.append(NativeStep(case.rule, case.shapes, case.options))
        contenders.insert(1, Contender(NATIVE_CALL, natives[0].step))

    def set_threads(count: int) -> None:
        torch.set_num_threads(count)
        for native in natives:
            native.set_threads(count)

    def check() -> None:
        for way, side in zip(case.torch_ways, sides[1:], strict=True):
            _compare(case, f"torch {way}", sides[0].params, side.params, case.tolerance)

    return Built(contenders, set_threads, None, check)


def _compare(case: Case, name: str, ours: list[Tensor], theirs: list[Tensor], most: float) -> None:
    """Raises Disagreement if a value differs by more than `most`."""
    with torch.no_grad():
        difference = max(
            float((our.float() - their.float()).abs().max())
            for our, their in zip(ours, theirs, strict=True)
        )
    if not difference <= most:
        raise Disagreement(
            f"gradstep's and {name}'s results differ by {difference:.2e} after the same steps"
        )


class _SeparatePasses:
    """The complete step as PyTorch's programs make it: GradScaler's unscaling, clip_grad_norm_,
    AdamW(fused=True), a copy, an average, zero_grad(set_to_none=False)."""

    def __init__(self, arrays: _Arrays, optimizer: Any) -> None:
        self.arrays, self.optimizer = arrays, optimizer
        detached = [param.detach() for param in arrays.params]
        self.params = detached
        self.copies = [param.to(torch.bfloat16) for param in detached]
        self.averages = [param.clone() for param in detached]
        self._found = torch.zeros(())
        self._inverse_scale = torch.tensor(1 / LOSS_SCALE)
        self._is_first = True

    def step(self) -> None:
        """One step, as a list of calls that each go over all tensors."""
        grads = self.arrays.grads
        self._found.zero_()
        torch._amp_foreach_non_finite_check_and_unscale_(grads, self._found, self._inverse_scale)
        if self._found.item() == 0:
            torch.nn.utils.clip_grad_norm_(self.arrays.params, MAX_NORM)
            self.optimizer.step()
            torch._foreach_copy_(self.copies, self.params)
            if self._is_first:  # gradstep's average starts as the first new param
                torch._foreach_copy_(self.averages, self.params)
                self._is_first = False
            else:
                torch._foreach_lerp_(self.averages, self.params, 1 - AVERAGE_DECAY)
        torch._foreach_zero_(grads)


def _complete(case: Case) -> Built:
    values = _Values(case)
    kind, torch_kind = _classes(case)
    ours, theirs = _Arrays(values, True), _Arrays(values, True)
    values.free_params()
    optimizer = kind(
        ours.params,
        **case.options,
        clip_norm=MAX_NORM,
        check_finite=True,
        ema=AVERAGE_DECAY,
        copy_to=torch.bfloat16,
        zero_grads=True,
    )
    optimizer.grad_scale = torch.tensor(LOSS_SCALE)
    (way,) = case.torch_ways
    separate = _SeparatePasses(theirs, torch_kind(theirs.params, **case.options, **_WAYS[way]))

    def set_grads() -> None:
        for side in (ours, theirs):
            torch._foreach_copy_(side.grads, values.grads)
            torch._foreach_mul_(side.grads, LOSS_SCALE)

    def check() -> None:
        name = f"torch {way}"
        _compare(case, name, ours.params, theirs.params, case.tolerance)
        copies = [optimizer.copies[param] for param in ours.params]
        _compare(case, name, copies, separate.copies, _LARGEST_BFLOAT16_DIFFERENCE)
        averages = [optimizer.state[param]["ema"] for param in ours.params]
        _compare(case, name, averages, separate.averages, case.tolerance)

    return Built(
        [
            Contender("gradstep", optimizer.step),
            Contender(f"torch {way}", separate.step),
        ],
        torch.set_num_threads,
        set_grads,
        check,
    )


def build(case: Case) -> Built:
    """The arrays and contenders of a case."""
    make: Callable[[Case], Built] = _complete if case.is_complete else _plain
    return make(case)
