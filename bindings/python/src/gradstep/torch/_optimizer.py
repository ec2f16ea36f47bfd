# SPDX-License-Identifier: Apache-2.0
"""What all optimizer classes of gradstep.torch share: the step, and the state that torch's own
load_state_dict would convert."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from .._interrupts import InterruptsHeld
from . import _shards as shards
from ._engine import NOTHING, Engine, StepResult
from ._options import OPTION_NAMES, Options
from ._rules import keys_of
from ._state import EMA

_OPTIONS = "gradstep_options"


class _Opaque:
    """Carries a state through torch's load_state_dict, which would convert its tensors to the
    param's dtype. torch passes on what is no tensor, dict or iterable."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _hide(optimizer: torch.optim.Optimizer, state_dict: dict[str, Any]) -> dict[str, Any]:
    state = {key: _Opaque(value) for key, value in state_dict["state"].items()}
    return {**state_dict, "state": state}


def _on_param_device(value: Any) -> Any:
    """Values of a loaded state that are tensors on another device come to the CPU."""
    if isinstance(value, torch.Tensor) and value.device.type not in ("cpu", "meta"):
        return value.cpu()
    return value


def _plain_step(optimizer: Optimizer, closure: Callable[[], Any] | None = None) -> Any:
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    optimizer._native_step()
    return loss


_observed_step = torch.optim.Optimizer.profile_hook_step(_plain_step)


class Optimizer(torch.optim.Optimizer):
    """Base of the classes of gradstep.torch: a torch.optim.Optimizer whose step is one call of the
    library for all params with the same options and step count.

    Params are dense tensors on the CPU: float32, float64, bfloat16, float16 or complex."""

    rule_name: str = ""
    scalar_dtype: torch.dtype = torch.float64
    options: Options

    def _set_options(self, options: Options) -> None:
        self.options = options
        self._engine = Engine(self)
        self._copies: dict[torch.Tensor, torch.Tensor] = {}
        self.last_step: StepResult = NOTHING

    def _check_groups(self) -> None:
        """Raises for values that the library refuses, when they are given rather than later."""
        for layout, group in zip(self._engine.layouts(), self.param_groups, strict=True):
            for param in group["params"]:
                shards.check(type(self).__name__, param, layout.rule)
                layout.check_blocks(param)

    def _check_keys(self) -> None:
        """Raises KeyError if a group lacks a hyper-parameter."""
        needed = keys_of(self.rule_name, self.defaults)
        for index, group in enumerate(self.param_groups):
            for key in needed:
                if key not in group:
                    given = ", ".join(name for name in group if name != "params")
                    raise KeyError(
                        f"param_groups[{index}] has no {key!r}, which {type(self).__name__} "
                        f"needs; it has {given}"
                    )

    # ---- stepping ----

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Makes one step for every param that has a gradient.

        closure
            Evaluates the model again and returns the loss, which the step returns.

        Raises RuntimeError for gradients that are sparse or not on the CPU, and ValueError for
        options out of their bounds; the step then has changed nothing."""
        if (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _global_optimizer_pre_hooks
            or _global_optimizer_post_hooks
            or torch.autograd.profiler._is_profiler_enabled
        ):
            return _observed_step(self) if closure is None else _observed_step(self, closure)
        return _plain_step(self, closure)

    # torch wraps the step of every class to call hooks and to tell the profiler; this one does so
    # itself, but only if there are any.
    step.hooked = True  # type: ignore[attr-defined]

    @torch._disable_dynamo  # type: ignore[untyped-decorator]
    def _native_step(self) -> None:
        self.last_step = self._engine.step()

    def _step_param(self, param: torch.Tensor) -> None:
        """Steps one param: see `step_in_backward`."""
        plan = self._engine.plan()
        row = plan.rows.get(id(param))
        if row is None:
            raise ValueError("the param belongs to no group of this optimizer")
        self.last_step = self._engine.step(row)

    # ---- copies and averages ----

    def _copies_of(self, params: list[torch.Tensor]) -> dict[torch.Tensor, torch.Tensor]:
        wanted = self.options.copy_to
        if wanted is None:
            return {}
        if isinstance(wanted, Mapping):
            return dict(wanted)
        for param in params:
            if param not in self._copies and not param.is_complex():
                self._copies[param] = param.detach().to(wanted, copy=True)
        return self._copies

    @property
    def copies(self) -> dict[torch.Tensor, torch.Tensor]:
        """The copies of copy_to: param -> the tensor that each step writes the new param to."""
        params = [param for group in self.param_groups for param in group["params"]]
        return dict(self._copies_of(params))

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within ``with optimizer.averaged():`` the params hold their moving averages (option
        ``ema``), for an evaluation. Raises ValueError if the optimizer has none."""
        if self.options.ema is None:
            raise ValueError("averaged() needs the option ema, which is None")
        kept = []
        with torch.no_grad():
            for param, state in self.state.items():
                if isinstance(state, dict) and EMA in state:
                    kept.append((param, param.detach().clone()))
                    param.copy_(state[EMA])
        try:
            yield
        finally:
            with torch.no_grad():
                for param, value in kept:
                    param.copy_(value)

    # ---- groups and states ----

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch.optim's. A group of unsuitable values is not added."""
        before = len(getattr(self, "param_groups", ()))
        super().add_param_group(param_group)
        if "_engine" in self.__dict__:
            try:
                self._check_groups()
            except Exception:
                del self.param_groups[before:]
                self._engine.forget()
                raise

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Loads a state of this class or of torch.optim's class of the same name. The state is
        converted to state_dtype; a state that has it already keeps every bit.

        Raises ValueError for groups of other sizes, and KeyError for a group that lacks a
        hyper-parameter, as that of another class may; nothing is loaded then."""
        hook = self.register_load_state_dict_pre_hook(_hide)  # after the user's hooks
        try:
            super().load_state_dict(state_dict)
        finally:
            hook.remove()

    def __getstate__(self) -> dict[str, Any]:
        kept = super().__getstate__()
        kept[_OPTIONS] = {name: getattr(self.options, name) for name in OPTION_NAMES}
        kept["_step_supports_amp_scaling"] = getattr(self, "_step_supports_amp_scaling", False)
        return kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        options = state.pop(_OPTIONS, None)
        if "state" in state:
            for key, value in state["state"].items():
                if isinstance(value, _Opaque):
                    found = value.value
                    if isinstance(found, dict):
                        found = {name: _on_param_device(each) for name, each in found.items()}
                    state["state"][key] = found
        kept = self.__dict__.get("param_groups"), self.__dict__.get("state")
        super().__setstate__(state)  # torch's classes add what their older versions did not have
        try:
            self._check_keys()
        except KeyError:
            self.__dict__.update(zip(("param_groups", "state"), kept, strict=True))
            raise
        if options is not None or "options" not in self.__dict__:
            self._set_options(Options(**(options or {})))
        else:
            self._engine.forget()
            self._engine._fresh.clear()

    # ---- transforms ----

    def _transform(self, name: str) -> None:
        with InterruptsHeld():
            self._engine.transform(name)


def transform_method(name: str, help_text: str) -> Callable[[Optimizer], None]:
    """A method that makes one of the rule's transforms."""

    def method(self: Optimizer) -> None:
        self._transform(name)

    method.__name__ = name
    method.__doc__ = help_text
    return method
