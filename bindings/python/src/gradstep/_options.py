# SPDX-License-Identifier: Apache-2.0
"""The keywords that a step takes, as fields and flags of the library's structs."""

from __future__ import annotations

from typing import Any

from ._errors import InvalidArgument
from ._handles import number, whole_number
from ._library import CONSTANTS

# Keywords that are one flag of gradstep_apply_options.
FLAGS = {
    "check_finite": "CHECK_FINITE",
    "zero_grad": "ZERO_GRAD",
    "stochastic_params": "STOCHASTIC_PARAM",
    "nearest_slots": "NEAREST_SLOTS",
    "fresh_slots": "FRESH_SLOTS",
}
# Keywords that are a number and the flag that says that it is set.
NUMBERS = {
    "grad_scale": "GRAD_SCALE",
    "max_norm": "MAX_NORM",
    "max_value": "MAX_VALUE",
    "grad_norm": "GRAD_NORM",
}
# Which of them an optimizer keeps for all its steps, and their values at first.
LASTING: dict[str, Any] = {
    "max_norm": None,
    "max_value": None,
    "average_decay": None,
    "average_equal": False,
    "check_finite": False,
    "zero_grad": False,
    "stochastic_params": False,
    "nearest_slots": False,
    "seed": 0,
}


def _flag(name: str) -> int:
    return int(CONSTANTS[f"APPLY_{name}"])


def fill_options(made: Any, values: dict[str, Any]) -> None:
    """Sets the fields and flags of a gradstep_apply_options or gradstep_optimizer_options."""
    flags = 0
    for key, flag in FLAGS.items():
        if values.get(key):
            flags |= _flag(flag)
    for key, flag in NUMBERS.items():
        if values.get(key) is not None:
            setattr(made, key, number(values[key], key))
            flags |= _flag(flag)
    flags |= _average(made, values)
    made.seed = whole_number(values.get("seed", 0), "seed")
    made.flags = flags


def _average(made: Any, values: dict[str, Any]) -> int:
    decay, is_equal = values.get("average_decay"), bool(values.get("average_equal"))
    if decay is None and not is_equal:
        return 0
    if decay is not None and is_equal:
        raise InvalidArgument("average_decay and average_equal exclude each other")
    if is_equal:
        return _flag("AVERAGE") | _flag("AVERAGE_EQUAL")
    made.average_decay = number(decay, "average_decay")
    return _flag("AVERAGE")
