#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes traces.txt: what each rule's published formula makes of the same params and gradients.
make_pass_traces.py has the rules that need whole tensors.

    python3 make_traces.py > traces.txt

Plain float64 arithmetic of the standard library, one element at a time, written from the formulas
in the rules' papers and not from the library's code. The lines of traces.txt, all numbers in C99
hex:

    count N / steps T             elements, and steps of every case
    start p...                    the params before the first step
    grad t g...                   the gradients of step t, the same for every case
    case NAME RULE key=value...   begins a case; options not named are at their defaults
    param t p...                  the params after step t
"""

import math
import random

COUNT = 23
STEPS = 20


def sgd(h, t, p, g, s):
    mu = h["momentum"]
    g += h["weight_decay"] * p
    if mu == 0:
        return p - h["lr"] * g
    if h["lr_in_velocity"]:
        s["b"] = mu * s.get("b", 0.0) + h["lr"] * g
        return p - (mu * s["b"] + h["lr"] * g if h["nesterov"] else s["b"])
    s["b"] = g if t == 1 else mu * s["b"] + (1 - h["dampening"]) * g
    return p - h["lr"] * (g + mu * s["b"] if h["nesterov"] else s["b"])


def adagrad(h, t, p, g, s):
    g += h["weight_decay"] * p
    s["sum"] = s.get("sum", h["initial_accumulator_value"]) + g * g
    rate = h["lr"] / (1 + (t - 1) * h["lr_decay"])
    return p - rate * g / root(s["sum"], h)


def rmsprop(h, t, p, g, s):
    g += h["weight_decay"] * p
    alpha = h["alpha"]
    s["v"] = alpha * s.get("v", 0.0) + (1 - alpha) * g * g
    d = s["v"]
    if h["centered"]:
        s["a"] = alpha * s.get("a", 0.0) + (1 - alpha) * g
        d = max(s["v"] - s["a"] ** 2, 0.0)
    u = g / root(d, h)
    if h["momentum"] == 0:
        return p - h["lr"] * u
    s["b"] = h["momentum"] * s.get("b", 0.0) + u
    return p - h["lr"] * s["b"]


def adadelta(h, t, p, g, s):
    g += h["weight_decay"] * p
    rho, eps = h["rho"], h["eps"]
    s["s"] = rho * s.get("s", 0.0) + (1 - rho) * g * g
    d = math.sqrt(s.get("u", 0.0) + eps) / math.sqrt(s["s"] + eps) * g
    s["u"] = rho * s.get("u", 0.0) + (1 - rho) * d * d
    return p - h["lr"] * d


def adam_moments(h, t, p, g, s):
    s["m"] = h["beta1"] * s.get("m", 0.0) + (1 - h["beta1"]) * g
    s["v"] = h["beta2"] * s.get("v", 0.0) + (1 - h["beta2"]) * g * g
    s["x"] = max(s.get("x", 0.0), s["v"])
    second = s["x"] if h["amsgrad"] else s["v"]
    c1, c2 = 1 - h["beta1"] ** t, 1 - h["beta2"] ** t
    if h["eps_hat"]:
        return p - h["lr"] * math.sqrt(c2) / c1 * s["m"] / (math.sqrt(second) + h["eps"])
    return p - h["lr"] / c1 * s["m"] / (math.sqrt(second) / math.sqrt(c2) + h["eps"])


def adam(h, t, p, g, s):
    return adam_moments(h, t, p, g + h["weight_decay"] * p, s)


def adamw(h, t, p, g, s):
    return adam_moments(h, t, (1 - h["lr"] * h["weight_decay"]) * p, g, s)


def root(d, h):
    return math.sqrt(d + h["eps"]) if h["eps_inside"] else math.sqrt(d) + h["eps"]


# The published defaults, written here so that the test finds a wrong default in the library.
RULES = {
    sgd: dict(lr=1e-3, momentum=0, dampening=0, nesterov=0, weight_decay=0, lr_in_velocity=0),
    adagrad: dict(lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10,
                  eps_inside=0),
    rmsprop: dict(lr=1e-2, alpha=0.99, eps=1e-8, momentum=0, centered=0, weight_decay=0,
                  eps_inside=0),
    adadelta: dict(lr=1, rho=0.9, eps=1e-6, weight_decay=0),
    adam: dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0, amsgrad=0, eps_hat=0),
    adamw: dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2, amsgrad=0,
                eps_hat=0),
}

CASES = [
    ("sgd_defaults", sgd, {}),
    ("sgd_dampening", sgd, dict(lr=0.05, momentum=0.9, dampening=0.25, weight_decay=0.02)),
    ("sgd_textbook_momentum", sgd, dict(lr=0.05, momentum=0.8, lr_in_velocity=1)),
    ("sgd_textbook_nesterov", sgd, dict(lr=0.03, momentum=0.8, lr_in_velocity=1, nesterov=1,
                                        weight_decay=0.01)),
    ("adagrad_defaults", adagrad, {}),
    ("adagrad_textbook", adagrad, dict(lr=0.1, eps=1e-6, eps_inside=1, weight_decay=0.05)),
    ("adagrad_accumulator", adagrad, dict(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)),
    ("rmsprop_defaults", rmsprop, {}),
    ("rmsprop_textbook", rmsprop, dict(lr=0.02, alpha=0.9, eps=1e-6, eps_inside=1)),
    ("rmsprop_centered_momentum", rmsprop, dict(lr=0.01, alpha=0.9, eps=1e-2, centered=1,
                                                momentum=0.7, weight_decay=0.03)),
    ("rmsprop_centered_inside", rmsprop, dict(lr=0.01, alpha=0.95, eps=1e-3, centered=1,
                                              eps_inside=1)),
    ("adadelta_defaults", adadelta, {}),
    ("adadelta_textbook", adadelta, dict(rho=0.95, eps=1e-5, weight_decay=0.01)),
    ("adam_defaults", adam, {}),
    ("adam_eps_hat", adam, dict(lr=0.01, eps=1e-3, eps_hat=1, weight_decay=0.02)),
    ("adam_amsgrad", adam, dict(lr=0.02, beta1=0.8, beta2=0.9, amsgrad=1)),
    ("adamw_defaults", adamw, {}),
    ("adamw_eps_hat_amsgrad", adamw, dict(lr=0.02, beta2=0.95, eps=1e-4, eps_hat=1, amsgrad=1,
                                          weight_decay=0.1)),
]


def line(*words):
    print(*(w.hex() if isinstance(w, float) else w for w in words))


def short_random(source, scale):
    """A normal number that float32 holds exactly too."""
    return scale * round(source.gauss(0, 1) * 2**16) / 2**16


def main():
    source = random.Random(2026)
    start = [short_random(source, 1.0) for _ in range(COUNT)]
    grads = [[short_random(source, 0.5 + 0.125 * (i % 5)) for i in range(COUNT)]
             for _ in range(STEPS)]
    line("count", COUNT)
    line("steps", STEPS)
    line("start", *start)
    for t, gradients in enumerate(grads, 1):
        line("grad", t, *gradients)
    for name, rule, options in CASES:
        h = RULES[rule] | options
        line("case", name, rule.__name__, *(f"{k}={float(v).hex()}" for k, v in options.items()))
        params, states = list(start), [{} for _ in start]
        for t, gradients in enumerate(grads, 1):
            params = [rule(h, t, p, g, s) for p, g, s in zip(params, gradients, states)]
            line("param", t, *params)


if __name__ == "__main__":
    main()
