# SPDX-License-Identifier: Apache-2.0
"""A step made tensor by tensor."""

from __future__ import annotations

import contextlib
import ctypes
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._library import call, struct
from ._records import KEEP
from ._results import StepResult, step_result

if TYPE_CHECKING:
    from ._optimizer import Optimizer


class Stepping:
    """``with opt.stepping() as s: s.step(name, grad)``: each tensor is stepped as soon as its
    gradient is ready, from any thread. `result` is there after the block."""

    def __init__(self, optimizer: Optimizer, options: Any) -> None:
        self._optimizer = optimizer
        self._options = options
        self.result: StepResult | None = None

    def __enter__(self) -> Stepping:
        address = ctypes.addressof(self._options)
        try:
            call("optimizer_begin_step", self._optimizer.address, address)
        except Error:
            raise
        except BaseException:  # Ctrl-C, perhaps after the step has begun
            with contextlib.suppress(Error):
                self._end()
            raise
        return self

    def step(self, name: str, grad: Any = KEEP) -> None:
        """Steps one tensor, with this gradient or with the one that is set already. Raises
        `WrongOrder` for a tensor that was already stepped."""
        record = self._optimizer.record(name)
        if grad is not KEEP:
            self._optimizer.set_grad(name, grad)
        record.check()
        call("optimizer_step_tensor", self._optimizer.address, record.index)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.result = self._end()

    def _end(self) -> StepResult:
        made = struct("apply_result")
        call("optimizer_end_step", self._optimizer.address, ctypes.addressof(made))
        return step_result(made)
