#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes schedules.json: the learning rates, and momenta, that PyTorch's schedulers set.

    python3 record_schedules.py > schedules.json       needs PyTorch

Takes PyTorch's closed forms where they exist: its recursive forms add up rounding errors.
"""

import json
import math
import warnings

import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")


def optimizer(lr):
    return torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=lr, momentum=0.5)


def closed(make, ts):
    """[t, lr] of a scheduler with a closed form."""
    scheduler = make(optimizer(BASE))
    points = []
    for t in ts:
        scheduler.last_epoch = t
        points.append([t, scheduler._get_closed_form_lr()[0]])
    return points


def stepped(make, count, with_momentum=False):
    """[t, lr] or [t, lr, momentum] of a scheduler that is stepped `count` times."""
    target = optimizer(BASE)
    scheduler = make(target)
    points = []
    for t in range(count):
        group = target.param_groups[0]
        points.append([t, group["lr"]] + ([group["momentum"]] if with_momentum else []))
        target.step()
        if t + 1 < count:
            scheduler.step()
    return points


def fractional(make, ts):
    target = optimizer(BASE)
    scheduler = make(target)
    points = []
    for t in ts:
        scheduler.step(t)
        points.append([t, target.param_groups[0]["lr"]])
    return points


BASE = 0.3
FAR = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 15, 20, 25, 29, 30, 31, 39, 40, 41, 60, 99, 100, 1000]
L = lr_scheduler


def closed_cases():
    def case(schedule, values, make, ts=FAR):
        return {"schedule": schedule, "values": values, "points": closed(make, ts)}

    yield case("constant", {"factor": 0.5, "total_steps": 4},
               lambda o: L.ConstantLR(o, factor=0.5, total_iters=4))
    yield case("constant", {"factor": 1 / 3, "total_steps": 5}, lambda o: L.ConstantLR(o))
    yield case("step", {"step_size": 10}, lambda o: L.StepLR(o, 10))
    yield case("step", {"step_size": 1, "gamma": 0.9}, lambda o: L.StepLR(o, 1, 0.9))
    yield case("multistep", {"milestones": [3, 10, 10, 30], "gamma": 0.4},
               lambda o: L.MultiStepLR(o, [3, 10, 10, 30], 0.4))
    yield case("multistep", {"milestones": []}, lambda o: L.MultiStepLR(o, []))
    yield case("exponential", {"gamma": 0.97}, lambda o: L.ExponentialLR(o, 0.97))
    yield case("exponential", {"gamma": 1.01}, lambda o: L.ExponentialLR(o, 1.01))
    yield case("linear", {}, lambda o: L.LinearLR(o))
    yield case("linear", {"start_factor": 0.05, "end_factor": 0.9, "total_steps": 40},
               lambda o: L.LinearLR(o, 0.05, 0.9, 40))
    yield case("linear", {"start_factor": 1, "end_factor": 0, "total_steps": 1},
               lambda o: L.LinearLR(o, 1.0, 0.0, 1))
    # With another power, the closed form raises the base rate to that power too: see stepped_cases.
    yield case("polynomial", {"total_steps": 30}, lambda o: L.PolynomialLR(o, 30, 1.0))
    yield case("cosine", {"total_steps": 30, "end_lr": 0.01},
               lambda o: L.CosineAnnealingLR(o, 30, 0.01), [t for t in FAR if t <= 30])
    yield case("cosine", {"total_steps": 1}, lambda o: L.CosineAnnealingLR(o, 1), [0, 1])


def stepped_cases():
    def case(schedule, values, make, count=90, with_momentum=False):
        return {"schedule": schedule, "values": values,
                "points": stepped(make, count, with_momentum)}

    yield case("polynomial", {"total_steps": 30, "power": 2},
               lambda o: L.PolynomialLR(o, 30, 2.0), 40)
    yield case("cosine_restarts", {"period": 7}, lambda o: L.CosineAnnealingWarmRestarts(o, 7))
    yield case("cosine_restarts", {"period": 3, "period_factor": 2, "end_lr": 0.02},
               lambda o: L.CosineAnnealingWarmRestarts(o, 3, 2, 0.02), 200)
    yield case("cosine_restarts", {"period": 1, "period_factor": 3},
               lambda o: L.CosineAnnealingWarmRestarts(o, 1, 3), 130)
    for three_phase in (0, 1):
        for linear in (0, 1):
            for total, fraction in ((50, 0.3), (20, 0.45), (7, 0.25), (2, 0.3), (1, 0.3)):
                yield case("one_cycle",
                           {"total_steps": total, "warmup_fraction": fraction,
                            "three_phase": three_phase, "linear_anneal": linear,
                            "drives_momentum": 1},
                           lambda o: L.OneCycleLR(
                               o, BASE, total_steps=total, pct_start=fraction,
                               three_phase=bool(three_phase),
                               anneal_strategy="linear" if linear else "cos"),
                           total, True)
    yield case("one_cycle", {"total_steps": 30, "start_divisor": 10, "final_divisor": 100,
                             "warmup_fraction": 1, "drives_momentum": 1, "base_momentum": 0.7,
                             "max_momentum": 0.8},
               lambda o: L.OneCycleLR(o, BASE, total_steps=30, div_factor=10, final_div_factor=100,
                                      pct_start=1.0, base_momentum=0.7, max_momentum=0.8), 30, True)
    for up, down, extra, mode in ((5, 0, {}, "triangular"), (4, 9, {"halves": 1}, "triangular2"),
                                  (6, 2, {"gamma": 0.98}, "exp_range")):
        yield case("cyclic", {"max_lr": 0.9, "up_steps": up, "down_steps": down,
                              "drives_momentum": 1, **extra},
                   lambda o: L.CyclicLR(o, BASE, 0.9, up, down or None, mode,
                                        extra.get("gamma", 1.0)), 90, True)


def warmup_cases():
    """A linear warm-up before another schedule: PyTorch's SequentialLR."""
    def case(schedule, values, make, count=40):
        return {"schedule": schedule, "values": {"warmup_steps": 5, "warmup_begin_lr": 0.1 * BASE,
                                                 **values},
                "points": stepped(lambda o: L.SequentialLR(
                    o, [L.LinearLR(o, 0.1, 1.0, 5), make(o)], [5]), count)}

    yield case("cosine", {"total_steps": 30}, lambda o: L.CosineAnnealingLR(o, 30), 36)
    yield case("step", {"step_size": 7}, lambda o: L.StepLR(o, 7))
    yield case("exponential", {"gamma": 0.9}, lambda o: L.ExponentialLR(o, 0.9))


