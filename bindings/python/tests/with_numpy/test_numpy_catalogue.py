# SPDX-License-Identifier: Apache-2.0
"""Catalogues, rules and schedules as objects."""

from __future__ import annotations

import copy
import math
import pickle
import threading

import numpy as np
import pytest

import gradstep


def test_the_version_is_the_librarys() -> None:
    assert gradstep.__version__.count(".") == 2


@pytest.mark.parametrize("catalogue", [gradstep.rules(), gradstep.schedules()])
def test_a_catalogue_is_a_mapping_that_prints_as_a_table(catalogue: gradstep.rules) -> None:
    names = list(catalogue)
    assert len(names) == len(catalogue) > 5
    assert names[0] in catalogue and "nothing" not in catalogue and 3 not in catalogue
    assert catalogue[0].name == names[0] and catalogue[-1].name == names[-1]
    assert len(str(catalogue).splitlines()) == len(names) + 1
    assert repr(catalogue) == str(catalogue)
    assert catalogue._repr_html_().count("<tr>") == len(names) + 1
    for info in catalogue.values():
        text = str(info)
        assert info.summary in text and info.source in text and info.formula.split("\n")[0] in text
        for parameter in info.hyperparameters:
            assert parameter.name in text and parameter.help in text and parameter.bounds in text
        assert info._repr_html_().startswith("<h4>")


def test_html_is_escaped() -> None:
    html = gradstep.rules()["adamw"]._repr_html_()
    assert "p &lt;- p" in html and "<- " not in html


def test_entries_describe_bounds_slots_scalars_and_transforms() -> None:
    info = gradstep.rules()["schedule_free_adamw"]
    assert info.transforms == ("evaluate", "train")
    assert {scalar.scope for scalar in info.scalars} == {"tensor"}
    adamw = {h.name: h for h in gradstep.rules()["adamw"].hyperparameters}
    assert adamw["beta1"].bounds == "[0, 1)" and adamw["amsgrad"].default is False
    cosine = {h.name: h for h in gradstep.schedules()["cosine"].hyperparameters}
    assert cosine["total_steps"].default is None and cosine["total_steps"].kind == "integer"


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(gradstep.UnknownName, match='nearest: "adam", "adamw"') as caught:
        gradstep.rules()["adanw"]
    assert isinstance(caught.value, KeyError)
    with pytest.raises(gradstep.UnknownName, match='"cosine"'):
        gradstep.Schedule("cosin")
    with pytest.raises(IndexError, match="past the end"):
        gradstep.rules()[99]
    with pytest.raises(TypeError, match="neither a name nor an index"):
        gradstep.rules()[1.5]  # type: ignore[index]


def test_hyperparameters_are_items_and_attributes() -> None:
    rule = gradstep.Rule("adamw", lr=1e-3)
    rule["weight_decay"] = 0.1
    rule.amsgrad = True
    assert rule.weight_decay == 0.1 and rule["amsgrad"] is True and rule.lr == 1e-3
    assert {"lr", "beta1", "set"} <= set(dir(rule)) and "lr" in rule
    assert dict(rule)["beta2"] == 0.999
    assert repr(rule) == "gradstep.Rule('adamw', lr=0.001, weight_decay=0.1, amsgrad=True)" or (
        "weight_decay=0.1" in repr(rule) and "beta1" not in repr(rule)
    )
    assert rule.info is gradstep.rules()["adamw"]


def test_rules_compare_copy_and_pickle_by_value() -> None:
    rule = gradstep.Rule("adamw", lr=0.5)
    for other in (copy.copy(rule), copy.deepcopy(rule), pickle.loads(pickle.dumps(rule))):
        assert other == rule and other is not rule
        other.lr = 0.25
        assert other != rule and rule.lr == 0.5
    assert rule != gradstep.Rule("adam", lr=0.5) and rule != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(rule)


def test_a_refused_value_changes_nothing() -> None:
    rule = gradstep.Rule("adamw", lr=0.5)
    with pytest.raises(gradstep.OutOfRange, match=r"beta1 = 1 is outside \[0, 1\)") as caught:
        rule.set(lr=1.0, beta1=1.0)
    assert isinstance(caught.value, ValueError) and rule.lr == 0.5
    for value in (math.nan, math.inf, -1.0, 10**400):
        with pytest.raises(gradstep.OutOfRange, match="lr"):
            rule.lr = value
    for value in ("0.1", None, [1, 2], b"1", 1j):
        with pytest.raises(TypeError, match=r"lr is .*; it is a number"):
            rule.lr = value
    with pytest.raises(AttributeError, match='nearest: "lr"'):
        rule.lrr = 0.1
    with pytest.raises(AttributeError, match="momentums"):
        rule.momentums  # noqa: B018
    with pytest.raises(gradstep.InvalidArgument, match="nesterov"):
        gradstep.Rule("sgd", nesterov=True).check()


