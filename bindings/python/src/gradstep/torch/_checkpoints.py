# SPDX-License-Identifier: Apache-2.0
"""Files of an optimizer's state: the library's checkpoint, which is a safetensors file. Its arrays
are named "<param>.<state>", as docs/checkpoints.md describes, so every program that links gradstep
can load it. Shapes, dtypes and the options of the groups are in its notes."""

from __future__ import annotations

import base64
import ctypes
import io
import json
import os
from typing import Any

import torch

from .._catalogue import rule_info
from .._context import shared_context
from .._errors import CheckpointMismatch
from .._library import CONSTANTS, call, described, text
from . import _joint
from ._native_optimizer import NativeOptimizer
from ._optimizer import Optimizer
from ._plan import Plan
from ._state import EMA, PARAM_LOW, STEP

_NOTE = "gradstep.torch"
_NOTE_SIZE = 1 << 19  # the library takes up to 2^20 bytes in a note


class _Native(NativeOptimizer):
    """The optimizer of the library that a file is saved from or loaded into."""

    def __init__(self) -> None:
        super().__init__(shared_context(1))

    def fill(self, plan: Plan, names: list[str]) -> list[int]:
        """Adds the groups, and every param that has a state. Returns their rows: the i-th is that
        of tensor i."""
        for place, rule in enumerate(plan.rules):
            self.add_group(f"group{place}", rule)
        rows = [row for row in range(plan.count) if plan.is_ready[row]]
        plan.scalars[:] = plan.scalar_numbers
        for row in rows:
            group, step = int(plan.group_of[row]), int(plan.step_numbers[row])
            self.add_row(plan, row, group, names[row], step)
        return rows

    def set_notes(self, content: dict[str, Any]) -> None:
        """Keeps JSON in as many notes as it needs."""
        whole = json.dumps(content)
        for number, begin in enumerate(range(0, len(whole), _NOTE_SIZE)):
            part = whole[begin : begin + _NOTE_SIZE]
            call("optimizer_set_note", self.handle, f"{_NOTE}.{number}".encode(), part.encode())

    def notes(self) -> dict[str, Any] | None:
        """The JSON of `set_notes`; None if there is none."""
        parts: list[str] = []
        pointer = ctypes.c_char_p()
        count = ctypes.c_size_t()
        call("optimizer_note_count", self.handle, ctypes.addressof(count))
        found = set()
        name = ctypes.c_char_p()
        for index in range(count.value):
            call("optimizer_note_at", self.handle, index, ctypes.addressof(name), None)
            found.add(text(name.value))
        while f"{_NOTE}.{len(parts)}" in found:
            call(
                "optimizer_get_note",
                self.handle,
                f"{_NOTE}.{len(parts)}".encode(),
                ctypes.addressof(pointer),
            )
            parts.append(text(pointer.value))
        return json.loads("".join(parts)) if parts else None


def _plain(value: Any) -> Any:
    """An option of a group as JSON. A tensor keeps its dtype and bits."""
    if isinstance(value, torch.Tensor):
        buffer = io.BytesIO()
        torch.save(value.detach().clone(), buffer)
        return {"tensor": base64.b64encode(buffer.getvalue()).decode()}
    if isinstance(value, tuple):
        return {"tuple": [_plain(each) for each in value]}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"an option of a group is {value!r}; a checkpoint holds numbers, texts and tensors"
    )


def _option(value: Any) -> Any:
    """The inverse of `_plain`."""
    if isinstance(value, dict):
        if "tuple" in value:
            return tuple(map(_option, value["tuple"]))
        data = base64.b64decode(value["tensor"])
        return torch.load(io.BytesIO(data), weights_only=True)
    return list(map(_option, value)) if isinstance(value, list) else value


def _path(path: Any) -> bytes:
    return os.fsencode(os.fspath(path))


