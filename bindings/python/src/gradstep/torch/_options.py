# SPDX-License-Identifier: Apache-2.0
"""The options that these optimizers have beyond torch.optim's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from .._library import CONSTANTS

# torch's dtypes as the library numbers them. Complex tensors are pairs of real numbers.
DTYPES: dict[torch.dtype, int] = {
    torch.float32: CONSTANTS["FLOAT32"],
    torch.float64: CONSTANTS["FLOAT64"],
    torch.bfloat16: CONSTANTS["BFLOAT16"],
    torch.float16: CONSTANTS["FLOAT16"],
    torch.complex64: CONSTANTS["FLOAT32"],
    torch.complex128: CONSTANTS["FLOAT64"],
    torch.complex32: CONSTANTS["FLOAT16"],
}
EIGHT_BIT = (CONSTANTS["S1E4M3_B256"], CONSTANTS["E5M3_B256"])

_STATE_DTYPES: dict[Any, int | None] = {
    None: None,
    "float32": CONSTANTS["FLOAT32"],
    "bfloat16": CONSTANTS["BFLOAT16"],
    "float16": CONSTANTS["FLOAT16"],
    "8bit": CONSTANTS["S1E4M3_B256"],
    torch.float32: CONSTANTS["FLOAT32"],
    torch.bfloat16: CONSTANTS["BFLOAT16"],
    torch.float16: CONSTANTS["FLOAT16"],
}

OPTIONS_HELP = """
    state_dtype
        The dtype of the state: None (the param's, as in torch.optim), "float32", "bfloat16",
        "float16" or "8bit" (blocks of 256 elements with a scale; tensors of fewer than 4096
        elements stay float32). Narrow state that is chosen here is rounded stochastically, so that
        slow averages do not stall. State of float64 params stays float64. "float16" holds nothing
        between 0 and 6e-8: squares of gradients below 2.4e-4 vanish there, and rules that divide
        by their root, such as AdamW, can diverge. "bfloat16" and "8bit" hold them.
    stochastic_rounding
        Params of bfloat16 and float16 are rounded stochastically instead of to nearest.
    split_bf16
        The state holds the lower halves of bfloat16 params (``param_low``), so that training gives
        the same bits as with float32 params.
    clip_norm
        All gradients are multiplied by min(1, clip_norm / (norm + 1e-6)), as
        ``torch.nn.utils.clip_grad_norm_`` does, within the step. The gradients themselves stay as
        they are. ``math.inf`` clips nothing and tells the norm in ``last_step.grad_norm``. The norm
        is over all processes if params are DTensors, as with FSDP2. In a
        ZeroRedundancyOptimizer it would be over the params of one process: clip before the step.
    check_finite
        A step with a gradient that is infinite or NaN is skipped: see ``last_step.is_skipped``.
    ema
        The decay of a moving average of the params, kept in the state (``ema``): see
        ``averaged()``.
    copy_to
        A dtype, or a dict from params to tensors: each step also writes the new params there. With
        a dtype the optimizer makes the tensors: see ``copies``.
    zero_grads
        Each step sets the gradients to 0 in the same pass.
    seed
        The seed of stochastic rounding.
    context
        A `gradstep.Context`; None: one with torch.get_num_threads() threads.
"""


def _decay(name: str, value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} is {value}; it is None or a number from 0 to 1")
    return number


@dataclass
class Options:
    """See `OPTIONS_HELP`."""

    state_dtype: Any = None
    stochastic_rounding: bool = False
    split_bf16: bool = False
    clip_norm: float | None = None
    check_finite: bool = False
    ema: float | None = None
    copy_to: Any = None
    zero_grads: bool = False
    seed: int = 0
    context: Any = None

    def __post_init__(self) -> None:
        try:
            _STATE_DTYPES[self.state_dtype]
        except (KeyError, TypeError):
            names = ", ".join(
                repr(name) for name in _STATE_DTYPES if not isinstance(name, torch.dtype)
            )
            raise ValueError(f"state_dtype is {self.state_dtype!r}; it is one of {names}") from None
        self.ema = _decay("ema", self.ema)
        if self.clip_norm is not None:
            self.clip_norm = float(self.clip_norm)
            if math.isnan(self.clip_norm) or self.clip_norm <= 0.0:
                raise ValueError(f"clip_norm is {self.clip_norm}; it is None or above 0")
        if self.split_bf16 and self.stochastic_rounding:
            raise ValueError(
                "split_bf16 keeps every bit of the params, so stochastic_rounding has nothing to "
                "round; give one of the two"
            )
        if (
            isinstance(self.seed, bool)
            or not isinstance(self.seed, int)
            or not 0 <= self.seed < 2**64
        ):
            raise ValueError(f"seed is {self.seed!r}; it is a whole number from 0 to 2^64 - 1")
        copies = (torch.float32, torch.bfloat16, torch.float16)
        if isinstance(self.copy_to, Mapping):
            self.copy_to = dict(self.copy_to)
        elif self.copy_to is not None and self.copy_to not in copies:
            raise ValueError(
                f"copy_to is {self.copy_to!r}; it is None, a dict from params to tensors, or one of"
                " " + ", ".join(map(str, copies))
            )

    @property
    def slot_dtype(self) -> int | None:
        """The library's number of state_dtype; None: the param's dtype."""
        return _STATE_DTYPES[self.state_dtype]

    @property
    def has_blocks(self) -> bool:
        """Whether state is kept as blocks of 8-bit codes with a scale each."""
        return self.slot_dtype in EIGHT_BIT

    @property
    def rounds_state(self) -> bool:
        """Whether narrow state is rounded stochastically."""
        return self.state_dtype is not None


OPTION_NAMES = tuple(Options.__dataclass_fields__)
