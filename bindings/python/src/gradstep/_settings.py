# SPDX-License-Identifier: Apache-2.0
"""What an optimizer is set to, and what it tells of itself."""

from __future__ import annotations

import ctypes
from typing import Any

from ._handles import name_bytes, number, whole_number
from ._library import CONSTANTS, call, described, struct
from ._options import LASTING, fill_options
from ._records import Tensors
from ._results import OptimizerInfo
from ._scalers import LossScaler
from ._state import Notes, State

_ALL = CONSTANTS["ALL_GROUPS"]


class Settings(Tensors):
    """The part of an `Optimizer` that has its options, scaler, counts and notes."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of all steps, as the constructor takes them."""
        return dict(self._options)

    def set_options(self, **options: Any) -> None:
        """Changes options of all steps: max_norm, average_decay ..., from the next step on."""
        unknown = [key for key in options if key not in LASTING]
        if unknown:
            raise TypeError(f"{unknown[0]!r} is no option; there are {', '.join(LASTING)}")
        with self.lock:
            merged = {**self._options, **options}
            made = struct("optimizer_options")
            fill_options(made, merged)
            call("optimizer_set_options", self.address, ctypes.addressof(made))
            self._options = merged

    def set_hyperparameter(self, group: int, name: bytes, value: float) -> None:
        """Sets a hyper-parameter of the group with this index: ``opt.groups[...].lr = ...``."""
        with self.lock:
            call("optimizer_set_hyperparameter", self.address, group, name, value)

    @property
    def loss_scaler(self) -> LossScaler | None:
        """A copy of the loss scaler, or None. Assign one to set it: steps then divide the gradients
        by its scale, and are skipped if a gradient is not finite."""
        made = LossScaler()
        try:
            call("optimizer_get_loss_scaler", self.address, ctypes.addressof(made.struct))
        except NotImplementedError:
            return None
        return made

    @loss_scaler.setter
    def loss_scaler(self, value: LossScaler | None) -> None:
        if value is not None and not isinstance(value, LossScaler):
            raise TypeError(f"loss_scaler is {value!r}; it is a LossScaler or None")
        address = None if value is None else ctypes.addressof(value.struct)
        call("optimizer_set_loss_scaler", self.address, address)

    def report_metric(self, metric: float) -> int:
        """Reports a metric, such as a validation loss, to the plateaus of all groups. Returns the
        number of groups whose rate was lowered."""
        count = ctypes.c_size_t()
        value = number(metric, "metric")
        call("optimizer_report_metric", self.address, value, ctypes.addressof(count))
        return count.value

    def transform(self, name: str, group: str | None = None) -> None:
        """Makes a transform of the rule for a group; None: for all groups whose rule has it."""
        index = _ALL if group is None else self.groups[group].index
        with self.lock:
            for record in self.records():
                record.check()
            key = name_bytes(name, "the transform's name")
            call("optimizer_transform", self.address, index, key)

    def evaluate(self) -> None:
        """Turns the params of schedule_free rules into those to evaluate and to keep."""
        self.transform("evaluate")

    def train(self) -> None:
        """Turns them back, so that steps can go on."""
        self.transform("train")

    # ---- Looking into it

    def _info(self) -> Any:
        return described("optimizer_describe", "optimizer_info", self.address)

    @property
    def info(self) -> OptimizerInfo:
        made = self._info()
        return OptimizerInfo(
            made.group_count,
            made.tensor_count,
            made.step_count,
            made.skipped_count,
            made.grad_norm,
            made.state_bytes,
            bool(made.is_in_step),
        )

    @property
    def step_count(self) -> int:
        """The number of steps that were not skipped. The next step uses t = step_count."""
        return int(self._info().step_count)

    @step_count.setter
    def step_count(self, value: int) -> None:
        call("optimizer_set_step_count", self.address, whole_number(value, "step_count"))

    @property
    def state(self) -> State:
        """The state: ``opt.state["w"]["exp_avg"]``."""
        return State(self)  # type: ignore[arg-type]

    @property
    def notes(self) -> Notes:
        """Texts that checkpoints hold: ``opt.notes["epoch"] = "3"``."""
        return Notes(self)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        info = self.info
        return (
            f"<gradstep.Optimizer: {info.tensor_count} tensors in {info.group_count} groups, "
            f"{info.step_count} steps>"
        )
