# SPDX-License-Identifier: Apache-2.0
"""Checkpoints, and copies and pickles that continue to the bit."""

from __future__ import annotations

import copy
import gc
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradstep


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


def a_run(**options: Any) -> gradstep.Optimizer:
    opt = gradstep.Optimizer({"w": ones(3, 4), "b": ones(5, dtype=np.float64)}, "adamw", **options)
    for step in range(3):
        opt.step({"w": ones(3, 4) * step, "b": ones(5) * step})
    return opt


def fresh() -> gradstep.Optimizer:
    return gradstep.Optimizer({"w": ones(3, 4), "b": ones(5, dtype=np.float64)}, "adamw")


def bits(opt: gradstep.Optimizer) -> bytes:
    return b"".join(np.array(opt.arrays(name)["param"]).tobytes() for name in opt)


def test_a_path_bytes_and_a_file_object_hold_the_same(tmp_path: Path) -> None:
    opt = a_run()
    opt.save(tmp_path / "run", params=True)
    stream = io.BytesIO()
    opt.save(stream, params=True)
    data = opt.save_bytes(params=True)
    assert (tmp_path / "run").read_bytes() == stream.getvalue() == data
    with (tmp_path / "raw").open("wb", buffering=0) as raw:
        opt.save(raw, params=True)
    padded = io.BytesIO(b"12345" + data)
    padded.seek(5)
    sources: list[Any] = [str(tmp_path / "raw"), data, bytearray(data), memoryview(data), padded]
    for source in sources:
        other = fresh()
        assert other.load(source, params=True) == gradstep.LoadResult(2, 0, 0)
        assert bits(other) == bits(opt) and other.step_count == 3
    with (tmp_path / "run").open("rb") as file:
        fresh().load(file)


def test_the_safetensors_package_reads_it() -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = numpy.load(a_run().save_bytes(params=True))
    assert set(arrays) == {f"{t}.{a}" for t in "wb" for a in ("param", "exp_avg", "exp_avg_sq")}


def test_notes_prefixes_and_partial_loads() -> None:
    opt = a_run()
    opt.notes["epoch"] = "3"
    reader = gradstep.Optimizer(rule=None)
    assert reader.load(opt.save_bytes(), partial=True).extra_count == 2
    assert dict(reader.notes) == {"epoch": "3"}
    part = gradstep.Optimizer({"x.w": ones(3, 4)}, "adamw")
    flags: dict[str, Any] = {"partial": True, "any_group": True, "prefix": "x."}
    assert part.load(opt.save_bytes(), **flags, file_prefix="").loaded_count == 1


def test_exceptions_of_file_objects_come_through() -> None:
    class Stubborn(io.BytesIO):
        def write(self, data: Any) -> int:
            raise ZeroDivisionError("no")

        def read(self, size: Any = -1) -> bytes:
            raise KeyboardInterrupt

    opt = a_run()
    before = bits(opt)
    with pytest.raises(ZeroDivisionError, match="no"):
        opt.save(Stubborn())
    with pytest.raises(KeyboardInterrupt):
        opt.load(Stubborn(opt.save_bytes()))
    with pytest.raises(TypeError, match="bytes"):
        opt.save(io.StringIO())
    with pytest.raises(TypeError):
        opt.load(io.StringIO("text" * 1000))
    for wrong in (3, None, [], object()):
        with pytest.raises(TypeError, match="file is"):
            opt.save(wrong)
        with pytest.raises(TypeError, match="file is"):
            opt.load(wrong)
    opt.step()
    assert bits(opt) != before


def test_a_file_object_may_look_at_the_optimizer_but_not_step() -> None:
    opt = a_run()
    seen: list[Any] = []

    class Curious(io.BytesIO):
        def write(self, data: Any) -> int:
            seen.append(opt.step_count)
            with pytest.raises(gradstep.Busy):
                opt.step()
            return super().write(data)

    stream = Curious()
    opt.save(stream)
    assert seen and set(seen) == {3} and stream.getvalue() == opt.save_bytes()


def test_a_file_that_takes_a_byte_at_a_time() -> None:
    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data[:97])
            return min(len(data), 97)

    slow, opt = Slow(), a_run()
    opt.save(slow)
    assert bytes(slow.data) == opt.save_bytes()