def sequence_cases():
    parts = [{"schedule": "constant", "values": {"factor": 0.1, "total_steps": 1000}, "steps": 4},
             {"schedule": "exponential", "values": {"gamma": 0.9}, "steps": 9},
             {"schedule": "step", "values": {"step_size": 3, "gamma": 0.5}, "steps": 0}]
    yield {"parts": parts,
           "points": stepped(lambda o: L.SequentialLR(
               o, [L.ConstantLR(o, 0.1, 1000), L.ExponentialLR(o, 0.9), L.StepLR(o, 3, 0.5)],
               [4, 13]), 40)}


def fractional_cases():
    ts = [0, 0.25, 2.5, 2.999, 3.5, 8.75, 9.5, 20.25, 21.5, 44, 100.125]
    yield {"schedule": "cosine_restarts", "values": {"period": 3, "period_factor": 2},
           "points": fractional(lambda o: L.CosineAnnealingWarmRestarts(o, 3, 2), ts)}
    yield {"schedule": "cosine_restarts", "values": {"period": 4},
           "points": fractional(lambda o: L.CosineAnnealingWarmRestarts(o, 4), ts)}


def plateau_cases():
    metrics = [10.0, 9.0, 9.5, 8.9995, 8.9, 9, 9, 9, 9, 9, 8.899, 8.0, math.nan, 8, 8, 8, 7.9999,
               7.9998, 7.9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6]
    settings = [{}, {"patience": 2}, {"patience": 0, "factor": 0.5},
                {"patience": 1, "cooldown": 3, "min_lr": 0.02},
                {"patience": 2, "threshold": 0.5, "threshold_mode": "abs"},
                {"patience": 2, "threshold": 0.05}, {"patience": 1, "eps": 0.01},
                {"patience": 2, "mode": "max", "cooldown": 1},
                {"patience": 1, "mode": "max", "threshold": 0.3, "threshold_mode": "abs"}]
    for values in settings:
        target = optimizer(BASE)
        scheduler = L.ReduceLROnPlateau(target, **values)
        states = []
        for metric in metrics:
            scheduler.step(metric)
            states.append([target.param_groups[0]["lr"], scheduler.best, scheduler.num_bad_epochs,
                           scheduler.cooldown_counter])
        yield {"values": values, "states": states,
               "metrics": [None if math.isnan(m) else m for m in metrics]}


def lines(name, cases):
    return f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"


def main():
    schedules = [*closed_cases(), *stepped_cases(), *warmup_cases(), *sequence_cases(),
                 *fractional_cases()]
    print(f'{{"source": "PyTorch {torch.__version__}, record_schedules.py", "base_lr": {BASE},')
    print(lines("schedules", schedules) + ",")
    print(lines("plateaus", plateau_cases()) + "}")


if __name__ == "__main__":
    main()
