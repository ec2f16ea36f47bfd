# SPDX-License-Identifier: Apache-2.0
"""The rules from their papers and the functions, in plain double, to compare the programs with.
A rule is a generator for one coordinate: it takes (x, g) and yields the new x."""
from math import sqrt


def sgd(lr=1e-3, momentum=0, dampening=0, nesterov=0, weight_decay=0, maximize=0,
        lr_in_velocity=0):
    b = None
    x, g = yield
    while True:
        g = (-g if maximize else g) + weight_decay * x
        if lr_in_velocity:
            b = momentum * (b or 0) + lr * g
            change = momentum * b + lr * g if nesterov else b
        else:
            b = g if b is None else momentum * b + (1 - dampening) * g
            change = lr * (g + momentum * b if nesterov else b)
        x, g = yield x - change


def adagrad(lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10,
            eps_inside=0):
    s, t = initial_accumulator_value, 0
    x, g = yield
    while True:
        g += weight_decay * x
        s += g * g
        root = sqrt(s + eps) if eps_inside else sqrt(s) + eps
        x, g = yield x - lr / (1 + t * lr_decay) * g / root
        t += 1


def rmsprop(lr=1e-2, alpha=0.99, eps=1e-8, momentum=0, centered=0, weight_decay=0, eps_inside=0):
    v = a = b = 0
    x, g = yield
    while True:
        g += weight_decay * x
        v = alpha * v + (1 - alpha) * g * g
        a = alpha * a + (1 - alpha) * g
        d = max(v - a * a, 0) if centered else v
        b = momentum * b + g / (sqrt(d + eps) if eps_inside else sqrt(d) + eps)
        x, g = yield x - lr * b


def adadelta(lr=1, rho=0.9, eps=1e-6, weight_decay=0):
    s = u = 0
    x, g = yield
    while True:
        g += weight_decay * x
        s = rho * s + (1 - rho) * g * g
        d = sqrt(u + eps) / sqrt(s + eps) * g
        u = rho * u + (1 - rho) * d * d
        x, g = yield x - lr * d


def sign(x):
    return (x > 0) - (x < 0)


def adam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0, amsgrad=0, eps_hat=0,
         l1_penalty=0, decay_after_step=0, decoupled=False):
    m = v = largest = t = 0
    x, g = yield
    while True:
        t += 1
        g += l1_penalty * sign(x)
        if not decoupled:
            g += weight_decay * x
        elif not decay_after_step:
            x -= lr * weight_decay * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        largest = max(largest, v)
        used = largest if amsgrad else v
        m_hat, c2 = m / (1 - beta1**t), 1 - beta2**t
        if eps_hat:
            x -= lr * sqrt(c2) * m_hat / (sqrt(used) + eps)
        else:
            x -= lr * m_hat / (sqrt(used / c2) + eps)
        if decay_after_step:
            x -= lr * weight_decay * x
        x, g = yield x


def adamw(weight_decay=1e-2, **settings):
    return adam(weight_decay=weight_decay, decoupled=True, **settings)


FUNCTIONS = {
    "ellipse": lambda x1, x2: 0.1 * x1**2 + 2 * x2**2,
    "bowl": lambda x1, x2: x1**2 + 2 * x2**2,
    "rosenbrock": lambda x1, x2: (1 - x1)**2 + 100 * (x2 - x1**2)**2,
}

GRADIENTS = {
    "ellipse": lambda x1, x2: (0.2 * x1, 4 * x2),
    "bowl": lambda x1, x2: (2 * x1, 4 * x2),
    "rosenbrock": lambda x1, x2: (2 * (x1 - 1) - 400 * x1 * (x2 - x1**2), 200 * (x2 - x1**2)),
}


def descend(rule, settings, function="ellipse", start=(-5, -2), steps=20):
    """The path: steps + 1 points, beginning with the start."""
    path = [tuple(map(float, start))]
    coordinates = [globals()[rule](**settings) for _ in start]
    for coordinate in coordinates:
        next(coordinate)
    for _ in range(steps):
        gradient = GRADIENTS[function](*path[-1])
        path.append(tuple(c.send(xg) for c, xg in zip(coordinates, zip(path[-1], gradient))))
    return path
