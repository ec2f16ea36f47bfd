# SPDX-License-Identifier: Apache-2.0
"""Arrays and calls that a program should not make: the right thing or a clear exception."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradstep

N = 12


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape or (N,), dtype)


def stepped(param: Any, grad: Any = None, **options: Any) -> gradstep.StepResult:
    """One step of sgd with lr 0.5."""
    grad = ones(*np.shape(param)) if grad is None else grad
    return gradstep.apply("sgd", param, grad, step=1, lr=0.5, **options)


# ---- Arrays that work


def test_every_layout_of_strides_is_updated_in_place() -> None:
    whole = ones(8, 6)
    views = [whole[::2, ::2], whole[::-1], whole.T, whole[1:3, 1:4], whole[:, 2], whole[3:4, ::5]]
    for view in views:
        before = whole.copy()
        stepped(view)
        expected = before.copy()
        part = np.lib.stride_tricks.as_strided(
            expected.reshape(-1)[_offset(whole, view) :], view.shape, view.strides
        )
        part -= 0.5
        assert (whole == expected).all()


def _offset(whole: np.ndarray, view: np.ndarray) -> int:
    return (view.ctypes.data - whole.ctypes.data) // whole.itemsize


def test_a_strided_array_has_the_bits_of_a_contiguous_one() -> None:
    rng = np.random.default_rng(0)
    data, grad = rng.normal(size=(9, 10)).astype("f4"), rng.normal(size=(9, 5)).astype("f4")
    strided, plain = data.copy()[:, ::2], np.ascontiguousarray(data[:, ::2])
    slots = [gradstep.make_slots("adamw", plain) for _ in range(2)]
    for step in (1, 2):
        gradstep.apply("adamw", strided, grad, slots[0], step=step)
        gradstep.apply("adamw", plain, grad, slots[1], step=step)
    assert strided.tobytes() == plain.tobytes()


def test_a_matrix_with_gaps_between_rows_is_passed_as_it_is() -> None:
    whole = ones(4, 10)
    view = whole[:, 2:7]
    opt = gradstep.Optimizer({"w": view}, "sgd", lr=0.5)
    opt.step([ones(4, 5)])
    assert (view == 0.5).all() and whole.sum() == 40 - 10
    blocks = ones(3, 4, 10)[:, :, :5]
    opt = gradstep.Optimizer({"w": blocks}, "sgd", lr=0.5)
    opt.step([ones(3, 4, 10)[:, :, 5:]])
    assert (blocks == 0.5).all()


def test_both_halves_of_a_matrix_are_two_tensors() -> None:
    whole = ones(4, 10)
    gradstep.apply("sgd", [whole[:, :5], whole[:, 5:]], [ones(4, 5)] * 2, step=1, lr=0.5)
    assert (whole == 0.5).all()
    opt = gradstep.Optimizer({"a": whole[:, :5]})
    with pytest.raises(gradstep.InvalidArgument, match="overlaps"):
        opt.add("b", whole[:, 5:])  # an optimizer counts the gaps as part of an array


@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3), (3, 0), (1, 1, 1), (2, 1, 3)])
def test_every_shape(shape: tuple[int, ...]) -> None:
    param, grad = np.ones(shape, np.float32), np.ones(shape, np.float32)
    stepped(param, grad)
    assert (param == 0.5).all()
    opt = gradstep.Optimizer({"w": param}, "adamw", lr=0.1)
    opt.step({"w": grad})
    opt.step({"w": grad})
    assert opt.state["w"]["exp_avg"].shape == shape


def test_the_buffer_protocol() -> None:
    numbers = array.array("f", [1.0] * N)
    c_array = (ctypes.c_double * N)(*[1.0] * N)
    matrix = ((ctypes.c_float * 3) * 4)()
    raw = bytearray(4 * N)
    for param in (numbers, memoryview(numbers), c_array, matrix, memoryview(raw).cast("f")):
        before = np.array(param)
        stepped(param)
        assert (np.array(param) == before - 0.5).all()
        gradstep.Optimizer({"w": param}, "sgd", lr=0.5)


def test_subclasses_of_ndarray(tmp_path: Path) -> None:
    matrix = ones(3, 4).view(np.matrix)
    stepped(matrix, ones(3, 4))
    assert (matrix == 0.5).all()
    mapped = np.memmap(tmp_path / "m", np.float32, "w+", shape=(N,))
    mapped[:] = 1
    opt = gradstep.Optimizer({"w": mapped}, "sgd", lr=0.5)
    opt.step([ones()])
    assert (mapped == 0.5).all()
    with pytest.raises(BufferError):
        mapped._mmap.close()  # type: ignore[attr-defined]
    raw = bytearray(4 * N)
    opt.add("raw", np.ndarray((N,), np.float32, buffer=raw))
    with pytest.raises(BufferError):
        raw.clear()
    record = np.rec.array(ones(3))
    with pytest.raises(gradstep.UnknownName, match="no slot 'exp'"):
        stepped(record, ones(3), slots={"exp": 3})


def test_float16_and_bfloat16() -> None:
    half = ones(dtype=np.float16)
    stepped(half)
    assert (half == 0.5).all()
    ml_dtypes = pytest.importorskip("ml_dtypes")
    brain = np.ones((4, 6), ml_dtypes.bfloat16)
    stepped(brain, brain.copy())
    stepped(brain[:, ::2], brain[:, ::2].copy())
    assert brain[:, ::2].astype(float).max() == 0.25 and brain[0, 1] == 0.5
    opt = gradstep.Optimizer({"w": brain}, slot_dtype="bfloat16")
    opt.step([ones(4, 6)])
    view = opt.state["w"]["exp_avg"]
    assert view.dtype == ml_dtypes.bfloat16 and view.flags.writeable
    halves = np.zeros((4, 6), np.uint16)
    stepped(brain, ones(4, 6) * 1e-4, lower_halves=halves)
    assert halves.any()


def test_misaligned_arrays_go_through_a_copy_or_are_refused() -> None:
    raw = np.zeros(4 * N + 1, np.uint8)
    param = raw[1:].view(np.float32)
    param[:] = 1
    stepped(param)
    assert (param == 0.5).all()
    with pytest.raises(gradstep.InvalidArgument, match=r"misaligned.*copy\(\)"):
        gradstep.Optimizer({"w": param})


def test_a_program_that_keeps_no_reference() -> None:
    opt = gradstep.Optimizer(
        {"w": ones(300, 300)}, "adamw", schedule=gradstep.Schedule("constant"), average_decay=0.9
    )
    opt.add("x", ones(1000), ones(1000), copy=ones(1000, dtype=np.float16))
    opt.set_grads({"w": ones(300, 300), "x": ones(1000)})
    view = opt.state["w"]["exp_avg"]
    context_of = gradstep.Optimizer({"w": ones()}, context=gradstep.Context(1))
    gc.collect()
    rubbish = [np.full(90000, np.nan, np.float32) for _ in range(20)]
    opt.step()
    context_of.step([ones()])
    del opt, rubbish
    gc.collect()
    assert np.allclose(view, 0.1)
    assert np.allclose(context_of.state["w"]["exp_avg"], 0.1)


def test_a_cycle_of_an_optimizer_and_its_context_is_collected() -> None:
    for _ in range(20):
        context = gradstep.Context(1)
        opt = gradstep.Optimizer({"w": ones()}, context=context)
        context.opt = opt  # type: ignore[attr-defined]
        opt.step([ones()])
        del opt, context
    gc.collect()


# ---- Arrays that are refused

Make = Callable[[], Any]
MASKED = np.ma.masked_array(np.ones(N, np.float32))
REFUSED: list[tuple[str, Make, type[Exception], str]] = [
    ("list", lambda: [1.0, 2.0], TypeError, "it is an array"),
    ("number", lambda: 1.0, TypeError, "type float"),
    ("None", lambda: None, TypeError, "NoneType"),
    ("text", lambda: "abc", TypeError, "type str"),
    ("bytes", lambda: b"abcd", TypeError, r"uint8.*cast\('f'\)"),
    ("bytearray", lambda: bytearray(16), TypeError, "uint8"),
    ("int32", lambda: ones(dtype=np.int32), TypeError, "dtype int32; allowed are float32"),
    ("bool", lambda: ones(dtype=bool), TypeError, "dtype bool"),
    ("complex64", lambda: ones(dtype=np.complex64), TypeError, "complex64.*real and imaginary"),
    ("object", lambda: ones(dtype=object), TypeError, "dtype object"),
    ("longdouble", lambda: ones(dtype=np.longdouble), TypeError, "allowed are float32"),
    ("text array", lambda: np.array(["a", "b"]), TypeError, "allowed are float32"),
    ("dates", lambda: np.zeros(3, "M8[s]"), TypeError, "datetime64"),
    ("struct", lambda: np.zeros(3, [("a", "f4")]), TypeError, "allowed are float32"),
    ("big-endian", lambda: np.ones(N, ">f4"), TypeError, r"byte order \(>f4\).*newbyteorder"),
    ("masked", lambda: MASKED, TypeError, "masked array.*pass .data"),
    ("array of ints", lambda: array.array("i", [1, 2]), TypeError, "dtype int32"),
    ("ctypes int", lambda: (ctypes.c_int * 4)(), TypeError, "dtype int32"),
    ("class", lambda: np.ndarray, TypeError, "type type"),
]
READ_ONLY: list[tuple[str, Make]] = [
    ("flag", lambda: np.broadcast_to(ones(), (N,))),
    ("broadcast", lambda: np.broadcast_to(np.float32(1), (N,))),
    ("bytes", lambda: memoryview(bytes(16)).cast("f")),
    ("scalar", lambda: np.float32(1)),
    ("frombuffer", lambda: np.frombuffer(bytes(16), np.float32)),
]


@pytest.mark.parametrize(
    ("make", "kind", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_is_no_array_of_floats_is_refused(
    make: Make, kind: type[Exception], words: str
) -> None:
    if make() is not None and not isinstance(make(), list):
        with pytest.raises(kind, match=words):
            gradstep.apply("sgd", make(), ones(), step=1)
        with pytest.raises(kind, match=words):
            gradstep.gradient_norm(make())
    with pytest.raises(kind, match=words):
        gradstep.Optimizer({"w": make()})
    opt = gradstep.Optimizer({"w": ones()})
    if make() is not None:
        with pytest.raises(kind, match=words):
            opt.step({"w": make()})
    assert opt.step_count == 0


@pytest.mark.parametrize("make", [r[1] for r in READ_ONLY], ids=[r[0] for r in READ_ONLY])
def test_read_only_params_are_refused_and_read_only_grads_are_not(make: Make) -> None:
    shape = np.shape(make())
    for call in (lambda: stepped(make()), lambda: gradstep.Optimizer({"w": make()})):
        with pytest.raises(gradstep.InvalidArgument, match=r"read-only.*writable copy"):
            call()
    stepped(np.ones(shape, np.float32), make())
    with pytest.raises(gradstep.InvalidArgument, match="grad of params is read-only"):
        stepped(np.ones(shape, np.float32), make(), zero_grad=True)


def test_a_read_only_memmap_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(bytes(4 * N))
    mapped = np.memmap(tmp_path / "m", np.float32, "r")
    with pytest.raises(gradstep.InvalidArgument, match="read-only"):
        gradstep.Optimizer({"w": mapped})
    with (tmp_path / "m").open("rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with pytest.raises(gradstep.InvalidArgument, match="read-only"):
        stepped(memoryview(raw).cast("f"))


def test_strides_that_the_optimizer_cannot_keep() -> None:
    for view in (ones(24)[::2], ones(4, 6)[:, ::2], ones(4, 6).T, ones(24)[::-1]):
        with pytest.raises(gradstep.InvalidArgument, match=r"not contiguous.*ascontiguousarray"):
            gradstep.Optimizer({"w": view})
    opt = gradstep.Optimizer({"w": ones()})
    with pytest.raises(gradstep.InvalidArgument, match="grad of w is not contiguous"):
        opt.step({"w": ones(24)[::2]})


def test_elements_that_share_memory_are_refused() -> None:
    windows = np.lib.stride_tricks.as_strided(ones(20), (5, 4), (4, 4), writeable=True)
    with pytest.raises(gradstep.InvalidArgument, match="share memory"):
        stepped(windows, ones(5, 4))
    repeated = np.lib.stride_tricks.as_strided(ones(1), (6,), (0,), writeable=True)
    with pytest.raises(gradstep.InvalidArgument, match="share memory"):
        stepped(repeated, ones(6))
    stepped(ones(6), repeated)  # to read them is fine


def test_overlapping_tensors_are_refused() -> None:
    whole = ones(30)
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        gradstep.apply("sgd", [whole[:20], whole[10:]], [ones(20)] * 2, step=1)
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        stepped(whole, whole)
    many = [ones() for _ in range(100)]
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        gradstep.apply("sgd", [*many, many[3]], [ones()] * 101, step=1)
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        gradstep.apply("sgd", many, [ones()] * 99 + [many[5]], step=1)
    opt = gradstep.Optimizer({"a": whole[:20]})
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        opt.add("b", whole[10:])
    with pytest.raises(gradstep.InvalidArgument, match="overlap"):
        opt.step({"a": whole[:20]})
    assert list(opt) == ["a"] and (whole == 1).all()
    shared = [ones()] * 2  # gradients that are only read may be the same
    gradstep.apply("sgd", [ones(), ones()], shared, step=1)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(
        gradstep.InvalidArgument, match=r"grad of params has the shape \(11,\).*\(12,\)"
    ):
        stepped(ones(), ones(11))
    with pytest.raises(gradstep.InvalidArgument, match="shape"):
        stepped(ones(3, 4), ones(4, 3))
    opt = gradstep.Optimizer({"w": ones()})
    for grad in (ones(11), ones(13), ones(3, 4), ones(0)):
        with pytest.raises(gradstep.InvalidArgument, match="grad of w has the shape"):
            opt.step({"w": grad})
    for what in ("copy", "average", "delta"):
        with pytest.raises(gradstep.InvalidArgument, match=f"{what} of x has the shape"):
            opt.add("x", ones(), **{what: ones(3)})
    slots = gradstep.make_slots("adamw", ones(11))
    with pytest.raises(gradstep.InvalidArgument, match=r"slot 'exp_avg'.*11 elements, not 12"):
        gradstep.apply("adamw", ones(), ones(), slots, step=1)
    with pytest.raises(gradstep.InvalidArgument, match=r"lacks the slot 'exp_avg'.*make_slots"):
        gradstep.apply("adamw", ones(), ones(), {}, step=1)
    with pytest.raises(gradstep.InvalidArgument, match="2 grads for 1 params"):
        gradstep.apply("sgd", [ones()], [ones()] * 2, step=1)


def test_wrong_dtypes_beside_each_other_are_refused() -> None:
    double = ones(dtype=np.float64)
    slots = gradstep.make_slots("adamw", ones())
    with pytest.raises(gradstep.InvalidArgument, match="dtype"):
        gradstep.apply("adamw", double, double.copy(), slots, step=1)
    with pytest.raises(gradstep.InvalidArgument, match="dtype"):
        stepped(ones(), averages=ones(dtype=np.float64), average_decay=0.9)
    with pytest.raises(gradstep.InvalidArgument, match="only a bfloat16 param has lower halves"):
        stepped(ones(), lower_halves=np.zeros(N, np.uint16))
    with pytest.raises(gradstep.InvalidArgument, match="dtype is 'float8'; allowed are"):
        gradstep.make_slots("adamw", ones(), "float8")


# ---- Arrays that change behind the optimizer's back


def test_a_resized_ndarray() -> None:
    param, grad = ones(), ones()
    opt = gradstep.Optimizer({"w": param}, "sgd", lr=0.5)
    opt.set_grads({"w": grad})
    for held in (param, grad):
        with pytest.raises(ValueError, match="resize"):
            held.resize(10**6)
        with pytest.raises(ValueError, match="resize"):
            held.resize(10**6, refcheck=False)
    opt.step()
    assert (param == 0.5).all()


def test_a_resized_buffer() -> None:
    param, raw = array.array("f", [1.0] * N), bytearray(4 * N)
    opt = gradstep.Optimizer({"w": param}, "sgd")
    opt.set_grads({"w": memoryview(raw).cast("f")})
    with pytest.raises(BufferError):
        param.append(1.0)
    with pytest.raises(BufferError):
        raw.clear()
    opt.step()
    opt.remove("w")
    param.append(1.0)
    raw.clear()


def test_an_ndarray_whose_memory_is_replaced() -> None:
    param, grad = ones(), ones()
    opt = gradstep.Optimizer({"w": param}, "sgd")
    opt.step({"w": grad})
    grad.__setstate__(np.zeros(100000, np.float32).__reduce__()[2])
    with pytest.raises(gradstep.InvalidArgument, match="grad has been resized or has moved"):
        opt.step()
    with pytest.raises(gradstep.InvalidArgument, match="resized or has moved"):
        opt.step({"w": grad})
    param.__setstate__(np.zeros(3, np.float32).__reduce__()[2])
    for call in (opt.evaluate, lambda: opt.step({"w": ones()}), opt.inspect, opt.accumulate):
        with pytest.raises(gradstep.InvalidArgument, match="w has been resized or has moved"):
            call()
    opt.remove("w")


def test_an_ndarray_of_another_shape_dtype_or_flag() -> None:
    param = ones(3, 4)
    opt = gradstep.Optimizer({"w": param}, "sgd", lr=0.5)
    param.shape = (4, 3)
    with pytest.raises(gradstep.InvalidArgument, match="resized"):
        opt.step([ones(3, 4)])
    param.shape = (3, 4)
    param.flags.writeable = False
    with pytest.raises(gradstep.InvalidArgument, match="read-only"):
        opt.step([ones(3, 4)])
    param.flags.writeable = True
    opt.step([ones(3, 4)])
    assert (param == 0.5).all()


def test_a_released_memoryview() -> None:
    view = memoryview(bytearray(4 * N)).cast("f")
    opt = gradstep.Optimizer({"w": view}, "sgd")
    view.release()
    opt.step([ones()])


def test_state_that_is_shown_stays_where_it_is() -> None:
    opt = gradstep.Optimizer({"w": ones(3, 4)}, "adamw")
    opt.add_group("other", "sgd", momentum=0.9)
    opt.step([ones(3, 4)])
    row = opt.state["w"]["exp_avg"][1]
    calls = (
        lambda: opt.remove("w"),
        lambda: opt.move("w", "other"),
        lambda: opt.set_param("w", ones(2, 4), sources=[0, 1]),
    )
    for call in calls:
        with pytest.raises(gradstep.InvalidArgument, match="state of 'w' is in use by 1 arrays"):
            call()
    opt.step()
    assert row.shape == (4,) and np.allclose(row, 0.19)
    del row
    for call in reversed(calls):
        call()
    assert len(opt) == 0


# ---- Names and numbers


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 256, "a\nb"])
def test_names_that_the_library_cannot_take(name: str) -> None:
    opt = gradstep.Optimizer()
    for call in (
        lambda: opt.add(name, ones()),
        lambda: opt.add_group(name, "sgd"),
        lambda: opt.notes.__setitem__(name, "x"),
    ):
        with pytest.raises(gradstep.InvalidArgument):
            call()
    assert len(opt) == 0 and len(opt.groups) == 1 and len(opt.notes) == 0


@pytest.mark.parametrize("name", [None, 3, b"w", ["w"]])
def test_names_that_are_no_texts(name: Any) -> None:
    opt = gradstep.Optimizer({"w": ones()})
    for call in (
        lambda: opt.add(name, ones()),
        lambda: opt.state[name],
        lambda: opt.remove(name),
        lambda: opt.notes.__setitem__(name, "x"),
        lambda: gradstep.Rule(name),
    ):
        with pytest.raises(TypeError):
            call()


def test_names_that_are_unknown_or_taken() -> None:
    opt = gradstep.Optimizer({"weight": ones()})
    for call in (
        lambda: opt.step({"weigth": ones()}),
        lambda: opt.remove("weigth"),
        lambda: opt.state["weigth"],
        lambda: opt.set_param("weigth", ones()),
        lambda: opt.tensor_info("weigth"),
    ):
        with pytest.raises(gradstep.UnknownName, match=r'"?weight'):
            call()
    with pytest.raises(gradstep.UnknownName, match="no group; there are 'default'"):
        opt.groups["other"]
    with pytest.raises(gradstep.UnknownName, match="exp_avg"):
        opt.state["weight"]["exp"]
    with pytest.raises(gradstep.InvalidArgument, match="taken"):
        opt.add("weight", ones())
    with pytest.raises(gradstep.InvalidArgument, match="default"):
        opt.add_group("default")
    with pytest.raises(gradstep.UnknownName, match="no slot 'exp'"):
        gradstep.apply("sgd", ones(), ones(), {"exp": ones()}, step=1)
    with pytest.raises(gradstep.UnknownName, match="note"):
        opt.notes["x"]


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"step": 0}, gradstep.OutOfRange, "step"),
        ({"step": -1}, gradstep.InvalidArgument, "step is -1"),
        ({"step": 2**63}, gradstep.OutOfRange, "step"),
        ({"step": 2**70}, gradstep.InvalidArgument, "step is"),
        ({"step": 1.5}, TypeError, "step is 1.5; it is a whole number"),
        ({"step": True}, TypeError, "step is True"),
        ({"max_norm": 0}, gradstep.OutOfRange, "max_norm"),
        ({"max_norm": "1"}, TypeError, "max_norm is '1'; it is a number"),
        ({"max_value": -1}, gradstep.OutOfRange, "max_value"),
        ({"grad_scale": float("nan")}, gradstep.OutOfRange, "grad_scale"),
        ({"average_decay": 1.5}, gradstep.OutOfRange, "average_decay"),
        ({"average_decay": 0.5, "average_equal": True}, gradstep.InvalidArgument, "exclude"),
        ({"average_count": 3}, gradstep.InvalidArgument, "AVERAGE"),
        ({"seed": -1}, gradstep.InvalidArgument, "seed is -1"),
        ({"lr": -1}, gradstep.OutOfRange, "lr = -1"),
        ({"lrr": 1}, gradstep.UnknownName, 'nearest: "lr"'),
        ({"context": 3}, TypeError, "it is a Context"),
        ({"first_index": 5, "whole_count": 6}, gradstep.InvalidArgument, "whole_count"),
        ({"scalars": {"d": 1.0}}, gradstep.InvalidArgument, "scalars of params of sgd are none"),
    ],
    ids=str,
)
def test_wrong_options(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    param = ones()
    with pytest.raises(kind, match=words):
        gradstep.apply("sgd", param, ones(), **{"step": 1, **options})
    assert (param == 1).all()


def test_scalars_that_are_missing() -> None:
    with pytest.raises(
        gradstep.InvalidArgument, match=r"mu_product; got none. make_scalars\(rule\)"
    ):
        gradstep.apply("nadam", ones(), ones(), gradstep.make_slots("nadam", ones()), step=1)


def test_wrong_constructors() -> None:
    for call, words in (
        (lambda: gradstep.Optimizer(3), "dict or list"),  # type: ignore[arg-type]
        (lambda: gradstep.Optimizer(rule=3), "Rule or a rule's name"),  # type: ignore[arg-type]
        (lambda: gradstep.Optimizer(context=3), "it is a Context"),  # type: ignore[arg-type]
        (lambda: gradstep.Optimizer(schedule=3), "it is a Schedule"),  # type: ignore[arg-type]
        (lambda: gradstep.Optimizer(loss_scaler=3), "it is a LossScaler"),  # type: ignore[arg-type]
        (lambda: gradstep.Optimizer().step(3), "dict or a list"),
        (lambda: gradstep.Optimizer().set_options(lr=3), "is no option"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
    with pytest.raises(gradstep.InvalidArgument, match="without a rule"):
        gradstep.Optimizer({"w": ones()}, None)
    with pytest.raises(gradstep.InvalidArgument, match="no group"):
        gradstep.Optimizer(rule=None).add("w", ones())
    with pytest.raises(gradstep.OutOfRange, match="max_norm"):
        gradstep.Optimizer(max_norm=-1)


def test_blocks_of_8_bits_are_checked() -> None:
    codes, scales = np.zeros(300, np.uint8), np.zeros(2, np.float32)
    good = gradstep.BlockQuantized(codes, scales, "s1e4m3_b256")
    assert (good.numpy() == 0).all()
    for wrong, kind, words in (
        ((codes, scales[:1], "s1e4m3_b256"), gradstep.InvalidArgument, "300 codes have 2 scales"),
        ((codes.view(np.int8), scales, "e5m3_b256"), TypeError, "codes are uint8"),
        ((codes[::2], scales, "e5m3_b256"), gradstep.InvalidArgument, "contiguous"),
        ((codes, scales, "float32"), gradstep.InvalidArgument, "8-bit"),
    ):
        with pytest.raises(kind, match=words):
            gradstep.BlockQuantized(*wrong)  # type: ignore[arg-type]


def test_steps_in_the_wrong_order() -> None:
    opt = gradstep.Optimizer({"w": ones()}, "sgd")
    with opt.stepping() as stepping:
        stepping.step("w", ones())
        for call in (
            opt.step,
            opt.save_bytes,
            lambda: opt.remove("w"),
            lambda: opt.add("x", ones()),
            lambda: stepping.step("w"),
        ):
            with pytest.raises(gradstep.WrongOrder):
                call()
    assert stepping.result is not None and opt.step_count == 1 and list(opt) == ["w"]
    free = gradstep.Optimizer({"w": ones()}, "schedule_free_adamw")
    free.evaluate()
    with pytest.raises(gradstep.WrongOrder, match="train"):
        free.step([ones()])
