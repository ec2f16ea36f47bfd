# SPDX-License-Identifier: Apache-2.0
"""The published formulas of rules that need whole tensors, for make_pass_traces.py.

Plain float64 arithmetic of the standard library, written from the formulas and not from the
library's code.
"""

import math


class Tensor:
    def __init__(self, params, shape=None):
        self.p, self.g, self.s, self.shape = params, [], {}, shape

    def average(self, name, decay, new):
        """Updates the exponential moving average `name`, which starts at 0."""
        old = self.s.get(name, [0.0] * len(new))
        self.s[name] = [decay * a + (1 - decay) * b for a, b in zip(old, new)]
        return self.s[name]

    def matrices(self):
        """The index of each element of each matrix, by row and column."""
        m, r, c = self.shape
        return [[[(k * r + i) * c + j for j in range(c)] for i in range(r)] for k in range(m)]


def squares(x):
    return [a * a for a in x]


def norm(x):
    return math.sqrt(math.fsum(squares(x)))


def rms(x):
    return norm(x) / math.sqrt(len(x))


def mean(x):
    return math.fsum(x) / len(x)


def subtract(x, factor, y):
    return [a - factor * b for a, b in zip(x, y)]


# A rule is a function of its hyper-parameters, the step, the tensors with their gradients, and the
# state that all tensors share. It returns True if the step stops, and then has changed nothing.


def nadam(h, t, tensors, s):
    lr, wd = h["lr"], h["weight_decay"]
    mu, mu_next = (h["beta1"] * (1 - 0.5 * 0.96 ** (k * h["momentum_decay"])) for k in (t, t + 1))
    product = s["mu_product"] = s.get("mu_product", 1.0) * mu
    for x in tensors:
        if h["decoupled_weight_decay"]:
            x.p = subtract(x.p, lr * wd, x.p)
        else:
            x.g = [g + wd * p for g, p in zip(x.g, x.p)]
        m = x.average("exp_avg", h["beta1"], x.g)
        v = x.average("exp_avg_sq", h["beta2"], squares(x.g))
        d = [math.sqrt(a / (1 - h["beta2"] ** t)) + h["eps"] for a in v]
        x.p = [p - lr * (1 - mu) / (1 - product) * g / e
               - lr * mu_next / (1 - product * mu_next) * a / e
               for p, g, a, e in zip(x.p, x.g, m, d)]


def schedule_free_adamw(h, t, tensors, s):
    lr = h["lr"] * min(t / h["warmup_steps"], 1) if h["warmup_steps"] else h["lr"]
    s["lr_max"] = max(s.get("lr_max", 0.0), lr)
    weight = t ** h["r"] * s["lr_max"] ** h["weight_lr_power"]
    s["weight_sum"] = s.get("weight_sum", 0.0) + weight
    c = weight / s["weight_sum"]
    for x in tensors:
        z = x.s.setdefault("z", x.p)
        v = x.average("exp_avg_sq", h["beta2"], squares(x.g))
        g = [g / (math.sqrt(a / (1 - h["beta2"] ** t)) + h["eps"]) + h["weight_decay"] * y
             for g, a, y in zip(x.g, v, x.p)]
        x.p = [y + c * (b - y) + lr * (h["beta1"] * (1 - c) - 1) * d for y, b, d in zip(x.p, z, g)]
        x.s["z"] = subtract(z, lr, g)


def move_to_z(x, weight):
    x.p = [p + weight * (z - p) for p, z in zip(x.p, x.s["z"])]


def evaluate(h, x):
    move_to_z(x, 1 - 1 / h["beta1"])


def train(h, x):
    move_to_z(x, 1 - h["beta1"])