def test_damaged_checkpoints_change_nothing(tmp_path: Path) -> None:
    data = a_run().save_bytes(params=True)
    opt = fresh()
    damaged = bytearray(data)
    damaged[-3] ^= 1
    for wrong in (b"", b"x", data[:-1], data[:100], bytes(damaged), io.BytesIO(data[:-1])):
        with pytest.raises(gradstep.CorruptCheckpoint):
            opt.load(wrong, params=True)
    with pytest.raises(gradstep.CheckpointMismatch, match=r"group|tensor"):
        gradstep.Optimizer({"x": ones(3)}, "sgd").load(data)
    with pytest.raises(gradstep.FileError, match="nowhere"):
        opt.load(tmp_path / "nowhere" / "x")
    with pytest.raises(OSError, match="nowhere"):
        opt.save(tmp_path / "nowhere" / "x")
    with pytest.raises(gradstep.InvalidArgument, match="NUL"):
        opt.save("a\0b")
    assert opt.step_count == 0 and bits(opt) == bits(fresh())


def all_kinds() -> gradstep.Optimizer:
    """An optimizer with something of everything."""
    opt = gradstep.Optimizer(
        {"w": ones(70, 70)},
        "adamw",
        schedule=gradstep.Schedule("cosine", total_steps=10),
        slot_dtype="8bit",
        average_decay=0.5,
        max_norm=3.0,
        loss_scaler=gradstep.LossScaler(scale=4.0),
    )
    opt.add("half", ones(9, dtype=np.float16), copy=ones(9), key=77)
    cycle = gradstep.Schedule("one_cycle", total_steps=10, drives_momentum=True)
    opt.add_group("cycle", "sgd", {"c": ones(8)}, schedule=cycle, max_norm=0.5)
    opt.add_group("free", "schedule_free_adamw", {"z": ones(6)}, lr_scale=0.5)
    opt.add_group("d", "prodigy", {"p": ones(7, dtype=np.float64)})
    opt.groups["d"].plateau = gradstep.Plateau(1.0, patience=0)
    opt.add("frozen", ones(3), frozen=True)
    opt.add("delta", ones(3), delta=ones(3))
    opt.add("gone", ones(3))
    opt.remove("gone")
    opt.move("half", "free")
    opt.add("wide", ones(5000), group="default")
    opt.move("wide", "free")  # its slots stay narrow, though those of the group are not
    opt.notes["x"] = "y"
    return opt


def grads_of(opt: gradstep.Optimizer, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=opt.tensor_info(name).shape) for name in opt}


COPIES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda opt, p=protocol: pickle.loads(pickle.dumps(opt, p))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_copy_continues_to_the_bit(name: str, steps: int) -> None:
    opt = all_kinds()
    for seed in range(steps):
        opt.step(grads_of(opt, seed))
    opt.report_metric(1.0)
    if steps:
        opt.accumulate("c")
    other = COPIES[name](opt)
    before = bits(opt)
    for seed in range(10, 13):
        other.step(grads_of(other, seed))
    assert bits(opt) == before and bits(other) != before
    for seed in range(10, 13):
        opt.step(grads_of(opt, seed))
    assert bits(opt) == bits(other) and opt.info == other.info
    assert opt.save_bytes() == other.save_bytes()
    assert other.state["wide"].dtype("exp_avg_sq") == "e5m3_b256"
    assert list(opt) == list(other) and dict(other.notes) == {"x": "y"}
    assert other.options == opt.options and other.tensor_info("frozen").is_frozen
    for tensor in opt:
        for what, value in other.arrays(tensor).items():
            mine = opt.arrays(tensor)[what]
            assert (value is None) == (mine is None)
            assert value is None or not np.shares_memory(value, mine)


def test_a_copy_outlives_its_original() -> None:
    opt = all_kinds()
    opt.step(grads_of(opt, 0))
    other = copy.deepcopy(opt)
    del opt
    gc.collect()
    other.step()
    pickle.loads(pickle.dumps(copy.deepcopy(other))).step()


def test_copies_share_arrays_with_the_objects_copied_beside_them() -> None:
    w = ones(4)
    opt = gradstep.Optimizer({"w": w}, "sgd", lr=1.0, context=gradstep.Context(1))
    w2, opt2 = copy.deepcopy((w, opt))
    w3, opt3 = pickle.loads(pickle.dumps((w, opt)))
    for param, made in ((w2, opt2), (w3, opt3)):
        made.step([ones(4)])
        assert (param == 0).all() and made.arrays("w")["param"] is param
    assert (w == 1).all()


def test_what_cannot_be_copied_says_so() -> None:
    opt = a_run()
    with pytest.raises(TypeError, match="deepcopy"):
        copy.copy(opt)
    with pytest.raises(TypeError, match="belongs to its optimizer"):
        pickle.dumps(opt.groups["default"])
    with opt.stepping(), pytest.raises(gradstep.WrongOrder):
        copy.deepcopy(opt)
    opt.add("view", memoryview(bytearray(16)).cast("f"))
    with pytest.raises(TypeError, match="memoryview"):
        pickle.dumps(opt)
