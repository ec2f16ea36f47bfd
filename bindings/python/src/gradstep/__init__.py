# SPDX-License-Identifier: Apache-2.0
"""gradstep: the optimizer's update in machine learning at memory speed, for numpy arrays and
whatever has ``__dlpack__`` or exports a buffer.

::

    opt = gradstep.Optimizer({"w": w, "b": b}, "adamw", lr=1e-3)
    opt.step({"w": gradient_of_w, "b": gradient_of_b})   # w and b are updated in place

`rules` and `schedules` print what there is."""

from ._apply import (
    apply,
    gradient_norm,
    make_scalars,
    make_shared_scalars,
    make_slots,
    transform,
)
from ._catalogue import (
    HyperparameterInfo,
    RuleInfo,
    ScalarInfo,
    ScheduleInfo,
    SlotInfo,
    rules,
    schedules,
)
from ._context import Context, ContextInfo, isa_names, shared_context
from ._errors import (
    Busy,
    CheckpointMismatch,
    CorruptCheckpoint,
    Error,
    FileError,
    IndexOutOfRange,
    InternalError,
    InvalidArgument,
    OutOfMemory,
    OutOfRange,
    UnknownName,
    Unsupported,
    WrongOrder,
)
from ._groups import Group
from ._library import version as _version
from ._optimizer import Optimizer
from ._quantized import BlockQuantized
from ._results import LoadResult, NormResult, OptimizerInfo, StepResult, TensorInfo
from ._rule import Rule
from ._scalers import LossScaler, Plateau
from ._schedule import Schedule
from ._stepping import Stepping

__version__ = _version()

__all__ = [
    "BlockQuantized",
    "Busy",
    "CheckpointMismatch",
    "Context",
    "ContextInfo",
    "CorruptCheckpoint",
    "Error",
    "FileError",
    "Group",
    "HyperparameterInfo",
    "IndexOutOfRange",
    "InternalError",
    "InvalidArgument",
    "LoadResult",
    "LossScaler",
    "NormResult",
    "Optimizer",
    "OptimizerInfo",
    "OutOfMemory",
    "OutOfRange",
    "Plateau",
    "Rule",
    "RuleInfo",
    "ScalarInfo",
    "Schedule",
    "ScheduleInfo",
    "SlotInfo",
    "StepResult",
    "Stepping",
    "TensorInfo",
    "UnknownName",
    "Unsupported",
    "WrongOrder",
    "__version__",
    "apply",
    "gradient_norm",
    "isa_names",
    "make_scalars",
    "make_shared_scalars",
    "make_slots",
    "rules",
    "schedules",
    "shared_context",
    "transform",
]