def lamb(h, t, tensors, s):
    beta1, beta2, wd = h["beta1"], h["beta2"], h["weight_decay"]
    for x in tensors:
        new = x.g if h["grad_averaging"] else [g / (1 - beta1) for g in x.g]
        m = x.average("exp_avg", beta1, new)
        v = x.average("exp_avg_sq", beta2, squares(x.g))
        u = [a / (1 - beta1**t) / (math.sqrt(b / (1 - beta2**t)) + h["eps"]) + wd * p
             for a, b, p in zip(m, v, x.p)]
        ratio = 1
        if (wd != 0 or h["always_adapt"]) and norm(x.p) != 0 and norm(u) != 0:
            ratio = norm(x.p) / norm(u)
        x.p = subtract(x.p, h["lr"] * ratio, u)


def second_moment(h, w, x):
    """Adafactor's estimate of the mean square of each gradient."""
    squared = [g * g + (h["eps1"] if h["hugging_face"] else 0) for g in x.g]
    if x.shape is None:
        return x.average("variance", 1 - w, squared)
    by_row = [row for matrix in x.matrices() for row in matrix]
    by_column = [column for matrix in x.matrices() for column in zip(*matrix)]
    row_var = iter(x.average("row_var", 1 - w, [mean([squared[i] for i in r]) for r in by_row]))
    col_var = iter(x.average("col_var", 1 - w, [mean([squared[i] for i in c]) for c in by_column]))
    result = []
    for matrix in x.matrices():
        rows = [next(row_var) for _ in matrix]
        columns = [next(col_var) for _ in matrix[0]]
        divisor = mean(rows) if h["hugging_face"] else max(mean(rows), h["eps1"])
        result += [r * c / divisor for r in rows for c in columns]
    return result


def adafactor(h, t, tensors, s):
    rho = h["lr"] if h["hugging_face"] else min(h["lr"], 1 / math.sqrt(t))
    if h["relative_step"]:
        rho = min(1e-6 * t if h["warmup_init"] else 1e-2, 1 / math.sqrt(t))
    floor = 0 if h["hugging_face"] else h["eps1"] ** 2
    for x in tensors:
        v = second_moment(h, t ** h["beta2_decay"], x)
        u = [g / math.sqrt(max(a, floor)) for g, a in zip(x.g, v)]
        alpha = rho * max(h["eps2"], rms(x.p)) if h["scale_parameter"] else rho
        u = [alpha / max(1, rms(u) / h["d"]) * a for a in u]
        if h["beta1"]:
            u = x.average("exp_avg", h["beta1"], u)
        decay = h["weight_decay"] * (alpha if h["hugging_face"] else h["lr"])
        x.p = subtract(subtract(x.p, decay, x.p), 1, u)


def prodigy(h, t, tensors, s):
    beta1, beta2 = h["beta1"], h["beta2"]
    beta3 = h["beta3"] or math.sqrt(beta2)
    correction = math.sqrt(1 - beta2**t) / (1 - beta1**t) if h["bias_correction"] else 1
    d = s.setdefault("d", h["d0"])
    dlr = d * h["lr"] * correction
    weight = d / h["d0"] * dlr
    for x in tensors:
        x.s.setdefault("p0", x.p)
        old = x.s.get("s", [0.0] * len(x.p))
        x.s["s"] = [beta3 * a + weight * g for a, g in zip(old, x.g)]
    denominator = math.fsum(abs(a) for x in tensors for a in x.s["s"])
    if denominator == 0:
        return True
    dot = math.fsum(g * (p0 - p) for x in tensors for g, p0, p in zip(x.g, x.s["p0"], x.p))
    s["d_numerator"] = beta3 * s.get("d_numerator", 0.0) + weight * dot
    d_hat = h["d_coef"] * s["d_numerator"] / denominator
    new_d = max(d, d_hat) if d == h["d0"] else d
    s["d_max"] = max(s.get("d_max", h["d0"]), d_hat)
    s["d"] = min(s["d_max"], new_d * (h["growth_rate"] or math.inf))
    for x in tensors:
        m = x.average("exp_avg", beta1, [d * g for g in x.g])
        v = x.average("exp_avg_sq", beta2, [d * d * g * g for g in x.g])
        u = [a / (math.sqrt(b) + s["d"] * h["eps"]) for a, b in zip(m, v)]
        x.p = subtract(subtract(x.p, h["weight_decay"] * dlr, x.p), dlr, u)
    return False
