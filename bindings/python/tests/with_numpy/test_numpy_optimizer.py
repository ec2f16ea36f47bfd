# SPDX-License-Identifier: Apache-2.0
"""What an optimizer can do: groups, tensors, steps, state, settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradstep


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


def test_three_lines() -> None:
    w, b = ones(3, 4), ones(4, dtype=np.float64)
    opt = gradstep.Optimizer({"w": w, "b": b}, "adamw", lr=1e-3)
    result = opt.step({"w": ones(3, 4), "b": ones(4)})
    assert not result.is_skipped and opt.step_count == 1 and (w < 1).all() and (b < 1).all()
    assert list(opt) == ["w", "b"] and len(opt) == 2 and "w" in opt and "x" not in opt
    assert "2 tensors" in repr(opt)


def test_groups_hold_rules_rates_and_schedules() -> None:
    w, b = ones(4), ones(4)
    opt = gradstep.Optimizer({"w": w}, gradstep.Rule("sgd", lr=1.0), weight_decay=0.5)
    group = opt.add_group(
        "bias",
        "sgd",
        {"b": b},
        lr=1.0,
        schedule=gradstep.Schedule("step", step_size=1, gamma=0.5),
        lr_scale=0.5,
        max_norm=1.0,
    )
    assert list(opt.groups) == ["default", "bias"] and group.tensors == ["b"]
    assert group.current_lr == 0.5 and group.lr_scale == 0.5 and math.isnan(group.current_momentum)
    opt.step([ones(4), ones(4)])
    assert (w == -0.5).all() and np.allclose(b, 1 - 0.5 * 0.5) and group.grad_norm == 2.0
    assert group.current_lr == 0.25 and group.schedule_name == "step"
    group.lr = 4.0
    assert group["lr"] == 4.0 and group.current_lr == 1.0 and group.rule.lr == 4.0
    group.set_schedule(None)
    group.max_norm = None
    assert group.current_lr == 2.0 and group.schedule_name is None and group.max_norm is None
    with pytest.raises(AttributeError, match="hyper-parameter"):
        group.lrr = 3
    with pytest.raises(gradstep.InvalidArgument, match="tensors"):
        opt.remove_group("bias")
    opt.remove("b")
    opt.remove_group("bias")
    assert list(opt.groups) == ["default"]


def test_a_plateau_lowers_the_rate() -> None:
    opt = gradstep.Optimizer({"w": ones(4)}, "sgd", lr=1.0)
    group = opt.groups["default"]
    assert group.plateau is None
    group.plateau = gradstep.Plateau(1.0, patience=0)
    assert [opt.report_metric(1.0) for _ in range(2)] == [0, 1]
    assert group.current_lr == pytest.approx(0.1) and group.plateau.lr == pytest.approx(0.1)
    group.plateau = None
    assert group.plateau is None
    with pytest.raises(TypeError, match="it is a Plateau"):
        group.plateau = 3  # type: ignore[assignment]


def test_grads_stay_until_others_are_set() -> None:
    w, b = ones(4), ones(4)
    opt = gradstep.Optimizer({"w": w, "b": b}, "sgd", lr=0.25)
    assert opt.step().piece_count >= 0 and (w == 1).all()
    opt.step({"w": ones(4)})
    assert (w == 0.75).all() and (b == 1).all()
    opt.step()
    assert (w == 0.5).all() and opt.arrays("b")["grad"] is None
    opt.set_grad("b", ones(4))
    opt.set_grad("w", None)
    opt.step()
    assert (w == 0.5).all() and (b == 0.75).all()
    opt.step({"w": None, "b": ones(4, dtype=np.float64)})
    opt.step({"b": ones(4, dtype=np.float16)})
    assert (b == 0.25).all() and opt.tensor_info("b").step_count == 3
    gradients = [ones(4), ones(4) * 2]
    opt.step(gradients)
    opt.step(gradients[::-1])  # they change places
    assert (w == -0.25).all() and (b == -0.5).all()


def test_frozen_tensors_and_accumulated_gradients() -> None:
    w = ones(4)
    opt = gradstep.Optimizer({"w": w}, "sgd", lr=1.0)
    opt.add("f", ones(4), frozen=True)
    grad = ones(4)
    opt.set_grads({"w": grad, "f": ones(4)})
    opt.accumulate(scale=0.5)
    grad[:] = 3
    opt.accumulate("w", 0.5)
    assert opt.tensor_info("w").accumulate_count == 2
    assert (opt.state["w"]["accumulated_grad"] == 2).all()
    opt.step()
    assert (w == -1).all() and (opt.arrays("f")["param"] == 1).all()
    opt.set_frozen("f", False)
    assert not opt.tensor_info("f").is_frozen


def test_tensor_by_tensor_gives_the_same_bits() -> None:
    runs = []
    for by_tensor in (False, True):
        rng = np.random.default_rng(1)
        params = {name: rng.normal(size=99).astype("f4") for name in "abc"}
        opt = gradstep.Optimizer(params, "adamw", max_norm=1.0)
        for _ in range(3):
            grads = {name: rng.normal(size=99).astype("f4") for name in "abc"}
            if not by_tensor:
                opt.step(grads)
                continue
            opt.set_grads(grads)
            for name in grads:
                opt.inspect(name)
            with opt.stepping(inspected=True) as stepping:
                for name in reversed(list(grads)):
                    stepping.step(name)
            assert stepping.result is not None and stepping.result.left_out == 0
        runs.append(b"".join(param.tobytes() for param in params.values()))
    assert runs[0] == runs[1]
    with pytest.raises(gradstep.WrongOrder, match=r"inspect|GRAD_NORM"), opt.stepping():
        pass
    with opt.stepping(grad_norm=1.0) as stepping:
        pass
    assert stepping.result is not None and stepping.result.left_out == 3


def test_an_exception_in_a_step_ends_the_step() -> None:
    opt = gradstep.Optimizer({"w": ones(4)}, "sgd")
    with pytest.raises(ZeroDivisionError), opt.stepping() as stepping:
        stepping.step("w", ones(4))
        1 / 0  # noqa: B018
    assert not opt.info.is_in_step and opt.step_count == 1


def test_loss_scaler_skips_a_step() -> None:
    w = ones(4)
    opt = gradstep.Optimizer({"w": w}, "sgd", lr=1.0, loss_scaler=gradstep.LossScaler(scale=8.0))
    result = opt.step([np.array([1, np.inf, 1, 1], np.float16)])
    assert result.is_skipped and result.non_finite_count == 1 and (w == 1).all()
    assert opt.loss_scaler.scale == 4.0 and opt.info.skipped_count == 1 and opt.step_count == 0
    opt.step([ones(4) * 4])
    assert (w == 0).all()
    opt.loss_scaler = None
    assert opt.loss_scaler is None


def test_options_of_all_steps() -> None:
    w, grad = ones(4), ones(4)
    opt = gradstep.Optimizer({"w": w}, "sgd", lr=1.0, max_norm=1.0, zero_grad=True)
    result = opt.step([grad])
    assert result.grad_norm == 2.0 and result.clip_factor == pytest.approx(0.5)
    assert (grad == 0).all() and opt.options["max_norm"] == 1.0
    opt.set_options(max_norm=None, max_value=0.25, zero_grad=False)
    w[:] = 1
    grad[:] = 1
    opt.step(grad_scale=2.0)
    assert (w == 0.75).all() and (grad == 1).all()
    with pytest.raises(gradstep.OutOfRange):
        opt.set_options(max_value=-1)
    assert opt.options["max_value"] == 0.25


def test_averages_copies_and_deltas() -> None:
    w, v, d = ones(4), ones(4), ones(4)
    low, delta = ones(4, dtype=np.float16), ones(4)
    opt = gradstep.Optimizer({"w": w}, "sgd", lr=1.0, average_equal=True)
    opt.add("v", v, average=False, copy=low)
    opt.add("d", d, delta=delta)
    opt.step({name: ones(4) for name in "wvd"})
    opt.step()
    assert (opt.arrays("w")["average"] == -0.5).all() and opt.arrays("v")["average"] is None
    assert (low == -1).all() and (delta == -1).all() and (d == 1).all()
    assert opt.tensor_info("w").average_count == 2
    opt.start_average("w")
    opt.set_average_count(7)
    assert (opt.state["w"]["average"] == -1).all() and opt.tensor_info("w").average_count == 7
    with pytest.raises(gradstep.Unsupported, match="average"):
        opt.start_average("v")


def test_a_tensor_grows_shrinks_and_moves() -> None:
    opt = gradstep.Optimizer({"p": ones(3, 2)}, "adamw", lr=0.1)
    opt.step([np.arange(6, dtype="f4").reshape(3, 2)])
    before = opt.state["p"]["exp_avg"].copy()
    new = ones(4, 2)
    opt.set_param("p", new, sources=[2, -1, 0, 0])
    after = opt.state["p"]["exp_avg"]
    assert after.shape == (4, 2)
    assert (after[0] == before[2]).all() and (after[1] == 0).all() and (after[3] == before[0]).all()
    del after
    opt.step([ones(4, 2)])
    assert (new != 1).all()
    opt.set_param("p", new.copy())
    opt.step([ones(4, 2)])
    opt.set_param("p", ones(0, 2), sources=[])
    opt.step([ones(0, 2)])
    for sources, kind in (([0.5], TypeError), ([[0]], gradstep.InvalidArgument), ([9], ValueError)):
        with pytest.raises(kind):
            opt.set_param("p", ones(1, 2), sources=sources)
    with pytest.raises(gradstep.Error):
        opt.set_param("p", ones(1, 2))
    assert opt.arrays("p")["param"].shape == (0, 2)


def test_a_tensor_moves_to_another_group() -> None:
    opt = gradstep.Optimizer({"w": ones(4)}, "adamw")
    opt.add_group("plain", "adam")
    opt.step([ones(4)])
    before = opt.state["w"]["exp_avg"].copy()
    opt.move("w", "plain")
    assert (opt.state["w"]["exp_avg"] == before).all() and opt.groups["plain"].tensors == ["w"]
    opt.step()


def test_state_of_every_kind() -> None:
    opt = gradstep.Optimizer({"w": ones(3, 5, 7)}, "adafactor")
    opt.add_group("narrow", "adamw", {"n": ones(70, 70)}, slot_dtype="8bit")
    opt.step({"w": ones(3, 5, 7), "n": ones(70, 70)})
    state = opt.state["w"]
    assert state["row_var"].shape == (3, 5) and state["col_var"].shape == (3, 7)
    narrow = opt.state["n"]
    assert narrow.dtype("exp_avg") == "s1e4m3_b256" and narrow.dtype("exp_avg_sq") == "e5m3_b256"
    assert np.allclose(narrow["exp_avg"], 0.1, rtol=0.1) and not narrow["exp_avg"].flags.writeable
    raw = opt.export_array("n", "exp_avg", dtype="8bit")
    assert np.array_equal(raw.numpy(), narrow["exp_avg"])
    opt.import_array("n", "exp_avg", raw)
    assert opt.export_array("n", "exp_avg", dtype="8bit") == raw
    assert set(opt.state) == {"w", "n"} and "e5m3" in repr(opt.state)


def test_state_from_elsewhere_continues_the_run() -> None:
    rng = np.random.default_rng(2)
    grads = [rng.normal(size=50) for _ in range(4)]
    first = gradstep.Optimizer({"w": ones(50, dtype=np.float64)}, "nadam")
    for grad in grads[:2]:
        first.step([grad])
    second = gradstep.Optimizer({"w": np.zeros(50)}, "nadam")
    for name in ("param", "exp_avg", "exp_avg_sq"):
        second.import_array("w", name, first.export_array("w", name))
    second.set_scalar("w", "mu_product", first.scalar("w", "mu_product"))
    second.set_tensor_step_count(2)
    second.step_count = 2
    for grad in grads[2:]:
        first.step([grad])
        second.step([grad])
    assert first.arrays("w")["param"].tobytes() == second.arrays("w")["param"].tobytes()
    with pytest.raises(gradstep.InvalidArgument):
        second.import_array("w", "exp_avg", np.zeros(49))
    with pytest.raises(gradstep.UnknownName, match="exp_avg"):
        second.export_array("w", "exp")
    out = np.zeros(50, np.float16)
    assert first.export_array("w", "exp_avg", out) is out and out.any()


def test_views_of_state_write_through() -> None:
    opt = gradstep.Optimizer({"w": ones(4)}, "sgd", lr=1.0, momentum=0.5)
    opt.step([ones(4)])
    opt.state["w"]["momentum_buffer"][:] = 8
    opt.step([ones(4)])
    assert (opt.arrays("w")["param"] == 1 - 1 - 5).all()


def test_slots_of_the_caller() -> None:
    w = ones(4)
    slots = gradstep.make_slots("sgd", w, momentum=0.5)
    opt = gradstep.Optimizer(rule=None)
    opt.add_group("g", "sgd", lr=1.0, momentum=0.5)
    opt.add("w", w, slots=slots)
    opt.step([ones(4)])
    assert (slots["momentum_buffer"] == 1).all()
    opt.step([ones(4, dtype=np.float64)])
    assert (slots["momentum_buffer"] == 1.5).all()


def test_schedule_free_trains_and_evaluates() -> None:
    w = ones(4)
    opt = gradstep.Optimizer({"w": w}, "schedule_free_adamw", lr=0.5)
    for _ in range(3):
        opt.step([ones(4)])
    training = w.copy()
    opt.evaluate()
    assert not np.array_equal(w, training)
    opt.train()
    assert np.allclose(w, training)
    scalars = gradstep.make_scalars("schedule_free_adamw")
    slots, v = gradstep.make_slots("schedule_free_adamw", ones(4)), ones(4)
    gradstep.apply("schedule_free_adamw", v, ones(4), slots, step=1, scalars=scalars)
    gradstep.transform("schedule_free_adamw", v, "evaluate", slots, scalars=scalars)
    assert scalars["is_evaluated"] == 1.0
    with pytest.raises(gradstep.UnknownName, match="train"):
        opt.transform("trains")


def test_notes_are_a_mapping() -> None:
    opt = gradstep.Optimizer()
    opt.notes["b"], opt.notes["a"] = "2", "ä"
    assert dict(opt.notes) == {"a": "ä", "b": "2"} and len(opt.notes) == 2
    del opt.notes["a"]
    assert list(opt.notes) == ["b"] and "a" not in opt.notes
    with pytest.raises(TypeError, match="text"):
        opt.notes["c"] = 3  # type: ignore[assignment]


def test_a_piece_of_a_tensor_has_the_bits_of_the_whole() -> None:
    whole = ones(1000, dtype=np.float16)
    grad = np.random.default_rng(3).normal(size=1000)
    halves = [whole[:500].copy(), whole[500:].copy()]
    options = {"step": 1, "stochastic_params": True, "seed": 5, "keys": 9, "lr": 1e-3}
    gradstep.apply("sgd", whole, grad, **options)
    for index, half in enumerate(halves):
        piece = {"first_index": 500 * index, "whole_count": 1000}
        gradstep.apply("sgd", half, grad[500 * index :][:500], **options, **piece)
    assert np.concatenate(halves).tobytes() == whole.tobytes()


def test_apply_takes_dicts_and_reports_norms() -> None:
    params, grads = {"a": ones(3), "b": ones(4)}, {"b": ones(4), "a": ones(3)}
    result = gradstep.apply("sgd", params, grads, step=1, lr=1.0, max_norm=np.inf)
    assert result.grad_norm == pytest.approx(7**0.5)
    assert gradstep.gradient_norm(grads).norm == result.grad_norm
    assert gradstep.gradient_norm([]).norm == 0 and (params["a"] == 0).all()
    with pytest.raises(gradstep.UnknownName, match="grads has 'c'"):
        gradstep.apply("sgd", params, {**grads, "c": ones(3)}, step=1)
    with pytest.raises(gradstep.InvalidArgument, match="b has no grad"):
        gradstep.apply("sgd", params, {"a": ones(3)}, step=1)
    bad = gradstep.gradient_norm(np.array([np.nan, np.inf, 1]))
    assert bad.non_finite_count == 2
    prodigy, v = gradstep.make_shared_scalars("prodigy"), ones(4)
    slots = gradstep.make_slots("prodigy", v)
    gradstep.apply("prodigy", v, ones(4), slots, step=1, shared_scalars=prodigy)
    assert prodigy["d"] > 0 and not (v == 1).all()
    delta = ones(3)
    gradstep.apply("sgd", ones(3), delta, deltas=delta, step=1, lr=0.5)
    assert (delta == -0.5).all()