def _param_names(optimizer: Optimizer, model: torch.nn.Module | None) -> list[str]:
    """A name for each param: of the model, of the groups, or its number."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    if model is not None:
        known = {id(param): name for name, param in model.named_parameters()}
        missing = [row for row, param in enumerate(params) if id(param) not in known]
        if missing:
            raise ValueError(f"param {missing[0]} of the optimizer is no param of the model")
        names = [known[id(param)] for param in params]
    else:
        given = [name for group in optimizer.param_groups for name in group.get("param_names", ())]
        names = given if len(given) == len(params) else [str(row) for row in range(len(params))]
    if len(set(names)) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two params have the name {repeated!r}")
    return names


def _description(optimizer: Optimizer, plan: Plan, names: list[str]) -> dict[str, Any]:
    """What the note says: enough to make a state_dict without the model."""
    groups = []
    begin = 0
    for group in optimizer.param_groups:
        end = begin + len(group["params"])
        options = {
            key: _plain(value)
            for key, value in group.items()
            if key not in ("params", "param_names")
        }
        groups.append(
            {"options": options, "params": names[begin:end], "has_names": "param_names" in group}
        )
        begin = end
    params = [
        [str(param.dtype).removeprefix("torch."), list(param.shape), bool(plan.is_ready[row])]
        for row, param in enumerate(plan.params)
    ]
    own = optimizer.options
    return {
        "class": type(optimizer).__name__,
        "groups": groups,
        "params": params,
        "options": {"ema": own.ema, "split_bf16": own.split_bf16},
    }


def save(
    optimizer: Optimizer, path: Any, *, model: torch.nn.Module | None = None, params: bool = False
) -> None:
    """Writes an optimizer's state to a safetensors file, which replaces the file at `path` as a
    whole or not at all.

    model
        Gives the params their names in the file. None: the names that the optimizer was made with
        (``AdamW(model.named_parameters())``) or, without any, their numbers.
    params
        The file holds the params too.

    Raises `gradstep.FileError` (an OSError), RuntimeError for sharded params (use
    torch.distributed.checkpoint for these), ValueError for names that occur twice."""
    _check_kind(optimizer)
    names = _param_names(optimizer, model)
    plan = optimizer._engine.plan()
    _check_plan(plan, params)
    native = _Native()
    if native.fill(plan, names):
        found = plan.rules[0].description
        native.set_shared(found, _joint.shared_values(found, optimizer.param_groups[0]))
    native.set_notes(_description(optimizer, plan, names))
    flags = CONSTANTS["CHECKPOINT_PARAMS"] if params else 0
    call("optimizer_save", native.handle, _path(path), flags)


def _check_kind(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"the optimizer is a {type(optimizer).__name__}; it is one of gradstep.torch"
        )


def _check_plan(plan: Plan, params: bool) -> None:
    if plan.has_shards:
        raise RuntimeError(
            "a param is sharded over processes; torch.distributed.checkpoint saves and loads these"
        )
    if params and plan.param_routes:
        raise RuntimeError("a param is not dense, so it cannot be in the file; give params=False")


def _read_notes(path: Any) -> dict[str, Any]:
    """The note of a file. The whole file is verified."""
    native = _Native()
    call("optimizer_load", native.handle, _path(path), CONSTANTS["CHECKPOINT_PARTIAL"], None)
    found = native.notes()
    if found is None:
        raise CheckpointMismatch(
            f"{os.fspath(path)} was not saved by gradstep.torch: it has no note {_NOTE}.0"
        )
    return found


def load(
    optimizer: Optimizer, path: Any, *, model: torch.nn.Module | None = None, params: bool = False
) -> None:
    """Loads what `save` has written, into an optimizer of the same class with the same groups and
    params. The run then goes on to the bit. Options of the groups are loaded too, as
    load_state_dict does. State of another dtype is converted to the optimizer's state_dtype.

    model, params
        As for `save`; with ``params=True`` the file must hold the params, which are loaded too.

    On failure nothing has changed. Raises `gradstep.CorruptCheckpoint` for a damaged file,
    `gradstep.CheckpointMismatch` for one of another model, `gradstep.FileError`."""
    _check_kind(optimizer)
    note = _read_notes(path)
    names = _param_names(optimizer, model)
    _check_note(optimizer, note, names)
    ready = [is_ready for _, _, is_ready in note["params"]]
    engine = optimizer._engine
    layouts = engine.layouts()
    states: dict[torch.Tensor, Any] = {}
    with torch.no_grad():
        plan = Plan(
            optimizer.param_groups,
            states,
            layouts,
            lambda row, _: ready[row],
            {},
            optimizer.scalar_dtype,
            type(optimizer).__name__,
        )
    _check_plan(plan, params)
    shared: dict[str, float] = {}
    native = _Native()
    rows = native.fill(plan, names)
    flags = CONSTANTS["CHECKPOINT_KEEP_SETTINGS"]
    if params:
        flags |= CONSTANTS["CHECKPOINT_PARAMS"]
    call("optimizer_load", native.handle, _path(path), flags, None)
    for index, row in enumerate(rows):
        info = described("optimizer_describe_tensor", "tensor_info", native.handle, index)
        plan.step_numbers[row] = info.step_count
    if rows:
        found = plan.rules[0].description
        names_of_shared = [scalar.name for scalar in found.shared_scalars]
        shared.update(zip(names_of_shared, native.shared(found), strict=True))
    plan.scalar_numbers[:] = plan.scalars
    optimizer.state.clear()
    optimizer.state.update(states)
    for group, saved in zip(optimizer.param_groups, note["groups"], strict=True):
        group.update({key: _option(value) for key, value in saved["options"].items()})
        group.update(shared)
    engine.forget()
    engine._fresh.clear()
    if params:
        torch.autograd.graph.increment_version(plan.params)


def _check_note(optimizer: Optimizer, note: dict[str, Any], names: list[str]) -> None:
    kind = type(optimizer).__name__
    if note["class"] != kind:
        raise CheckpointMismatch(f"the file holds the state of {note['class']}, not of {kind}")
    saved = [name for group in note["groups"] for name in group["params"]]
    sizes = [len(group["params"]) for group in note["groups"]]
    own = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != own:
        raise CheckpointMismatch(
            f"the groups of the file have {sizes} params, the optimizer's {own}"
        )
    for name, other in zip(names, saved, strict=True):
        if name != other:
            raise CheckpointMismatch(
                f"the file has the param {other!r} where the optimizer has {name!r}"
            )
    params = [param for group in optimizer.param_groups for param in group["params"]]
    for name, param, (_, shape, _) in zip(names, params, note["params"], strict=True):
        if list(param.shape) != shape:
            raise CheckpointMismatch(
                f"the file has the shape {tuple(shape)} for {name!r}, the optimizer "
                f"{tuple(param.shape)}"
            )


# ---- torch's state_dict and files, without a model ----


def _param_shape(state: dict[str, Any], kind: type[Optimizer]) -> list[int]:
    """The shape of the param that a state belongs to."""
    if "row_var" in state and "col_var" in state:
        return [*state["row_var"].shape[:-1], state["col_var"].shape[-1]]
    for value in state.values():
        if isinstance(value, torch.Tensor) and value.dim() > 0:
            return list(value.shape)
    return []


def _guess_class(state_dict: dict[str, Any], classes: dict[str, type[Optimizer]]) -> str:
    """The class whose groups have these keys, and whose state has these names."""
    group = {
        key: value
        for key, value in state_dict["param_groups"][0].items()
        if key not in ("params", "param_names", "initial_lr")
    }
    fitting = []
    for name, kind in classes.items():
        defaults = kind([torch.zeros(1, requires_grad=True)]).defaults
        shared = {scalar.name for scalar in rule_info(kind.rule_name).shared_scalars}
        if set(defaults) == set(group) - (shared - set(defaults)) and defaults.get(
            "decoupled_weight_decay"
        ) == group.get("decoupled_weight_decay"):
            fitting.append(name)
    if len(fitting) != 1:
        raise ValueError(
            "the options of the groups do not tell the optimizer's class; give its name, one of "
            + ", ".join(classes)
        )
    return fitting[0]


def state_dict_to_file(state_dict: dict[str, Any], path: Any, optimizer: str | None = None) -> str:
    """Writes a state_dict of torch.optim or gradstep.torch to a file, as `save` does. Returns the
    name of the optimizer's class.

    optimizer
        That name. None: it is found from the options of the groups."""
    from . import classes

    if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= set(state_dict):
        raise ValueError(
            "the file holds no state_dict of an optimizer: it has no state or param_groups"
        )
    name = optimizer or _guess_class(state_dict, classes)
    if name not in classes:
        raise ValueError(f"there is no optimizer {name!r}; there are " + ", ".join(classes))
    state = state_dict["state"]
    groups = []
    for group in state_dict["param_groups"]:
        made = []
        for key in group["params"]:
            entry = state.get(key, {})
            dtype = _param_dtype(entry)
            made.append(
                torch.zeros(_param_shape(entry, classes[name]), dtype=dtype, requires_grad=True)
            )
        options = {
            key: value for key, value in group.items() if key not in ("params", "param_names")
        }
        if "param_names" in group:
            made = list(zip(group["param_names"], made, strict=True))
        groups.append({"params": made, **options})
    has_ema = any(EMA in entry for entry in state.values())
    stand_in = classes[name](
        groups,
        state_dtype=_state_dtype(state_dict),
        split_bf16=any(PARAM_LOW in entry for entry in state.values()),
        ema=0.0 if has_ema else None,
    )
    stand_in.load_state_dict(state_dict)
    save(stand_in, path)
    return name


def _param_dtype(state: dict[str, Any]) -> torch.dtype:
    for name, value in state.items():
        if (
            name != STEP
            and isinstance(value, torch.Tensor)
            and value.dim() > 0
            and (value.is_floating_point() or value.is_complex())
            and not name.endswith("_scale")
        ):
            return value.dtype
    return torch.float32


def _state_dtype(state_dict: dict[str, Any]) -> str | None:
    is_8bit = any(
        isinstance(value, torch.Tensor) and value.dtype == torch.uint8
        for state in state_dict["state"].values()
        for value in state.values()
    )
    return "8bit" if is_8bit else None


def state_dict_from_file(path: Any) -> dict[str, Any]:
    """The state_dict of a file that `save` has written. torch.optim's class of the same name loads
    it. State of 8 bits becomes float32."""
    from . import classes

    note = _read_notes(path)
    shapes = iter(note["params"])
    groups = []
    for group in note["groups"]:
        made: list[Any] = []
        for _ in group["params"]:
            dtype, shape, _ = next(shapes)
            made.append(torch.zeros(shape, dtype=getattr(torch, dtype), requires_grad=True))
        if group["has_names"]:
            made = list(zip(group["params"], made, strict=True))
        options = {key: _option(value) for key, value in group["options"].items()}
        groups.append({"params": made, **options})
    stand_in = classes[note["class"]](groups, **note["options"])
    names = [name for group in note["groups"] for name in group["params"]]
    _load_as(stand_in, path, names)
    return stand_in.state_dict()


def _load_as(optimizer: Optimizer, path: Any, names: list[str]) -> None:
    """Loads a file into stand-ins, under the names of the file."""
    begin = 0
    for group in optimizer.param_groups:
        end = begin + len(group["params"])
        had_names = "param_names" in group
        group["param_names"] = names[begin:end]
        begin = end
        group["_had_names"] = had_names
    load(optimizer, path)
    for group in optimizer.param_groups:
        if not group.pop("_had_names"):
            del group["param_names"]