def test_threads_change_one_rule() -> None:
    rule = gradstep.Rule("adamw")

    def change(name: str) -> None:
        for value in range(200):
            rule[name] = value / 200
            rule.check()

    threads = [threading.Thread(target=change, args=(name,)) for name in ("lr", "beta1", "beta2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rule.lr == rule.beta1 == rule.beta2 == 199 / 200


def test_a_schedule_is_a_function_of_numbers_and_arrays() -> None:
    schedule = gradstep.Schedule("cosine", total_steps=10)
    assert schedule(0) == 1.0 and schedule(0, base_lr=0.5) == 0.5 and schedule(10) == 0.0
    steps = np.arange(12).reshape(3, 4)
    rates = schedule(steps, 2.0)
    assert rates.shape == (3, 4) and rates.dtype == np.float64
    assert rates.ravel().tolist() == [schedule(int(t), 2.0) for t in steps.ravel()]
    assert schedule([0, 10]).tolist() == [1.0, 0.0] and schedule(np.float32(5)) == schedule(5)
    with pytest.raises(gradstep.OutOfRange, match="t ="):
        schedule(-1)
    with pytest.raises(TypeError, match="t is"):
        schedule("3")
    with pytest.raises(gradstep.InvalidArgument, match="total_steps"):
        gradstep.Schedule("cosine")(0)


def test_lists_sequences_and_momentum() -> None:
    multistep = gradstep.Schedule("multistep", milestones=[2, 4], gamma=0.5)
    assert multistep.milestones == [2.0, 4.0] and multistep(np.arange(6)).tolist() == (
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    )
    multistep.milestones = np.array([1])
    assert multistep(1) == 0.5
    with pytest.raises(gradstep.Error, match=r"ascending|milestones"):
        multistep.milestones = [3, 1]
    assert multistep.milestones == [1.0]
    sequence = gradstep.Schedule.sequence([gradstep.Schedule("constant"), multistep], [3])
    assert sequence(np.arange(6)).tolist() == [1, 1, 1, 1, 0.5, 0.5]
    assert [length for _, length in sequence.parts] == [3, 0]
    cycle = gradstep.Schedule("one_cycle", total_steps=10, drives_momentum=True)
    assert cycle.momentum(0) == 0.95 and 0.85 <= cycle.momentum([3])[0] < 0.86
    with pytest.raises(gradstep.Unsupported, match="momentum"):
        multistep.momentum(0)
    with pytest.raises(gradstep.InvalidArgument, match="lengths"):
        gradstep.Schedule.sequence([multistep], [1, 2, 3])
    with pytest.raises(gradstep.Error):
        gradstep.Schedule.sequence([], [])
    with pytest.raises(TypeError, match="it is a Schedule"):
        gradstep.Schedule.sequence([3], [])  # type: ignore[list-item]


def test_schedules_compare_copy_and_pickle_by_value() -> None:
    multistep = gradstep.Schedule("multistep", milestones=(2, 4))
    sequence = gradstep.Schedule.sequence([gradstep.Schedule("constant"), multistep], [3])
    nested = gradstep.Schedule.sequence([sequence, multistep], [9])
    for schedule in (multistep, sequence, nested):
        for other in (
            copy.copy(schedule),
            copy.deepcopy(schedule),
            pickle.loads(pickle.dumps(schedule)),
            eval(repr(schedule)),
        ):
            assert other == schedule
            assert (other(np.arange(20.0)) == schedule(np.arange(20.0))).all()
    assert multistep != gradstep.Schedule("multistep", milestones=(2, 5)) and sequence != nested


def test_plot_returns_the_axes() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    schedule = gradstep.Schedule("cosine", total_steps=10)
    axes = schedule.plot(10, 0.5)
    (line,) = axes.lines
    assert line.get_ydata().tolist() == schedule(np.arange(10), 0.5).tolist()
    assert schedule.plot(5, ax=axes) is axes and len(axes.lines) == 2


def test_plateaus_and_loss_scalers() -> None:
    plateau = gradstep.Plateau(0.1, patience=1)
    assert [plateau.report(metric) for metric in (1.0, 1.0, 1.0, math.nan)] == [
        False,
        False,
        True,
        False,
    ]
    assert plateau.lr == pytest.approx(0.01) and plateau.maximizes is False
    other = pickle.loads(pickle.dumps(plateau))
    assert other == plateau and copy.deepcopy(plateau) == plateau
    assert gradstep.Plateau(0.1, maximizes=True).best == -math.inf
    with pytest.raises(gradstep.UnknownName, match="patience"):
        gradstep.Plateau(0.1, patients=3)
    scaler = gradstep.LossScaler(growth_interval=1)
    scaler.update(True)
    assert scaler.scale == 32768.0
    scaler.update(False)
    assert scaler.scale == 65536.0
    scaler.backoff_factor = 2.0
    with pytest.raises(gradstep.OutOfRange, match="backoff_factor"):
        scaler.update(True)
